//! The one task that owns the connection, and renews it.
//!
//! rumqttc reconnects by itself, but forgets subscriptions and, with a clean session, what was not acknowledged. So each
//! of its event loops serves one connection here; what must survive is in `Outbox` and `subscriptions`, and is given to
//! the next one again, in the same order.

mod link;
mod outbox;

use std::time::Duration;

use bytes::Bytes;
use fleetfold_schemas::{
    command::{Outcome, Reply},
    topic::{OperatorTopic, Topic, matches},
};
use rumqttc::{
    Outgoing as Sent,
    v5::{
        AsyncClient, ConnectionError, Event,
        mqttbytes::v5::{Packet, PubAck, PubAckReason, Publish, SubAck, SubscribeReasonCode},
    },
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Refused,
    connect::ConnectOptions,
    error::{CommandError, ConnectError, LoginRefusal, SubscribeError, UploadError},
    subscription::{Active, Message},
};
use link::{Item, Link};
use outbox::Outbox;
pub(super) use outbox::{Outgoing, Waiting};

/// A broker that restarts is back within a moment; a shorter wait would only make noise.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
/// So that an operator never waits much longer than the outage lasts.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// What callers ask of the task.
#[derive(Debug)]
pub(super) enum Request {
    Publish(Outgoing),
    Subscribe(Active),
    /// A subscription was dropped.
    Prune,
    /// Where refusals of an upload go from now on.
    UploadRefusals(mpsc::UnboundedSender<Refused>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Driver {
    options: ConnectOptions,
    client_id: String,
    reply_topic: String,
    requests: mpsc::UnboundedReceiver<Request>,
    outbox: Outbox,
    subscriptions: Vec<Active>,
    upload_refusals: Option<mpsc::UnboundedSender<Refused>>,
    is_connected: watch::Sender<bool>,
    /// Until the first login is complete.
    ready: Option<oneshot::Sender<Result<(), ConnectError>>>,
    /// Whom to tell when it is over.
    closing: Option<Closing>,
    backoff: Duration,
}

struct Closing(Option<oneshot::Sender<()>>);

/// Why a connection is over.
enum Ended {
    Closed,
    Lost(ConnectionError),
    RepliesRefused(String),
}

impl Driver {
    pub(super) fn new(
        options: ConnectOptions,
        requests: mpsc::UnboundedReceiver<Request>,
        is_connected: watch::Sender<bool>,
        ready: oneshot::Sender<Result<(), ConnectError>>,
    ) -> Result<Self, ConnectError> {
        // Two clients of one name would throw each other out for ever.
        let client_id = super::new_command_id().map_err(|_| ConnectError::Closed)?;
        let client_id = format!("fleetfold-{client_id}");
        // A wrong address is the caller's error, not the connection's.
        options.to_mqtt(&client_id, link::PACKET_IDS)?;
        let reply_topic = Topic::Operator(options.operator.clone(), OperatorTopic::Reply);
        Ok(Self {
            reply_topic: reply_topic.to_string(),
            options,
            client_id,
            requests,
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            upload_refusals: None,
            is_connected,
            ready: Some(ready),
            closing: None,
            backoff: BACKOFF_MIN,
        })
    }

    pub(super) async fn run(mut self) {
        loop {
            let ended = self.connection().await;
            self.is_connected.send_replace(false);
            match ended {
                Ended::Closed => break,
                Ended::RepliesRefused(reason) => self.fail_first(ConnectError::RepliesRefused {
                    broker: self.options.broker.clone(),
                    operator: self.options.operator.to_string(),
                    reason,
                }),
                Ended::Lost(error) => {
                    tracing::debug!(%error, "connection lost");
                    let refusal = match &error {
                        ConnectionError::ConnectionRefused(code) => Some((*code).into()),
                        _ => None,
                    };
                    self.fail_first(self.options.error(error));
                    if let Some(refusal) = refusal.filter(|why: &LoginRefusal| !why.is_temporary())
                    {
                        self.log_out(&refusal);
                        break;
                    }
                }
            }
            if self.closing.is_some() || !self.pause().await {
                break;
            }
        }
        if let Some(Closing(Some(done))) = self.closing {
            // Nobody has to wait for it.
            let _ = done.send(());
        }
    }

    /// Ends it all if this was the first connection.
    fn fail_first(&mut self, error: ConnectError) {
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(Err(error));
            self.closing = Some(Closing(None));
        }
    }

    /// Waits before the next connection; false when there shall be none.
    async fn pause(&mut self) -> bool {
        let wait = tokio::time::sleep(self.backoff);
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => return true,
                request = self.requests.recv() => self.on_request(request, None),
            }
            if self.closing.is_some() {
                return false;
            }
        }
    }

    async fn connection(&mut self) -> Ended {
        let options = self.options.to_mqtt(&self.client_id, link::PACKET_IDS);
        let options = options.expect("the address was read when the driver was made");
        let (client, mut events) = AsyncClient::new(options, link::HANDED_MAX);
        let mut link = Link::new(client);
        loop {
            let event = {
                // Polling is not safe to cancel: what it was writing would be lost.
                let poll = events.poll();
                tokio::pin!(poll);
                loop {
                    tokio::select! {
                        event = &mut poll => break event,
                        request = self.requests.recv(), if self.closing.is_none() => {
                            self.on_request(request, Some(&mut link));
                            // Without a connection there is nothing to take leave from.
                            if self.closing.is_some() && !link.is_open() {
                                return Ended::Closed;
                            }
                        }
                    }
                }
            };
            let ended = match event {
                Ok(Event::Incoming(packet)) => self.on_packet(packet, &mut link).err(),
                Ok(Event::Outgoing(Sent::Disconnect)) => Some(Ended::Closed),
                Ok(Event::Outgoing(
                    Sent::Publish(id) | Sent::Subscribe(id) | Sent::Unsubscribe(id),
                )) => {
                    link.sent(id);
                    None
                }
                Ok(Event::Outgoing(_)) => None,
                Err(_) if self.closing.is_some() => Some(Ended::Closed),
                Err(error) => Some(Ended::Lost(error)),
            };
            if let Some(ended) = ended {
                return ended;
            }
            link.pump(&mut self.outbox);
        }
    }

    fn on_request(&mut self, request: Option<Request>, link: Option<&mut Link>) {
        let item = match request {
            Some(Request::Publish(outgoing)) => Some(Item::Publish(self.outbox.add(outgoing))),
            Some(Request::Subscribe(active)) => {
                let filter = active.filter.clone();
                self.subscriptions.push(active);
                Some(Item::Subscribe(filter))
            }
            Some(Request::Prune) => {
                let mut gone = Vec::new();
                self.subscriptions.retain(|active| {
                    let is_closed = active.sink.is_closed();
                    if is_closed {
                        gone.push(active.filter.clone());
                    }
                    !is_closed
                });
                gone.retain(|filter| !self.holds(filter));
                if let Some(link) = link {
                    link.push(gone.into_iter().map(Item::Unsubscribe), &mut self.outbox);
                }
                return;
            }
            Some(Request::UploadRefusals(to)) => {
                self.upload_refusals = Some(to);
                return;
            }
            Some(Request::Close(done)) => {
                self.closing = Some(Closing(Some(done)));
                None
            }
            // The last client was dropped.
            None => {
                self.closing = Some(Closing(None));
                None
            }
        };
        if let Some(link) = link {
            link.push(item, &mut self.outbox);
            if self.closing.is_some() {
                link.disconnect();
            }
        }
    }

    fn holds(&self, filter: &str) -> bool {
        self.subscriptions.iter().any(|held| held.filter == filter)
    }

    fn on_packet(&mut self, packet: Packet, link: &mut Link) -> Result<(), Ended> {
        match packet {
            Packet::ConnAck(_) => self.on_open(link),
            Packet::PubAck(ack) => {
                if let Some(Item::Publish(number)) = link.acknowledged(ack.pkid) {
                    self.outbox.acknowledged(number, refusal(&ack));
                }
            }
            Packet::SubAck(ack) => {
                if let Some(Item::Subscribe(filter)) = link.acknowledged(ack.pkid) {
                    self.on_subscribed(&filter, &ack)?;
                }
            }
            Packet::UnsubAck(ack) => {
                link.acknowledged(ack.pkid);
            }
            Packet::Publish(publish) => self.on_publish(publish),
            _ => {}
        }
        Ok(())
    }

    /// Says everything again that the new connection does not know.
    fn on_open(&mut self, link: &mut Link) {
        link.open();
        // First, so that no answer is missed.
        let mut filters = vec![self.reply_topic.clone()];
        for active in &self.subscriptions {
            if !filters.contains(&active.filter) {
                filters.push(active.filter.clone());
            }
        }
        let numbers = self.outbox.numbers();
        let items = filters.into_iter().map(Item::Subscribe);
        let items = items.chain(numbers.into_iter().map(Item::Publish));
        link.replace(items, &mut self.outbox);
    }

    fn on_subscribed(&mut self, filter: &str, ack: &SubAck) -> Result<(), Ended> {
        let refused = match ack.return_codes.first() {
            Some(SubscribeReasonCode::Success(_)) => None,
            Some(reason) => Some(format!("{reason:?}")),
            None => Some("an empty answer".to_owned()),
        };
        if filter == self.reply_topic {
            if let Some(reason) = refused {
                return Err(Ended::RepliesRefused(reason));
            }
            self.backoff = BACKOFF_MIN;
            self.is_connected.send_replace(true);
            if let Some(ready) = self.ready.take() {
                // Whoever connected may have lost patience.
                let _ = ready.send(Ok(()));
            }
        } else if let Some(reason) = refused {
            let error = SubscribeError::Refused {
                filter: filter.to_owned(),
                reason,
            };
            self.end_subscriptions(|active| active.filter == filter, &error);
        } else {
            for active in &mut self.subscriptions {
                if active.filter == filter {
                    active.is_granted();
                }
            }
        }
        Ok(())
    }

    fn end_subscriptions(&mut self, which: impl Fn(&Active) -> bool, why: &SubscribeError) {
        for active in self.subscriptions.extract_if(.., |active| which(active)) {
            active.end(why.clone());
        }
    }

    fn on_publish(&mut self, publish: Publish) {
        let Ok(topic) = String::from_utf8(publish.topic.into()) else {
            return;
        };
        if topic == self.reply_topic {
            self.on_reply(&publish.payload);
        }
        let message = Message {
            topic,
            payload: publish.payload,
            retained: publish.retain,
        };
        for active in self.subscriptions.extract_if(.., |active| {
            matches(&active.filter, &message.topic) && !active.deliver(&message)
        }) {
            let filter = active.filter.clone();
            active.end(SubscribeError::Lagged { filter });
        }
    }

    fn on_reply(&mut self, payload: &Bytes) {
        // Not ours to complain about: the engine's replies are readable, and nobody else may publish here.
        let Ok(reply) = serde_json::from_slice::<Reply>(payload) else {
            return;
        };
        match (reply.id, reply.outcome) {
            (Some(id), outcome) => self.outbox.answered(&id, outcome),
            (None, Outcome::Rejected { code, message }) => {
                let is_of_upload = reply.command.is_some_and(|command| command == "upload");
                if let Some(refusals) = self.upload_refusals.as_ref().filter(|_| is_of_upload) {
                    // No upload waits any more.
                    let _ = refusals.send(Refused { code, message });
                }
            }
            (None, Outcome::Accepted { .. }) => {}
        }
    }

    fn log_out(&mut self, refusal: &LoginRefusal) {
        self.outbox.fail(
            &CommandError::LoggedOut(refusal.clone()),
            &UploadError::LoggedOut(refusal.clone()),
        );
        self.end_subscriptions(|_| true, &SubscribeError::LoggedOut(refusal.clone()));
    }
}

/// What a PUBACK says against the message.
fn refusal(ack: &PubAck) -> Option<Refused> {
    let code = match ack.reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => return None,
        reason => ack
            .properties
            .as_ref()
            .and_then(|properties| properties.reason_string.clone())
            .unwrap_or_else(|| format!("{reason:?}")),
    };
    Some(Refused {
        code,
        message: "the broker did not take the message".to_owned(),
    })
}
