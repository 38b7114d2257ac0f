//! Retained values on SUBSCRIBE: asked of the host, except presence, which the broker keeps itself.
//!
//! They are sent beside the reading of the socket, one request at a time: a million statuses for a slow dashboard must not
//! keep its PINGREQs and PUBACKs waiting.

use std::{fmt, future::poll_fn, sync::Arc};

use bytes::Bytes;
use fleetfold_schemas::topic::{DeviceTopic, Topic, matches};

use crate::{
    acl,
    broker::{Shared, is_of},
    host::{Host, Identity},
    session::{Request, RetainedPush, Session},
};

/// Takes the retained values for one subscription.
pub struct RetainedSink {
    session: Arc<Session>,
    request: Request,
}

/// The subscription or its session ended, or the call that the sink was for: no more values are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the subscription has ended")]
pub struct SinkClosed;

impl RetainedSink {
    /// Sends one value, at the QoS of the subscription and with the retain flag.
    ///
    /// Waits while the client reads more slowly than values come. A value that the filter does not match, that this
    /// client may not read or that is already out of date is passed over.
    pub async fn deliver(&self, topic: &Topic, payload: Bytes) -> Result<(), SinkClosed> {
        if !acl::readable(&self.session.identity, topic) {
            return Ok(());
        }
        let text = topic.to_string();
        if !matches(&self.request.filter, &text) {
            return Ok(());
        }
        loop {
            let room = self.session.room().notified();
            tokio::pin!(room);
            // Listening before looking, or room made in between would go unnoticed.
            room.as_mut().enable();
            match self.session.push_retained(&self.request, &text, &payload) {
                RetainedPush::Done => return Ok(()),
                RetainedPush::Over => return Err(SinkClosed),
                RetainedPush::NoRoom => room.await,
            }
        }
    }
}

impl fmt::Debug for RetainedSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetainedSink")
            .field("filter", &self.request.filter)
            .finish_non_exhaustive()
    }
}

/// Answers the session's requests for ever; dropped with its connection.
pub(crate) async fn serve<H: Host>(host: &H, shared: &Shared, session: &Arc<Session>) -> ! {
    loop {
        let request = poll_fn(|cx| session.poll_request(cx)).await;
        let filter = request.filter.clone();
        let sink = RetainedSink {
            session: Arc::clone(session),
            request,
        };
        // A closed sink has nobody to tell.
        let _ = presence(shared, session, &filter, &sink).await;
        host.retained(&session.identity, &filter, sink).await;
    }
}

async fn presence(
    shared: &Shared,
    session: &Session,
    filter: &str,
    sink: &RetainedSink,
) -> Result<(), SinkClosed> {
    if let Identity::Device { id, .. } = &session.identity {
        if let Some(payload) = shared.presence.get(id) {
            sink.deliver(&Topic::Device(id.clone(), DeviceTopic::Presence), payload)
                .await?;
        }
        return Ok(());
    }
    for values in shared.presence.shards(|id, tenant| {
        let topic = Topic::Device(id.clone(), DeviceTopic::Presence);
        acl::in_scope(&session.identity, &topic, &|tenants| is_of(tenants, tenant))
            && matches(filter, &topic.to_string())
    }) {
        for (id, payload) in values {
            sink.deliver(&Topic::Device(id, DeviceTopic::Presence), payload)
                .await?;
        }
    }
    Ok(())
}
