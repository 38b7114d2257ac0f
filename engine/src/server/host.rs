//! What the broker's sessions bring: decoded here, beside the owner, so that it only ever sees requests.

use std::sync::OnceLock;

use bytes::Bytes;
use fleetfold_broker::{
    Ack, AckReason, Broker, Host, Identity, Login, LoginRefused, Qos, Received, Refusal,
    RetainedSink, SessionHandle,
};
use fleetfold_schemas::{
    DeviceId, DeviceTopic, Digest, OperatorId, OperatorTopic, Topic,
    code::{Code, Rejection},
    codec::{DecodeError, decode_from_device, encode_json},
    command::{Outcome, Reply},
    device::{self, CHUNK_BYTES_MAX, ChunkData, ChunkGet},
};
use metrics::counter;
use tokio::sync::oneshot;

use super::{
    inbox::{AnswerTo, Inbox, Message, Pending, RetainedQuery},
    login::Authenticator,
    meters,
    passwords::Passwords,
};
use crate::{
    artifacts::ArtifactStore,
    turn::ingress::{self, FromDevice},
};

/// The engine as the broker's host.
pub struct EngineHost {
    pub inbox: Inbox,
    pub authenticator: Authenticator,
    pub passwords: Passwords,
    pub artifacts: ArtifactStore,
    /// Set once the broker listens; nothing arrives before.
    pub broker: OnceLock<Broker>,
}

impl Host for EngineHost {
    async fn authenticate(&self, login: Login) -> Result<Identity, LoginRefused> {
        self.authenticator.authenticate(login).await
    }

    async fn receive(&self, batch: Vec<Received>) {
        let mut requests = Vec::with_capacity(batch.len());
        for received in batch {
            match received.topic {
                Topic::Device(id, DeviceTopic::ChunkGet) => {
                    self.serve_chunk(id, &received.payload, received.ack).await;
                }
                Topic::Device(id, topic) => {
                    requests.extend(self.read_device(
                        id,
                        topic,
                        &received.payload,
                        received.session,
                        received.ack,
                    ));
                }
                Topic::Operator(operator, OperatorTopic::Upload(digest, offset)) => {
                    self.upload(operator, digest, offset, received.payload, received.ack)
                        .await;
                }
                Topic::Operator(operator, _) => {
                    requests.push(
                        self.read_command(operator, &received.payload, received.ack)
                            .await,
                    );
                }
                topic => unreachable!("nobody may publish to {topic}"),
            }
        }
        if !requests.is_empty() {
            // The owner is gone only when the process is ending; the sender repeats to whoever comes next.
            let _ = self.inbox.send(Message::Requests(requests)).await;
        }
    }

    async fn retained(&self, who: &Identity, filter: &str, sink: RetainedSink) {
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            let (reply, page) = oneshot::channel();
            let query = RetainedQuery {
                who: who.clone(),
                filter: filter.to_owned(),
                cursor: at,
                reply,
            };
            if self.inbox.send(Message::Retained(query)).await.is_err() {
                return;
            }
            let Ok(page) = page.await else { return };
            for (topic, payload) in page.values {
                if sink.deliver(&topic, payload).await.is_err() {
                    return;
                }
            }
            cursor = page.next;
        }
    }

    fn refused(&self, who: &Identity, refusal: Refusal) {
        if let Identity::Device { id, .. } = who {
            self.tell(id, refusal.code());
        }
    }
}

impl EngineHost {
    fn broker(&self) -> &Broker {
        self.broker
            .get()
            .expect("sessions exist only once the broker does")
    }

    fn read_device(
        &self,
        id: DeviceId,
        topic: DeviceTopic,
        payload: &Bytes,
        session: SessionHandle,
        ack: Ack,
    ) -> Option<Pending> {
        let (read, session) = match topic {
            DeviceTopic::Hello => {
                let login_counter = match session.identity() {
                    Identity::Device { login_counter, .. } => *login_counter,
                    Identity::Operator { .. } => None,
                };
                let hello = ingress::hello(id.clone(), payload, login_counter);
                (hello, Some(session))
            }
            DeviceTopic::Report => (ingress::report(id.clone(), payload), None),
            topic => unreachable!("no device may publish to {}", topic.as_str()),
        };
        match read {
            Ok(FromDevice {
                request,
                unknown_keys,
            }) => {
                count_unknown(unknown_keys);
                Some(Pending {
                    request,
                    answer_to: AnswerTo::Publisher { ack, session },
                })
            }
            Err(error) => {
                self.refuse_device(&id, topic, error, ack);
                None
            }
        }
    }

