//! Real clients: rumqttc in both versions.

use std::time::Duration;

use fleetfold_broker::Qos;
use fleetfold_schemas::topic::DeviceTopic;

use crate::world::{World, device_topic, soon};

#[tokio::test]
async fn a_3_1_1_client_says_hello_gets_its_job_and_reports() {
    use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

    let mut world = World::new().await;
    world.set("fleet/v1/devices/d1/job", "job 1");
    let address = world.broker.address();
    let mut options = MqttOptions::new("d1", address.ip().to_string(), address.port());
    options.set_credentials("d1", "secret");
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = AsyncClient::new(options, 10);
    client
        .subscribe("fleet/v1/devices/d1/#", QoS::AtLeastOnce)
        .await
        .unwrap();
    let hello = "fleet/v1/devices/d1/hello";
    client
        .publish(hello, QoS::AtLeastOnce, false, "hello")
        .await
        .unwrap();

    let (packets_tx, mut packets) = tokio::sync::mpsc::unbounded_channel();
    let polling = tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(packet) = event {
                packets_tx.send(packet).unwrap();
            }
        }
    });
    let received = world.received().await;
    assert_eq!(received.topic.to_string(), hello);
    received.session.admit(None);
    received.ack.accept();

    let mut jobs = Vec::new();
    let mut pubacks = 0;
    while jobs.len() < 2 || pubacks < 2 {
        match soon(packets.recv()).await.unwrap() {
            Packet::Publish(publish) => {
                jobs.push((publish.payload.clone(), publish.retain));
                if jobs.len() == 1 {
                    let job = device_topic("d1", DeviceTopic::Job);
                    world.broker.publish(&job, "job 2".into(), Qos::AtLeastOnce);
                    let report = "fleet/v1/devices/d1/report";
                    client
                        .publish(report, QoS::AtLeastOnce, false, "done")
                        .await
                        .unwrap();
                    world.received().await.ack.accept();
                }
            }
            Packet::PubAck(_) => pubacks += 1,
            _ => {}
        }
    }
    assert_eq!(jobs, [("job 1".into(), true), ("job 2".into(), false)]);
    client.disconnect().await.unwrap();
    soon(polling).await.unwrap();
}

#[tokio::test]
async fn a_version_5_client_commands_and_reads_the_reply_and_why_it_is_refused() {
    use rumqttc::v5::{
        AsyncClient, Event, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{Packet, PubAckReason},
        },
    };

    let mut world = World::new().await;
    let address = world.broker.address();
    let mut options = MqttOptions::new("tool", address.ip().to_string(), address.port());
    options.set_credentials("operator", "secret");
    let (client, mut events) = AsyncClient::new(options, 10);
    let command = "fleet/v1/operators/operator/command";
    client
        .subscribe("fleet/v1/operators/operator/reply", QoS::AtLeastOnce)
        .await
        .unwrap();
    client
        .publish(command, QoS::AtLeastOnce, false, "{}")
        .await
        .unwrap();
    let foreign = "fleet/v1/operators/admin/command";
    client
        .publish(foreign, QoS::AtLeastOnce, false, "{}")
        .await
        .unwrap();

    let host = async {
        let received = world.received().await;
        assert_eq!(received.topic.to_string(), command);
        received.ack.accept();
        let reply = fleetfold_schemas::topic::Topic::parse("fleet/v1/operators/operator/reply");
        world
            .broker
            .publish(&reply.unwrap(), "accepted".into(), Qos::AtLeastOnce);
    };
    let tool = async {
        let (mut reasons, mut replies) = (Vec::new(), 0);
        while reasons.len() < 2 || replies < 1 {
            match events.poll().await.unwrap() {
                Event::Incoming(Packet::PubAck(ack)) => {
                    let text = ack
                        .properties
                        .and_then(|properties| properties.reason_string);
                    reasons.push((ack.reason, text));
                }
                Event::Incoming(Packet::Publish(publish)) => {
                    assert_eq!(publish.payload, "accepted");
                    replies += 1;
                }
                _ => {}
            }
        }
        assert_eq!(
            reasons,
            [
                (PubAckReason::Success, None),
                (PubAckReason::NotAuthorized, Some("not_authorized".into()))
            ]
        );
    };
    soon(async { tokio::join!(host, tool) }).await;
}

#[tokio::test]
async fn a_refused_login_is_a_connack_to_a_real_client() {
    use rumqttc::{AsyncClient, ConnectReturnCode, ConnectionError, MqttOptions};

    let world = World::new().await;
    let address = world.broker.address();
    let mut options = MqttOptions::new("d1", address.ip().to_string(), address.port());
    options.set_credentials("d1", "wrong");
    let (_client, mut events) = AsyncClient::new(options, 10);
    let error = soon(events.poll()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword)
        ),
        "{error}"
    );
}
