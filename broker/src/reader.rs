//! Reads packets, answers those that concern the broker and hands the messages to the host.
//!
//! All complete frames of one read are taken before the host is asked once. A publish costs no more than a walk over its
//! header, a copy of its payload and a place in the batch.

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;
use fleetfold_schemas::topic::{DeviceTopic, Topic};
use tokio::io::AsyncRead;

use crate::{
    ack::Ack,
    acl,
    broker::Shared,
    config::PRESENCE_BYTES_MAX,
    connection::{Clock, Ending},
    frame::{self, FrameError, Header, Kind, PublishFrame},
    host::{Host, Qos, Received},
    input::Input,
    packet::{self, Answer, RetainedWish, Wish},
    presence::Value,
    refusal::Refusal,
    session::{Request, Session, SessionHandle},
};

pub(crate) struct Reader<'a, H> {
    shared: &'a Shared,
    host: &'a H,
    session: &'a Arc<Session>,
    clock: &'a Clock,
    packet_bytes_max: usize,
    batch: Vec<Received>,
    /// The host has been given a hello; what follows waits for its admission.
    hello_is_out: bool,
}

/// Why no further frame is taken from the buffer.
enum Stop {
    /// At least so many bytes are missing.
    Missing(usize),
    /// The frame stays where it is until there is room in the window.
    Full,
    /// The frame stays where it is until the device is admitted.
    NotAdmitted,
    End(Ending),
}

impl From<FrameError> for Stop {
    fn from(error: FrameError) -> Self {
        tracing::debug!(%error, "frame refused");
        Self::End(Ending::Refused(error.into()))
    }
}

impl<'a, H: Host> Reader<'a, H> {
    pub(crate) const fn new(
        shared: &'a Shared,
        host: &'a H,
        session: &'a Arc<Session>,
        clock: &'a Clock,
        packet_bytes_max: usize,
    ) -> Self {
        Self {
            shared,
            host,
            session,
            clock,
            packet_bytes_max,
            batch: Vec::new(),
            hello_is_out: false,
        }
    }