    fn refuse_device(&self, id: &DeviceId, topic: DeviceTopic, error: DecodeError, ack: Ack) {
        let rejection = Rejection::from(error);
        tracing::info!(device = %id, code = %rejection.code, message = %rejection.message, "rejected");
        meters::rejected(rejection.code.as_str(), topic.as_str());
        ack.refuse_as(AckReason::PayloadFormat, rejection.code.as_str());
        self.tell(id, rejection.code.as_str());
    }

    /// A refusal of something that has no number, on the device's ack topic: epoch and seq are 0.
    fn tell(&self, id: &DeviceId, code: &str) {
        let ack = device::Ack {
            epoch: 0,
            seq: 0,
            code: Some(code.to_owned()),
        };
        let topic = Topic::Device(id.clone(), DeviceTopic::Ack);
        self.broker()
            .publish(&topic, ack.encode().into(), Qos::AtMostOnce);
    }

    async fn serve_chunk(&self, id: DeviceId, payload: &Bytes, ack: Ack) {
        let get = match decode_from_device::<ChunkGet>(payload) {
            Ok(get) => get.message,
            Err(error) => return self.refuse_device(&id, DeviceTopic::ChunkGet, error, ack),
        };
        ack.accept();
        let content = self.read_chunk(&get).await;
        match &content {
            Ok(bytes) => counter!("fleetfold_chunk_bytes_total").increment(bytes.len() as u64),
            Err(rejection) => {
                meters::rejected(rejection.code.as_str(), DeviceTopic::ChunkGet.as_str())
            }
        }
        let data = ChunkData {
            digest: get.digest,
            offset: get.offset,
            content: content.map_err(|rejection| rejection.code.as_str().to_owned()),
        };
        let topic = Topic::Device(id, DeviceTopic::ChunkData);
        self.broker()
            .publish(&topic, data.encode().into(), Qos::AtMostOnce);
    }

    async fn read_chunk(&self, get: &ChunkGet) -> Result<Vec<u8>, Rejection> {
        if get.length > CHUNK_BYTES_MAX {
            return Err(Rejection::new(
                Code::ChunkRange,
                format!("at most {CHUNK_BYTES_MAX} bytes at once"),
            ));
        }
        let artifacts = self.artifacts.clone();
        let (digest, offset, length) = (get.digest, get.offset, get.length);
        let read = tokio::task::spawn_blocking(move || artifacts.read(&digest, offset, length));
        read.await.expect("reading a chunk does not panic")
    }

    /// The PUBACK of a piece means that its bytes are synced.
    async fn upload(
        &self,
        operator: OperatorId,
        digest: Digest,
        offset: u64,
        bytes: Bytes,
        ack: Ack,
    ) {
        let artifacts = self.artifacts.clone();
        let stored = tokio::task::spawn_blocking(move || artifacts.upload(&digest, offset, &bytes));
        match stored.await.expect("storing a piece does not panic") {
            Ok(_) => ack.accept(),
            Err(error) => {
                let rejection = Rejection::from(error);
                tracing::warn!(%operator, code = %rejection.code, message = %rejection.message, "upload refused");
                meters::rejected(rejection.code.as_str(), "upload");
                ack.refuse(rejection.code.as_str());
                let reply = Reply {
                    id: None,
                    command: Some("upload".to_owned()),
                    outcome: Outcome::Rejected {
                        code: rejection.code.as_str().to_owned(),
                        message: rejection.message,
                    },
                };
                let topic = Topic::Operator(operator, OperatorTopic::Reply);
                self.broker()
                    .publish(&topic, encode_json(&reply).into(), Qos::AtLeastOnce);
            }
        }
    }

    async fn read_command(&self, operator: OperatorId, payload: &Bytes, ack: Ack) -> Pending {
        let mut command = ingress::command(operator, payload);
        if let Some(password) = command.plain_password().cloned() {
            let hash = self.passwords.hash(password).await;
            command.set_password_hash(hash);
        }
        let artifact = match command.image() {
            Some(image) => {
                let artifacts = self.artifacts.clone();
                tokio::task::spawn_blocking(move || artifacts.describe(&image))
                    .await
                    .expect("looking up an artifact does not panic")
            }
            None => None,
        };
        Pending {
            request: command.request(artifact),
            answer_to: AnswerTo::Publisher { ack, session: None },
        }
    }
}

fn count_unknown(keys: u32) {
    if keys > 0 {
        counter!("fleetfold_unknown_keys_total").increment(keys.into());
    }
}
