//! Messages as they come, and the retained values of a moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use fleetfold_schemas::topic::{Topic, matches};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{OperatorClient, driver::Request, error::SubscribeError};

/// Messages that wait to be read: a burst of statuses of a large fleet. Whoever falls behind further is told so, rather
/// than that all others wait.
const WAITING_MAX: usize = 65_536;
/// The time after which nothing more is expected, if the broker does not tell (see `collect_retained`).
const QUIET: Duration = Duration::from_secs(3);

/// A message as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Bytes,
    /// The value that was there before, not news.
    pub retained: bool,
}

/// Why no more messages come.
pub type SubscriptionEnd = SubscribeError;

/// Messages on one filter, over reconnections: after one, retained values come again. Ends when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    messages: mpsc::Receiver<Message>,
    end: Arc<OnceLock<SubscriptionEnd>>,
    requests: mpsc::UnboundedSender<Request>,
}

/// The driver's side of a subscription.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) filter: String,
    pub(super) sink: mpsc::Sender<Message>,
    end: Arc<OnceLock<SubscriptionEnd>>,
    granted: Option<oneshot::Sender<Result<(), SubscribeError>>>,
}

impl Active {
    /// SUBACK has come.
    pub(super) fn is_granted(&mut self) {
        if let Some(granted) = self.granted.take() {
            let _ = granted.send(Ok(()));
        }
    }

    /// False if it must end because nobody reads fast enough.
    pub(super) fn deliver(&self, message: &Message) -> bool {
        !matches!(
            self.sink.try_send(message.clone()),
            Err(mpsc::error::TrySendError::Full(_))
        )
    }

    pub(super) fn end(self, why: SubscriptionEnd) {
        match self.granted {
            Some(granted) => {
                let _ = granted.send(Err(why));
            }
            None => {
                self.end.get_or_init(|| why);
            }
        }
    }
}

impl Subscription {
    /// The next message; waits while there is no connection.
    pub async fn next(&mut self) -> Result<Message, SubscriptionEnd> {
        match self.messages.recv().await {
            Some(message) => Ok(message),
            None => Err(self.end.get().cloned().unwrap_or(SubscribeError::Closed)),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.messages.close();
        // Without a driver there is no subscription either.
        let _ = self.requests.send(Request::Prune);
    }
}

impl OperatorClient {
    /// Subscribes at QoS 1 and waits for the broker's consent.
    pub async fn subscribe(
        &self,
        filter: impl Into<String>,
    ) -> Result<Subscription, SubscribeError> {
        let filter = filter.into();
        if !rumqttc::valid_filter(&filter) {
            return Err(SubscribeError::Refused {
                filter,
                reason: "not a valid topic filter".to_owned(),
            });
        }
        let (sink, messages) = mpsc::channel(WAITING_MAX);
        let (granted, answer) = oneshot::channel();
        let end = Arc::default();
        let active = Active {
            filter: filter.clone(),
            sink,
            end: Arc::clone(&end),
            granted: Some(granted),
        };
        self.requests
            .send(Request::Subscribe(active))
            .map_err(|_| SubscribeError::Closed)?;
        let subscription = Subscription {
            messages,
            end,
            requests: self.requests.clone(),
        };
        match timeout(self.reply_timeout, answer).await {
            Ok(answer) => answer.unwrap_or(Err(SubscribeError::Closed))?,
            Err(_) => {
                return Err(SubscribeError::NoAnswer {
                    filter,
                    after: self.reply_timeout,
                });
            }
        }
        Ok(subscription)
    }

    /// The retained values of all topics that match, by topic.
    ///
    /// MQTT does not say when the last of them has come. So this subscribes to `fleet/summary` behind the filter: brokers
    /// answer subscriptions one after the other, ours and mosquitto among them, and the engine retains a summary as soon
    /// as it runs, so its value marks the end. Where it does not come, or the filter itself matches it, the end is when
    /// nothing has come for three seconds.
    pub async fn collect_retained(
        &self,
        filter: impl Into<String>,
    ) -> Result<Vec<Message>, SubscribeError> {
        let filter = filter.into();
        let marker_topic = Topic::FleetSummary.to_string();
        let is_marked = !matches(&filter, &marker_topic);
        let mut values = self.subscribe(filter).await?;
        let mut marker = match is_marked {
            true => Some(self.subscribe(marker_topic).await?),
            false => None,
        };
        let mut by_topic = BTreeMap::new();
        loop {
            let marked = async {
                match &mut marker {
                    Some(marker) => marker.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                value = values.next() => {
                    let value = value?;
                    by_topic.insert(value.topic.clone(), value);
                }
                mark = marked => {
                    // An update is no answer to the subscription.
                    if mark?.retained {
                        break;
                    }
                }
                () = tokio::time::sleep(QUIET) => break,
            }
        }
        // What came before the marker was handed over before it, too.
        while let Ok(value) = values.messages.try_recv() {
            by_topic.insert(value.topic.clone(), value);
        }
        // An empty value takes the topic's value away.
        by_topic.retain(|_, value| !value.payload.is_empty());
        Ok(by_topic.into_values().collect())
    }
}
