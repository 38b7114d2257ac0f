//! A PUBACK is the host's word, in the order of the publishes.

use std::time::Duration;

use fleetfold_broker::AckReason;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    raw::{Connect, Raw},
    world::{World, soon},
};

const REPORT: &str = "fleet/v1/devices/d1/report";

#[tokio::test]
async fn a_puback_leaves_only_after_the_host_has_accepted() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    let id = device.publish(REPORT, "one", 1, false).await;
    let received = world.received().await;
    assert_eq!(
        (received.topic.to_string().as_str(), &received.payload[..]),
        (REPORT, &b"one"[..])
    );
    // The answer to the ping is not preceded by a PUBACK.
    device.ping().await;
    received.ack.accept();
    assert_eq!(device.puback().await, (id, 0));
}

#[tokio::test]
async fn pubacks_keep_the_order_of_the_publishes_whatever_order_the_host_answers_in() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(device.publish(REPORT, "x", 1, false).await);
    }
    let mut received = Vec::new();
    for _ in 0..4 {
        received.push(world.received().await);
    }
    let first = received.remove(0);
    for later in received.into_iter().rev() {
        later.ack.accept();
    }
    device.ping().await;
    first.ack.accept();
    for id in sent {
        assert_eq!(device.puback().await, (id, 0));
    }
}

#[tokio::test]
async fn a_v5_client_reads_why_the_host_refused() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    let id = device.publish(REPORT, "x", 1, false).await;
    world
        .received()
        .await
        .ack
        .refuse_as(AckReason::PayloadFormat, "malformed");
    assert_eq!(device.puback_reason().await, (id, 0x99, "malformed".into()));
    let id = device.publish(REPORT, "x", 1, false).await;
    world.received().await.ack.refuse("epoch_regressed");
    assert_eq!(
        device.puback_reason().await,
        (id, 0x83, "epoch_regressed".into())
    );
}

#[tokio::test]
async fn a_v5_client_that_wants_no_reason_strings_gets_the_code_alone() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        properties: &[0x17, 0],
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    let id = device.publish(REPORT, "x", 1, false).await;
    world.received().await.ack.refuse("epoch_regressed");
    assert_eq!(device.puback_reason().await, (id, 0x83, String::new()));
}

#[tokio::test]
async fn at_qos_0_there_is_nothing_to_acknowledge() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    device.publish(REPORT, "x", 0, false).await;
    world.received().await.ack.accept();
    device.publish(REPORT, "x", 0, false).await;
    drop(world.received().await);
    device.ping().await;
}

#[tokio::test]
async fn a_message_that_the_host_drops_unanswered_costs_the_connection_not_the_message() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device.publish(REPORT, "x", 1, false).await;
    drop(world.received().await);
    assert_eq!(device.disconnected().await, (0x83, "unanswered".into()));
}

#[tokio::test]
async fn a_client_is_read_no_further_than_its_window() {
    let mut world = World::with(|config| config.receive_max = 3).await;
    let mut device = Raw::device(&mut world, "d1").await;
    for _ in 0..5 {
        device.publish(REPORT, "x", 1, false).await;
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(world.received().await);
    }
    assert!(world.received_already().is_none());
    held.remove(0).ack.accept();
    device.puback().await;
    held.push(world.received().await);
    assert!(world.received_already().is_none());
}

/// The host takes nothing, and the client sends until its own socket is full: the broker has stopped reading, so what it
/// holds is bounded, and a neighbour does not notice.
#[tokio::test]
async fn a_busy_host_slows_its_clients_down_and_loses_nothing() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    let mut neighbour = Raw::device(&mut world, "d2").await;
    let permits = world.host.may_receive.available_permits();
    world.host.may_receive.forget_permits(permits);

    let packet = device.publish_packet(REPORT, &"x".repeat(1_000), 0, false);
    let mut sent = 0_u64;
    // The socket buffers of both sides, some megabytes, are all that fills up.
    while let Ok(written) =
        timeout(Duration::from_millis(300), device.stream.write_all(&packet)).await
    {
        written.unwrap();
        sent += 1;
        assert!(sent < 100_000, "the broker reads on and on");
    }
    neighbour.ping().await;

    world.host.may_receive.add_permits(permits);
    let count = async {
        for _ in 0..sent {
            world.received().await;
        }
    };
    soon(count).await;
}
