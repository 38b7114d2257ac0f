//! The host's answer to one message.

use std::{fmt, sync::Arc};

use crate::{packet::Answer, refusal::Refusal, session::Session};

/// Answers one message, once. At QoS 1 the client gets its PUBACK then and not before; at QoS 0 there is nothing to say.
///
/// An acknowledgement that is dropped without an answer closes the session, so that the client sends the message again:
/// the window would otherwise stay occupied for ever, and a PUBACK would be a lie.
#[must_use = "an unanswered message closes its session"]
pub struct Ack {
    waiting: Option<(Arc<Session>, u64)>,
}

/// What kind of no a v5 client is given; the code says the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckReason {
    /// 0x83: valid, but not possible here or now.
    Implementation,
    /// 0x87: not for this sender.
    NotAuthorized,
    /// 0x99: not the message that belongs on this topic.
    PayloadFormat,
}

impl Ack {
    pub(crate) const fn at_most_once() -> Self {
        Self { waiting: None }
    }

    pub(crate) const fn at_least_once(session: Arc<Session>, number: u64) -> Self {
        Self {
            waiting: Some((session, number)),
        }
    }

    /// The message is recorded, or needs no record.
    pub fn accept(mut self) {
        if let Some((session, number)) = self.waiting.take() {
            session.answer(number, Answer::Accepted);
        }
    }

    /// The message is refused for good: a v5 client learns the code, a 3.1.1 client that it need not send it again.
    pub fn refuse(self, code: &'static str) {
        self.refuse_as(AckReason::Implementation, code);
    }

    /// Not now: the session is closed without a PUBACK, so that the client comes back later and sends the message again.
    pub fn turn_away(mut self) {
        if let Some((session, _)) = self.waiting.take() {
            session.close(Refusal::StorageLow);
        }
    }

    /// As `refuse`, with the kind of refusal.
    pub fn refuse_as(mut self, reason: AckReason, code: &'static str) {
        let reason = match reason {
            AckReason::Implementation => 0x83,
            AckReason::NotAuthorized => 0x87,
            AckReason::PayloadFormat => 0x99,
        };
        if let Some((session, number)) = self.waiting.take() {
            session.answer(number, Answer::Refused(reason, code));
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some((session, _)) = self.waiting.take() {
            session.close(Refusal::Unanswered);
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ack")
            .field(&self.waiting.as_ref().map(|(_, number)| number))
            .finish()
    }
}
