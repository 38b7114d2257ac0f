//! A broker with a host that a test can watch, answer for and hold up.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use fleetfold_broker::{
    Broker, BrokerConfig, Host, Identity, Login, LoginRefused, Received, Refusal, RetainedSink,
    Role,
};
use fleetfold_schemas::{
    id::{DeviceId, OperatorId},
    operator::Tenants,
    topic::{DeviceTopic, Topic},
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::timeout,
};

/// Far more than anything here takes, so that only a hang runs into it.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what)
        .await
        .expect("this should have happened long ago")
}

pub struct TestHost {
    received: mpsc::UnboundedSender<Received>,
    refused: mpsc::UnboundedSender<Refusal>,
    /// Retained values by topic text.
    pub values: Mutex<BTreeMap<String, Bytes>>,
    /// One permit for each call of `retained`, taken after it has read the values and before it delivers them.
    pub retained_may_deliver: Semaphore,
    /// One permit for each login, taken when it has been counted.
    pub may_authenticate: Semaphore,
    pub logins: AtomicUsize,
    /// Whether every message admits its session before a test sees it.
    pub admits_at_once: AtomicBool,
    /// One permit for each call of `receive`.
    pub may_receive: Semaphore,
}

/// Permits for a host that never waits.
const ALWAYS: usize = Semaphore::MAX_PERMITS / 2;

impl Host for TestHost {
    /// Devices log in with their id as username; operators as `viewer`, `operator`, `approver` or `admin`, and for one tenant as client
    /// `of-{tenant}`.
    async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        self.logins.fetch_add(1, Ordering::Release);
        let permit = self.may_authenticate.acquire().await.expect("never closed");
        permit.forget();
        if login.password != b"secret" {
            return Err(match login.password.as_slice() {
                b"busy" => LoginRefused::Busy,
                b"retired" => LoginRefused::NotAuthorized,
                _ => LoginRefused::BadCredentials,
            });
        }
        let role = match login.username.as_str() {
            "viewer" => Role::Viewer,
            "operator" => Role::Operator,
            "approver" => Role::Approver,
            "admin" => Role::Admin,
            device => {
                return Ok(Identity::Device {
                    id: DeviceId::parse(device).map_err(|_| LoginRefused::BadCredentials)?,
                    login_counter: Some(7),
                });
            }
        };
        let id = OperatorId::parse(&login.username).expect("a role is an id");
        let tenants = match login.client_id.strip_prefix("of-") {
            Some(tenant) => Tenants::Only(vec![tenant.parse().expect("a tenant is an id")]),
            None => Tenants::All,
        };
        Ok(Identity::Operator { id, role, tenants })
    }

    async fn receive(&self, batch: Vec<Received>) {
        let permit = self.may_receive.acquire().await.expect("never closed");
        permit.forget();
        for message in batch {
            if self.admits_at_once.load(Ordering::Acquire) {
                message.session.admit(None);
            }
            // A test that has ended listens no more.
            let _ = self.received.send(message);
        }
    }

    async fn retained(&self, _who: &Identity, filter: &str, sink: RetainedSink) {
        let values = self.values.lock().unwrap().clone();
        let permit = self
            .retained_may_deliver
            .acquire()
            .await
            .expect("never closed");
        permit.forget();
        for (topic, payload) in values {
            if fleetfold_schemas::topic::matches(filter, &topic) {
                let topic = Topic::parse(&topic).unwrap();
                if sink.deliver(&topic, payload).await.is_err() {
                    return;
                }
            }
        }
    }

    fn refused(&self, _who: &Identity, refusal: Refusal) {
        let _ = self.refused.send(refusal);
    }
}

/// One broker and its host.
pub struct World {
    pub broker: Broker,
    pub host: Arc<TestHost>,
    received: mpsc::UnboundedReceiver<Received>,
    refused: mpsc::UnboundedReceiver<Refusal>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let (received_tx, received) = mpsc::unbounded_channel();
        let (refused_tx, refused) = mpsc::unbounded_channel();
        let host = Arc::new(TestHost {
            received: received_tx,
            refused: refused_tx,
            values: Mutex::default(),
            retained_may_deliver: Semaphore::new(ALWAYS),
            may_authenticate: Semaphore::new(ALWAYS),
            logins: AtomicUsize::new(0),
            admits_at_once: AtomicBool::new(false),
            may_receive: Semaphore::new(ALWAYS),
        });
        let mut config = BrokerConfig::new("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let broker = Broker::start(config, Arc::clone(&host)).await.unwrap();
        Self {
            broker,
            host,
            received,
            refused,
        }
    }

    pub async fn received(&mut self) -> Received {
        soon(self.received.recv()).await.expect("the host lives")
    }

    pub fn received_already(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }

    pub async fn refused(&mut self) -> Refusal {
        soon(self.refused.recv()).await.expect("the host lives")
    }

    pub fn set(&self, topic: &str, payload: &'static str) {
        let payload = Bytes::from_static(payload.as_bytes());
        self.host
            .values
            .lock()
            .unwrap()
            .insert(topic.into(), payload);
    }
}

pub fn device(id: &str) -> Identity {
    Identity::Device {
        id: DeviceId::parse(id).unwrap(),
        login_counter: None,
    }
}

pub fn viewer() -> Identity {
    Identity::Operator {
        id: OperatorId::parse("viewer").unwrap(),
        role: Role::Viewer,
        tenants: Tenants::All,
    }
}

pub fn device_topic(id: &str, kind: DeviceTopic) -> Topic {
    Topic::Device(DeviceId::parse(id).unwrap(), kind)
}
