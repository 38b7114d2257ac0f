//! Messages on their way to clients.

use fleetfold_broker::Qos;
use fleetfold_schemas::topic::{DeviceTopic, Topic};

use crate::{
    raw::{Connect, Raw},
    world::{World, device_topic, soon},
};

fn status(id: &str) -> Topic {
    device_topic(id, DeviceTopic::Status)
}

#[tokio::test]
async fn a_subscription_is_heard_until_it_is_given_up() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    let job = device_topic("d1", DeviceTopic::Job);
    assert!(!world.broker.has_subscriber(&job));
    // QoS 2 is granted as 1.
    assert_eq!(device.subscribe("fleet/v1/devices/d1/job", 2).await, 1);
    assert!(world.broker.has_subscriber(&job));
    assert!(!world.broker.has_subscriber(&status("d1")));
    world.broker.publish(&job, "a".into(), Qos::AtLeastOnce);
    assert_eq!(device.message().await.payload, "a");
    assert_eq!(
        device.unsubscribe("fleet/v1/devices/d1/job").await.first,
        0xB0
    );
    assert!(!world.broker.has_subscriber(&job));
    world.broker.publish(&job, "b".into(), Qos::AtLeastOnce);
    device.ping().await;

    let mut operator = Raw::operator(&world, "viewer").await;
    operator.subscribe("fleet/v1/devices/+/status", 0).await;
    assert!(world.broker.has_subscriber(&status("d9")));
    assert!(!world.broker.has_subscriber(&Topic::LogFacts));
    drop(operator);
    soon(async {
        while world.broker.has_subscriber(&status("d9")) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn overlapping_subscriptions_deliver_once_at_the_better_qos() {
    let world = World::new().await;
    let mut operator = Raw::operator(&world, "viewer").await;
    operator.subscribe("fleet/v1/#", 0).await;
    operator.subscribe("fleet/v1/devices/+/status", 1).await;
    operator.subscribe("fleet/v1/devices/d1/status", 0).await;
    world
        .broker
        .publish(&status("d1"), "x".into(), Qos::AtLeastOnce);
    assert_eq!(operator.message().await.qos, 1);
    operator.ping().await;
}

#[tokio::test]
async fn a_clients_receive_maximum_is_kept() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        properties: &[0x21, 0, 2],
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    for payload in ["a", "b", "c", "d"] {
        world.broker.publish(&job, payload.into(), Qos::AtLeastOnce);
    }
    let a = device.message().await;
    let b = device.message().await;
    device.ping().await;
    device.acknowledge(a.id).await;
    assert_eq!(device.message().await.payload, "c");
    device.acknowledge(b.id).await;
    assert_eq!(device.message().await.payload, "d");
}

#[tokio::test]
async fn a_packet_larger_than_the_client_takes_is_not_sent() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        properties: &[0x27, 0, 0, 0, 64],
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    world
        .broker
        .publish(&job, "x".repeat(64).into(), Qos::AtLeastOnce);
    world.broker.publish(&job, "small".into(), Qos::AtLeastOnce);
    assert_eq!(device.message().await.payload, "small");
}

