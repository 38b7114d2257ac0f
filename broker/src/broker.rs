//! The broker as the host sees it, and what all its connections share.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use fleetfold_schemas::{
    id::{DeviceId, Name},
    operator::Tenants,
    topic::{DeviceTopic, Topic},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    time::timeout,
};

use crate::{
    acl,
    closings::Closings,
    config::BrokerConfig,
    host::{Concerns, Host, Identity, Qos, no_tenants},
    listener,
    meters::Meters,
    outbox::Outgoing,
    presence::{PresenceStore, Value},
    refusal::{DisconnectCause, Refusal},
    registry::Registry,
    session::Session,
};

/// How long a shutdown waits for connections to take their leave; a second more than one of them may linger.
const SHUTDOWN_MAX: Duration = Duration::from_secs(3);

/// A running broker. Clones are handles to the same one.
#[derive(Clone)]
pub struct Broker {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// Why the broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("cannot listen for MQTT on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
}

impl Broker {
    /// Listens, and serves connections until `shutdown`.
    pub async fn start<H: Host>(config: BrokerConfig, host: Arc<H>) -> Result<Self, BrokerError> {
        let address = config.listen;
        let failed = |source| BrokerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(config));
        tokio::spawn(listener::accept(listener, Arc::clone(&shared), host));
        tracing::info!(%address, "listening for MQTT");
        Ok(Self { shared, address })
    }

    /// The address it listens on, with the port that the system chose.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether a message on this topic would reach anyone, so that nobody renders or signs it for no one.
    ///
    /// Of operators of tenants, only those that it concerns are anyone.
    #[must_use]
    pub fn has_subscriber_for(&self, topic: &Topic, concerns: Concerns<'_>) -> bool {
        let registry = &self.shared.registry;
        registry.device_reader(topic).is_some()
            || (registry.operators_may_read(topic)
                && registry.has_operator_reader(topic, &topic.to_string(), concerns))
    }

    /// The same for what no operator of tenants gets, unless everybody does.
    #[must_use]
    pub fn has_subscriber(&self, topic: &Topic) -> bool {
        self.has_subscriber_for(topic, &no_tenants)
    }

    /// Sends a message to the sessions that subscribe to its topic now and that it concerns. Never waits.
    ///
    /// What a subscriber has no room for is dropped at QoS 0; at QoS 1 the subscriber is disconnected.
    pub fn publish_for(&self, topic: &Topic, payload: Bytes, qos: Qos, concerns: Concerns<'_>) {
        self.shared.route(topic, &payload, qos, None, concerns);
    }

    /// The same for what no operator of tenants gets, unless everybody does.
    pub fn publish(&self, topic: &Topic, payload: Bytes, qos: Qos) {
        self.publish_for(topic, payload, qos, &no_tenants);
    }

    /// Closes the live sessions of a device or an operator, and those whose login is under way.
    pub fn disconnect(&self, who: &Identity, why: DisconnectCause) {
        // Noted first: a session that is entered meanwhile looks there after it is entered.
        self.shared.closings.note(who, why, Instant::now());
        for session in self.shared.registry.of(who) {
            session.close(why.into());
        }
    }

    /// Stops accepting, tells every client and waits a short time for them to go.
    pub async fn shutdown(&self) {
        self.shared.stopping.send_replace(true);
        for session in self.shared.registry.all() {
            session.close(Refusal::ShuttingDown);
        }
        // Clients that don't read would hold it up for ever.
        let _ = timeout(SHUTDOWN_MAX, self.shared.all_gone()).await;
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Shared {
    pub(crate) config: BrokerConfig,
    pub(crate) registry: Registry,
    pub(crate) presence: PresenceStore,
    pub(crate) closings: Closings,
    pub(crate) meters: Arc<Meters>,
    pub(crate) stopping: watch::Sender<bool>,
    connections: AtomicUsize,
    gone: Notify,
    numbers: AtomicU64,
}

impl Shared {
    pub(crate) fn new(config: BrokerConfig) -> Self {
        Self {
            closings: Closings::new(config.connect_timeout),
            config,
            registry: Registry::new(),
            presence: PresenceStore::new(),
            meters: Arc::new(Meters::new()),
            stopping: watch::Sender::new(false),
            connections: AtomicUsize::new(0),
            gone: Notify::new(),
            numbers: AtomicU64::new(1),
        }
    }

    /// A number that no session or request had before.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn route(
        &self,
        topic: &Topic,
        payload: &Bytes,
        qos: Qos,
        from: Option<&Session>,
        concerns: Concerns<'_>,
    ) {
        let device = self.registry.device_reader(topic);
        let operators = self.registry.operators_may_read(topic);
        if device.is_none() && !operators {
            return;
        }
        let text = topic.to_string();
        let message = Outgoing {
            topic: &text,
            payload,
            qos,
            retain: false,
        };
        let retained = acl::is_retained(topic);
        let from = from.map(|session| session.number);
        let own = |session: &Session| from == Some(session.number);
        if let Some((session, options)) = device
            && !(options.no_local && own(&session))
        {
            session.deliver(message, options, retained);
        }
        if operators {
            for (session, options) in self.registry.operator_readers(topic, &text, concerns) {
                session.deliver(message, options, retained);
            }
        }
    }

    /// Takes a presence value from its device.
    pub(crate) fn set_presence(&self, session: &Session, id: &DeviceId, value: Value) {
        let topic = Topic::Device(id.clone(), DeviceTopic::Presence);
        let tenant = session.tenant();
        let concerns = |tenants: &Tenants| is_of(tenants, tenant.as_ref());
        self.presence.set(
            id,
            tenant.as_ref(),
            || (!session.is_closing()).then_some(value),
            |payload| self.route(&topic, payload, Qos::AtLeastOnce, Some(session), &concerns),
        );
    }

    /// Publishes the will of a session that is over, unless that has been done.
    pub(crate) fn publish_will(&self, session: &Session) {
        let Identity::Device { id, .. } = &session.identity else {
            return;
        };
        let topic = Topic::Device(id.clone(), DeviceTopic::Presence);
        let tenant = session.tenant();
        let concerns = |tenants: &Tenants| is_of(tenants, tenant.as_ref());
        self.presence.set(
            id,
            tenant.as_ref(),
            || session.take_will(),
            |payload| self.route(&topic, payload, Qos::AtLeastOnce, None, &concerns),
        );
    }

    async fn all_gone(&self) {
        loop {
            let gone = self.gone.notified();
            if self.connections.load(Ordering::Acquire) == 0 {
                return;
            }
            gone.await;
        }
    }
}

/// Whether a device that belongs to a tenant, or to none, is one of these tenants'.
pub(crate) fn is_of(tenants: &Tenants, tenant: Option<&Name>) -> bool {
    tenant.is_some_and(|tenant| tenants.has(tenant))
}

/// One accepted socket, counted until it is dropped.
pub(crate) struct Place {
    shared: Arc<Shared>,
}

impl Place {
    /// `None` when there are as many as there may be.
    pub(crate) fn take(shared: &Arc<Shared>) -> Option<Self> {
        let before = shared.connections.fetch_add(1, Ordering::AcqRel);
        let place = Self {
            shared: Arc::clone(shared),
        };
        place.shared.meters.connections.increment(1);
        (before < shared.config.connections_max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.meters.connections.decrement(1);
        if self.shared.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.gone.notify_waiters();
        }
    }
}
