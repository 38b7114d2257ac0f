//! Who is connected, and who wants to hear what.
//!
//! Devices are found by their id, operators through the filter tree: see `index`.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    ops::ControlFlow,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use fleetfold_schemas::{
    id::{DeviceId, OperatorId},
    topic::{DeviceTopic, OperatorTopic, Topic},
};

use crate::{
    acl,
    host::{Concerns, Identity},
    index::FilterTree,
    packet::Options,
    session::Session,
    subscriptions::merge,
};

/// Publishing, connecting and leaving touch one shard each; more than there are cores is enough.
const SHARDS: usize = 64;

const UNPOISONED: &str = "nothing panics while it holds the registry";

pub(crate) struct Registry {
    devices: Vec<RwLock<HashMap<DeviceId, Arc<Session>>>>,
    hasher: RandomState,
    operators: RwLock<Operators>,
    /// Operator subscriptions, so that a message nobody reads is not even given a text.
    operator_filters: AtomicUsize,
}

#[derive(Default)]
struct Operators {
    /// By operator and client id: operators can't take over each other's sessions, nor a device's.
    sessions: HashMap<(OperatorId, String), Arc<Session>>,
    tree: FilterTree<Reader>,
}

struct Reader {
    session: Arc<Session>,
    options: Options,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            devices: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            operators: RwLock::default(),
            operator_filters: AtomicUsize::new(0),
        }
    }

    fn shard(&self, id: &DeviceId) -> &RwLock<HashMap<DeviceId, Arc<Session>>> {
        &self.devices[self.hasher.hash_one(id) as usize % SHARDS]
    }

    /// Enters a session and returns the one of the same client that it replaces.
    pub(crate) fn enter(&self, session: &Arc<Session>) -> Option<Arc<Session>> {
        match &session.identity {
            Identity::Device { id, .. } => {
                let mut shard = self.shard(id).write().expect(UNPOISONED);
                shard.insert(id.clone(), Arc::clone(session))
            }
            Identity::Operator { id, .. } => {
                let mut operators = self.operators.write().expect(UNPOISONED);
                let key = (id.clone(), session.client_id.clone());
                operators.sessions.insert(key, Arc::clone(session))
            }
        }
    }

    /// Removes a session and its subscriptions, unless a successor has its place already.
    pub(crate) fn leave(&self, session: &Session) {
        match &session.identity {
            Identity::Device { id, .. } => {
                let mut shard = self.shard(id).write().expect(UNPOISONED);
                if shard
                    .get(id)
                    .is_some_and(|held| held.number == session.number)
                {
                    shard.remove(id);
                }
            }
            Identity::Operator { id, .. } => {
                for filter in session.filters() {
                    self.unsubscribe(session, &filter);
                }
                let mut operators = self.operators.write().expect(UNPOISONED);
                let key = (id.clone(), session.client_id.clone());
                if operators
                    .sessions
                    .get(&key)
                    .is_some_and(|held| held.number == session.number)
                {
                    operators.sessions.remove(&key);
                }
            }
        }
    }

    pub(crate) fn of(&self, who: &Identity) -> Vec<Arc<Session>> {
        match who {
            Identity::Device { id, .. } => self.device(id).into_iter().collect(),
            Identity::Operator { id, .. } => {
                let operators = self.operators.read().expect(UNPOISONED);
                let own = operators
                    .sessions
                    .iter()
                    .filter(|((operator, _), _)| operator == id);
                own.map(|(_, session)| Arc::clone(session)).collect()
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        let operators = self.operators.read().expect(UNPOISONED);
        let mut all: Vec<_> = operators.sessions.values().cloned().collect();
        for shard in &self.devices {
            all.extend(shard.read().expect(UNPOISONED).values().cloned());
        }
        all
    }

    fn device(&self, id: &DeviceId) -> Option<Arc<Session>> {
        self.shard(id).read().expect(UNPOISONED).get(id).cloned()
    }

    /// Enters an operator's filter in the tree. Devices need no entry.
    pub(crate) fn subscribe(&self, session: &Arc<Session>, filter: &str, options: Options) {
        if matches!(session.identity, Identity::Device { .. }) {
            return;
        }
        let mut operators = self.operators.write().expect(UNPOISONED);
        let number = session.number;
        let mut replaced = 0;
        operators.tree.remove(filter, &mut |reader: &Reader| {
            let picked = reader.session.number == number;
            replaced += usize::from(picked);
            picked
        });
        operators.tree.insert(
            filter,
            Reader {
                session: Arc::clone(session),
                options,
            },
        );
        self.operator_filters
            .fetch_add(1 - replaced, Ordering::Release);
    }

    pub(crate) fn unsubscribe(&self, session: &Session, filter: &str) {
        if matches!(session.identity, Identity::Device { .. }) {
            return;
        }
        let mut operators = self.operators.write().expect(UNPOISONED);
        let mut removed = 0;
        operators.tree.remove(filter, &mut |reader: &Reader| {
            let picked = reader.session.number == session.number;
            removed += usize::from(picked);
            picked
        });
        self.operator_filters.fetch_sub(removed, Ordering::Release);
    }

    /// The session of the device whose topic this is, if it wants the message.
    pub(crate) fn device_reader(&self, topic: &Topic) -> Option<(Arc<Session>, Options)> {
        let Topic::Device(id, kind) = topic else {
            return None;
        };
        let session = self.device(id)?;
        let options = session.wanted(*kind)?;
        Some((session, options))
    }

    /// Whether any operator could want this message; a look that costs nothing when none is connected.
    pub(crate) fn operators_may_read(&self, topic: &Topic) -> bool {
        let for_operators = match topic {
            Topic::Device(_, kind) => matches!(kind, DeviceTopic::Status | DeviceTopic::Presence),
            Topic::Operator(_, kind) => matches!(kind, OperatorTopic::Reply),
            Topic::Campaign(..)
            | Topic::Release(..)
            | Topic::Alert(_)
            | Topic::Ticket(_)
            | Topic::FleetSummary
            | Topic::LogFacts => true,
        };
        for_operators && self.operator_filters.load(Ordering::Acquire) > 0
    }

    /// The operators' sessions that want the message and may read it, each once.
    pub(crate) fn operator_readers(
        &self,
        topic: &Topic,
        text: &str,
        concerns: Concerns<'_>,
    ) -> Vec<(Arc<Session>, Options)> {
        let mut readers: Vec<(Arc<Session>, Options)> = Vec::new();
        let operators = self.operators.read().expect(UNPOISONED);
        let _ = operators.tree.visit(text, &mut |reader| {
            let same = readers
                .iter_mut()
                .find(|(session, _)| session.number == reader.session.number);
            if let Some((_, options)) = same {
                *options = merge(*options, reader.options);
            } else if may_have(&reader.session.identity, topic, concerns) {
                readers.push((Arc::clone(&reader.session), reader.options));
            }
            ControlFlow::Continue(())
        });
        readers
    }

    pub(crate) fn has_operator_reader(
        &self,
        topic: &Topic,
        text: &str,
        concerns: Concerns<'_>,
    ) -> bool {
        let operators = self.operators.read().expect(UNPOISONED);
        let found = operators.tree.visit(text, &mut |reader| {
            if may_have(&reader.session.identity, topic, concerns) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        found.is_break()
    }
}

fn may_have(who: &Identity, topic: &Topic, concerns: Concerns<'_>) -> bool {
    acl::readable(who, topic) && acl::in_scope(who, topic, concerns)
}