#[tokio::test]
async fn a_slow_consumer_loses_qos_0_messages_and_at_qos_1_the_connection() {
    let mut world = World::with(|config| {
        config.inflight_max = 1;
        config.outbox_messages_max = 2;
    })
    .await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    for payload in ["a", "b", "c"] {
        world.broker.publish(&job, payload.into(), Qos::AtLeastOnce);
    }
    assert_eq!(device.message().await.payload, "a");
    device.ping().await;
    world.broker.publish(&job, "d".into(), Qos::AtLeastOnce);
    assert_eq!(device.disconnected().await, (0x97, "slow_consumer".into()));

    let mut world = World::with(|config| config.device_outbox_bytes_max = 1).await;
    let mut device = Raw::device(&mut world, "d1").await;
    device.subscribe("fleet/v1/devices/d1/ack", 0).await;
    let ack = device_topic("d1", DeviceTopic::Ack);
    world
        .broker
        .publish(&ack, "dropped".into(), Qos::AtMostOnce);
    device.ping().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_closed_though_its_socket_is_full() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    device.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    let payload = bytes::Bytes::from("x".repeat(60_000));
    soon(async {
        while world.broker.has_subscriber(&job) {
            world
                .broker
                .publish(&job, payload.clone(), Qos::AtLeastOnce);
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_never_fits_is_dropped_without_the_client() {
    let mut world = World::with(|config| config.device_outbox_bytes_max = 1_000).await;
    let mut device = Raw::device(&mut world, "d1").await;
    device.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    world
        .broker
        .publish(&job, "x".repeat(1_000).into(), Qos::AtLeastOnce);
    world.broker.publish(&job, "y".into(), Qos::AtLeastOnce);
    assert_eq!(device.message().await.payload, "y");
}

#[tokio::test]
async fn a_retained_value_never_follows_a_newer_live_one() {
    let world = World::new().await;
    let permits = world.host.retained_may_deliver.available_permits();
    world.host.retained_may_deliver.forget_permits(permits);
    for topic in ["fleet/v1/devices/d1/status", "fleet/v1/devices/d2/status"] {
        world.set(topic, "old");
    }
    let mut operator = Raw::operator(&world, "viewer").await;
    operator.subscribe("fleet/v1/devices/+/status", 1).await;
    // The request is served before the next packet is answered; the host has read its values and waits.
    operator.ping().await;
    world
        .broker
        .publish(&status("d1"), "new".into(), Qos::AtLeastOnce);
    let live = operator.message().await;
    assert_eq!((live.payload.as_str(), live.retain), ("new", false));
    world.host.retained_may_deliver.add_permits(1);
    let retained = operator.message().await;
    assert_eq!(
        (
            retained.topic.as_str(),
            retained.payload.as_str(),
            retained.retain
        ),
        ("fleet/v1/devices/d2/status", "old", true)
    );
    operator.ping().await;
}

#[tokio::test]
async fn retained_values_wait_for_a_slow_reader_and_all_arrive() {
    const COUNT: usize = 5_000;
    let world = World::with(|config| {
        config.operator_outbox_bytes_max = 8 * 1024;
        config.inflight_max = 4;
        config.outbox_messages_max = 8;
    })
    .await;
    for number in 0..COUNT {
        world.set(&format!("fleet/v1/devices/d{number:05}/status"), "value");
    }
    let mut operator = Raw::operator(&world, "viewer").await;
    operator.subscribe("fleet/v1/devices/+/status", 1).await;
    for number in 0..COUNT {
        let message = operator.message().await;
        assert_eq!(
            message.topic,
            format!("fleet/v1/devices/d{number:05}/status")
        );
        operator.acknowledge(message.id).await;
    }
    operator.ping().await;
}

#[tokio::test]
async fn retain_handling_and_retain_as_published_are_honoured() {
    let world = World::new().await;
    world.set("fleet/v1/fleet/summary", "value");
    let connect = Connect {
        client_id: "viewer",
        v5: true,
        ..Connect::default()
    };
    let mut operator = Raw::connect(&world, connect).await;
    let summary = "fleet/v1/fleet/summary";
    // Never; only if new; and again, no longer new.
    assert_eq!(operator.subscribe(summary, 0x20).await, 0);
    operator.ping().await;
    operator.unsubscribe(summary).await;
    assert_eq!(operator.subscribe(summary, 0x10).await, 0);
    assert_eq!(operator.message().await.payload, "value");
    assert_eq!(operator.subscribe(summary, 0x10).await, 0);
    operator.ping().await;
    world
        .broker
        .publish(&Topic::FleetSummary, "live".into(), Qos::AtMostOnce);
    assert!(!operator.message().await.retain);
    assert_eq!(operator.subscribe(summary, 0x28).await, 0);
    world
        .broker
        .publish(&Topic::FleetSummary, "live".into(), Qos::AtMostOnce);
    assert!(operator.message().await.retain);
}

#[tokio::test]
async fn a_device_hears_its_own_presence_unless_it_asks_not_to() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device.subscribe("fleet/v1/devices/d1/presence", 0).await;
    device
        .publish("fleet/v1/devices/d1/presence", "a", 0, false)
        .await;
    assert_eq!(device.message().await.payload, "a");
    device.subscribe("fleet/v1/devices/d1/presence", 0x04).await;
    device
        .publish("fleet/v1/devices/d1/presence", "b", 0, false)
        .await;
    device.ping().await;
}

#[tokio::test]
async fn a_session_has_a_limit_of_subscriptions() {
    let world = World::with(|config| config.subscriptions_max = 2).await;
    let mut operator = Raw::operator(&world, "viewer").await;
    assert_eq!(operator.subscribe("fleet/v1/devices/a/status", 0).await, 0);
    assert_eq!(operator.subscribe("fleet/v1/devices/b/status", 0).await, 0);
    assert_eq!(operator.subscribe("fleet/v1/devices/b/status", 1).await, 1);
    assert_eq!(
        operator.subscribe("fleet/v1/devices/c/status", 0).await,
        0x80
    );
    operator.unsubscribe("fleet/v1/devices/a/status").await;
    assert_eq!(operator.subscribe("fleet/v1/devices/c/status", 0).await, 0);
}