    pub(crate) async fn run(
        &mut self,
        input: &mut Input,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Ending {
        loop {
            self.session.stay_awake();
            let stop = self.take_frames(input);
            if !self.batch.is_empty() {
                self.shared
                    .meters
                    .messages_in
                    .increment(self.batch.len() as u64);
                self.clock.deaf();
                self.host.receive(std::mem::take(&mut self.batch)).await;
                self.clock.heard();
            }
            match stop {
                Stop::Missing(count) => match input.fill(stream, count).await {
                    Ok(0) | Err(_) => return Ending::Lost,
                    Ok(count) => {
                        self.shared.meters.bytes_in.increment(count as u64);
                        self.clock.heard();
                    }
                },
                Stop::Full | Stop::NotAdmitted => {
                    let needs_admission = matches!(stop, Stop::NotAdmitted);
                    // A client that does not read its answers is not kept alive by that.
                    if !self.session.is_clogged() {
                        self.clock.deaf();
                    }
                    poll_fn(|cx| self.session.poll_reading(cx, needs_admission)).await;
                    self.clock.heard();
                }
                Stop::End(ending) => return ending,
            }
        }
    }

    fn take_frames(&mut self, input: &mut Input) -> Stop {
        let mut taken = 0;
        let stop = loop {
            match self.take_frame(&input.bytes()[taken..]) {
                Ok(count) => taken += count,
                Err(stop) => break stop,
            }
        };
        input.consume(taken);
        stop
    }

    /// Takes one frame and returns its length.
    fn take_frame(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let version = self.session.version;
        let header =
            Header::read(bytes, Some(version), self.packet_bytes_max)?.ok_or(Stop::Missing(1))?;
        let frame = bytes
            .get(..header.len)
            .ok_or_else(|| Stop::Missing(header.len - bytes.len()))?;
        match header.kind {
            Kind::Publish => self.publish(frame::publish(frame, &header, version)?)?,
            Kind::PubAck => self
                .session
                .acknowledged(frame::puback(frame, &header, version)?),
            Kind::PingReq => {
                frame::pingreq(frame, &header)?;
                self.may_answer()?;
                self.session.reply(packet::pingresp);
            }
            Kind::Subscribe => {
                frame::subscribe(frame, &header, version)?;
                self.may_answer()?;
                let (id, wishes) = packet::subscribe(frame, version)?;
                self.subscribe(id, &wishes);
            }
            Kind::Unsubscribe => {
                frame::unsubscribe(frame, &header, version)?;
                self.may_answer()?;
                let (id, filters) = packet::unsubscribe(frame, version)?;
                self.unsubscribe(id, &filters);
            }
            Kind::Disconnect => {
                let with_will = frame::disconnect(frame, &header, version)?;
                let ending = if with_will {
                    Ending::LeftWithWill
                } else {
                    Ending::Left
                };
                return Err(Stop::End(ending));
            }
            // A second CONNECT (section 3.1).
            Kind::Connect => return Err(Stop::End(Ending::Refused(Refusal::ProtocolError))),
        }
        Ok(header.len)
    }

    /// A client that sends requests but does not read the answers is not read either.
    fn may_answer(&self) -> Result<(), Stop> {
        if self.session.must_pause() {
            Err(Stop::Full)
        } else {
            Ok(())
        }
    }

    fn publish(&mut self, publish: PublishFrame<'_>) -> Result<(), Stop> {
        let judged = self.judge(&publish);
        // Not refused but held: the hello before it is on its way into the log.
        if judged == Err(Refusal::HelloFirst) && self.hello_is_out {
            return Err(Stop::NotAdmitted);
        }
        let number = match publish.packet_id {
            Some(id) => Some(self.session.open(id).ok_or(Stop::Full)?),
            None => None,
        };
        match judged {
            Ok(Topic::Device(id, DeviceTopic::Presence)) => {
                let payload = Bytes::copy_from_slice(publish.payload);
                let value = Value {
                    payload,
                    retain: publish.retain,
                };
                self.shared.set_presence(self.session, &id, value);
                self.shared.meters.messages_in.increment(1);
                self.answer(number, Answer::Accepted);
            }
            Ok(topic) => {
                self.hello_is_out |= matches!(topic, Topic::Device(_, DeviceTopic::Hello));
                let session = Arc::clone(self.session);
                self.batch.push(Received {
                    session: SessionHandle(Arc::clone(&session)),
                    topic,
                    payload: Bytes::copy_from_slice(publish.payload),
                    ack: number.map_or_else(Ack::at_most_once, |number| {
                        Ack::at_least_once(session, number)
                    }),
                });
            }
            Err(refusal) => {
                self.refuse(refusal, publish.topic);
                self.answer(number, Answer::Refused(refusal.reason(), refusal.code()));
            }
        }
        Ok(())
    }

    fn judge(&self, publish: &PublishFrame<'_>) -> Result<Topic, Refusal> {
        let topic = acl::publishable(&self.session.identity, publish.topic)?;
        let is_presence = matches!(topic, Topic::Device(_, DeviceTopic::Presence));
        let is_hello = matches!(topic, Topic::Device(_, DeviceTopic::Hello));
        if publish.retain && !is_presence {
            return Err(Refusal::RetainRefused);
        }
        if is_presence && publish.payload.len() > PRESENCE_BYTES_MAX {
            return Err(Refusal::PresenceTooLarge);
        }
        if !is_hello && !self.session.is_admitted() {
            return Err(Refusal::HelloFirst);
        }
        Ok(topic)
    }

    fn answer(&self, number: Option<u64>, answer: Answer) {
        if let Some(number) = number {
            self.session.answer(number, answer);
        }
    }

    fn refuse(&self, refusal: Refusal, topic: &str) {
        self.shared.meters.refused(refusal);
        let client = &self.session.client_id;
        tracing::debug!(%client, topic, code = refusal.code(), "refused");
        self.host.refused(&self.session.identity, refusal);
    }

    fn subscribe(&self, id: u16, wishes: &[Wish]) {
        let granted: Vec<_> = wishes.iter().map(|wish| self.grant(wish)).collect();
        let granted_qos: Vec<_> = granted
            .iter()
            .map(|grant| grant.map(|(qos, _)| qos))
            .collect();
        let version = self.session.version;
        self.session
            .reply(|out| packet::suback(version, id, &granted_qos, out));
        // After SUBACK, as clients expect, though section 3.8.4 allows before.
        for (wish, grant) in wishes.iter().zip(&granted) {
            if let Ok((_, true)) = grant {
                self.session.request(Request {
                    number: self.shared.number(),
                    filter: wish.filter.clone(),
                    options: wish.options,
                });
            }
        }
    }

    /// The QoS granted, and whether retained values are due.
    fn grant(&self, wish: &Wish) -> Result<(Qos, bool), Refusal> {
        let max = self.shared.config.subscriptions_max;
        let granted = acl::subscribable(&self.session.identity, &wish.filter)
            .and_then(|()| self.session.subscribe(&wish.filter, wish.options, max));
        let is_new = match granted {
            Ok(is_new) => is_new,
            Err(refusal) => {
                self.refuse(refusal, &wish.filter);
                return Err(refusal);
            }
        };
        self.shared
            .registry
            .subscribe(self.session, &wish.filter, wish.options);
        let due = match wish.retained {
            RetainedWish::Always => true,
            RetainedWish::IfNew => is_new,
            RetainedWish::Never => false,
        };
        Ok((wish.options.qos, due))
    }

    fn unsubscribe(&self, id: u16, filters: &[String]) {
        let existed: Vec<_> = filters
            .iter()
            .map(|filter| {
                self.shared.registry.unsubscribe(self.session, filter);
                self.session.unsubscribe(filter)
            })
            .collect();
        let version = self.session.version;
        self.session
            .reply(|out| packet::unsuback(version, id, &existed, out));
    }
}
