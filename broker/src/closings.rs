//! Disconnects that a login under way must not outrun.
//!
//! The host may withdraw an identity after it has approved its login and before the session exists; there is nothing to
//! close then. So a disconnect is remembered for as long as a login can take, and a new session looks whether one came
//! after its login began.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use fleetfold_schemas::id::{DeviceId, OperatorId};

use crate::{
    host::Identity,
    refusal::{DisconnectCause, Refusal},
};

/// The book is cleared of old entries whenever it has doubled, from this size on.
const SWEEP_MIN: usize = 1_024;

#[derive(Debug)]
pub(crate) struct Closings {
    login_max: Duration,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    entries: HashMap<Who, (Instant, DisconnectCause)>,
    sweep_at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Device(DeviceId),
    Operator(OperatorId),
}

impl From<&Identity> for Who {
    fn from(identity: &Identity) -> Self {
        match identity {
            Identity::Device { id, .. } => Self::Device(id.clone()),
            Identity::Operator { id, .. } => Self::Operator(id.clone()),
        }
    }
}

const UNPOISONED: &str = "nothing panics while it holds the book";

impl Closings {
    pub(crate) fn new(login_max: Duration) -> Self {
        Self {
            login_max,
            book: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, who: &Identity, why: DisconnectCause, now: Instant) {
        let mut book = self.book.lock().expect(UNPOISONED);
        book.entries.insert(who.into(), (now, why));
        if book.entries.len() >= book.sweep_at.max(SWEEP_MIN) {
            book.entries
                .retain(|_, (at, _)| now.duration_since(*at) <= self.login_max);
            book.sweep_at = book.entries.len() * 2;
        }
    }

    /// Why a session whose login began then must not stand.
    pub(crate) fn since(&self, who: &Identity, login_began: Instant) -> Option<Refusal> {
        let book = self.book.lock().expect(UNPOISONED);
        if book.entries.is_empty() {
            return None;
        }
        let (at, why) = book.entries.get(&who.into())?;
        (*at >= login_began).then(|| (*why).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: usize) -> Identity {
        Identity::Device {
            id: DeviceId::parse(&format!("d{number}")).unwrap(),
            login_counter: None,
        }
    }

    #[test]
    fn a_disconnect_holds_for_logins_that_began_before_it_and_is_forgotten_in_time() {
        let closings = Closings::new(Duration::from_secs(10));
        let began = Instant::now();
        let later = began + Duration::from_secs(1);
        closings.note(&device(0), DisconnectCause::CredentialsRevoked, later);
        assert_eq!(
            closings.since(&device(0), began),
            Some(Refusal::CredentialsRevoked)
        );
        assert_eq!(
            closings.since(&device(0), later + Duration::from_millis(1)),
            None
        );
        assert_eq!(closings.since(&device(1), began), None);

        let much_later = later + Duration::from_secs(11);
        for number in 1..=SWEEP_MIN {
            closings.note(&device(number), DisconnectCause::Administrative, much_later);
        }
        let held = closings.book.lock().unwrap().entries.len();
        assert_eq!(held, SWEEP_MIN, "the first one is gone");
    }
}
