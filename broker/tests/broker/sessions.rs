//! How sessions begin, replace each other and end.

use std::{sync::atomic::Ordering, time::Duration};

use fleetfold_broker::{DisconnectCause, Qos};
use fleetfold_schemas::topic::DeviceTopic;
use tokio::{net::TcpStream, time::Instant};

use crate::{
    raw::{Connect, Message, Raw, packet},
    world::{World, device, device_topic, soon, viewer},
};

const PRESENCE: &str = "fleet/v1/devices/d1/presence";

fn with_will(v5: bool) -> Connect {
    Connect {
        client_id: "d1",
        will: Some((PRESENCE, "offline", true)),
        v5,
        ..Connect::default()
    }
}

async fn watcher(world: &World) -> Raw {
    let mut watcher = Raw::operator(world, "viewer").await;
    watcher.subscribe("fleet/v1/devices/+/presence", 0).await;
    watcher
}

async fn presence(watcher: &mut Raw) -> String {
    let Message { topic, payload, .. } = watcher.message().await;
    assert_eq!(topic, PRESENCE);
    payload
}

#[tokio::test]
async fn a_will_is_published_when_the_connection_breaks_and_kept() {
    let mut world = World::new().await;
    let mut watcher = watcher(&world).await;
    let mut device = Raw::admitted(&mut world, with_will(false)).await;
    device.publish(PRESENCE, "online", 1, true).await;
    device.puback().await;
    assert_eq!(presence(&mut watcher).await, "online");
    drop(device);
    assert_eq!(presence(&mut watcher).await, "offline");
    let mut late = Raw::operator(&world, "admin").await;
    late.subscribe("fleet/v1/#", 1).await;
    let message = late.message().await;
    assert_eq!(
        (message.payload.as_str(), message.retain),
        ("offline", true)
    );
}

#[tokio::test]
async fn a_client_that_says_goodbye_takes_its_will_along_unless_it_asks_otherwise() {
    let mut world = World::new().await;
    let mut watcher = watcher(&world).await;
    let mut device = Raw::admitted(&mut world, with_will(false)).await;
    device.send(&[0xE0, 0]).await;
    device.closed().await;
    let mut device = Raw::admitted(&mut world, with_will(true)).await;
    device.send(&[0xE0, 1, 0]).await;
    device.closed().await;
    let mut device = Raw::admitted(&mut world, with_will(true)).await;
    device.send(&[0xE0, 1, 4]).await;
    device.closed().await;
    assert_eq!(presence(&mut watcher).await, "offline");
    watcher.ping().await;
}

#[tokio::test]
async fn presence_is_kept_until_it_is_cleared() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    device.publish(PRESENCE, "online", 1, true).await;
    device.puback().await;
    device.publish(PRESENCE, "passing", 1, false).await;
    device.puback().await;
    let mut first = Raw::operator(&world, "viewer").await;
    first.subscribe("fleet/v1/devices/d1/presence", 0).await;
    assert_eq!(first.message().await.payload, "online");
    device.publish(PRESENCE, "", 1, true).await;
    device.puback().await;
    assert_eq!(first.message().await.payload, "");
    let mut second = Raw::operator(&world, "admin").await;
    second.subscribe("fleet/v1/devices/d1/presence", 0).await;
    second.ping().await;
}

#[tokio::test]
async fn a_takeover_publishes_the_old_clients_will_before_the_new_one_speaks() {
    let mut world = World::new().await;
    let mut watcher = watcher(&world).await;
    let mut old = Raw::admitted(&mut world, with_will(true)).await;
    old.publish(PRESENCE, "online", 1, true).await;
    old.puback().await;
    assert_eq!(presence(&mut watcher).await, "online");

    let mut new = Raw::admitted(&mut world, with_will(true)).await;
    assert_eq!(
        old.disconnected().await,
        (0x8E, "session_taken_over".into())
    );
    new.publish(PRESENCE, "back", 1, true).await;
    new.puback().await;
    assert_eq!(presence(&mut watcher).await, "offline");
    assert_eq!(presence(&mut watcher).await, "back");
    watcher.ping().await;

    // The end of the old connection has not taken the new one off the books.
    new.subscribe("fleet/v1/devices/d1/job", 1).await;
    let job = device_topic("d1", DeviceTopic::Job);
    world.broker.publish(&job, "job".into(), Qos::AtLeastOnce);
    assert_eq!(new.message().await.payload, "job");
}

/// The new client says everything in one breath, so its "back" is handled before the old connection's task runs again.
#[tokio::test]
async fn the_old_clients_will_comes_first_however_fast_the_new_one_is() {
    let mut world = World::new().await;
    let mut watcher = watcher(&world).await;
    let _old = Raw::admitted(&mut world, with_will(false)).await;
    world.host.admits_at_once.store(true, Ordering::Release);
    let mut new = Raw::open(&world).await;
    let mut breath = with_will(false).bytes();
    breath.extend(new.publish_packet("fleet/v1/devices/d1/hello", "x", 0, false));
    breath.extend(new.publish_packet(PRESENCE, "back", 0, true));
    new.send(&breath).await;
    assert_eq!(presence(&mut watcher).await, "offline");
    assert_eq!(presence(&mut watcher).await, "back");
    watcher.ping().await;
}

#[tokio::test]
async fn a_login_without_a_hello_leaves_no_will() {
    let world = World::new().await;
    let mut watcher = watcher(&world).await;
    let mut ghost = Raw::connect(&world, with_will(true)).await;
    ghost.send(&[0xE0, 1, 4]).await;
    ghost.closed().await;
    watcher.ping().await;
}

#[tokio::test]
async fn an_operator_cannot_take_over_the_session_of_a_device_or_of_another_operator() {
    let mut world = World::new().await;
    let mut device = Raw::device(&mut world, "d1").await;
    let connect = Connect {
        client_id: "d1",
        username: "viewer",
        ..Connect::default()
    };
    let mut viewer = Raw::connect(&world, connect.clone()).await;
    let mut admin = Raw::connect(
        &world,
        Connect {
            username: "admin",
            ..connect
        },
    )
    .await;
    device.ping().await;
    viewer.ping().await;
    admin.ping().await;
}

#[tokio::test]
async fn silence_ends_a_session_after_one_and_a_half_keepalives() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        keep_alive: 1,
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    let started = Instant::now();
    assert_eq!(
        device.disconnected().await,
        (0x8D, "keep_alive_timeout".into())
    );
    assert!(started.elapsed() >= Duration::from_millis(1_400));
}

#[tokio::test]
async fn a_keepalive_of_0_never_ends_and_a_short_one_is_kept_up_by_pings() {
    let mut world = World::new().await;
    let mut silent = Raw::device(&mut world, "d1").await;
    let connect = Connect {
        client_id: "d2",
        keep_alive: 1,
        ..Connect::default()
    };
    let mut pinging = Raw::admitted(&mut world, connect).await;
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2_500) {
        pinging.ping().await;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    silent.ping().await;
}

#[tokio::test]
async fn a_client_is_not_called_silent_while_the_host_keeps_it_from_being_read() {
    let mut world = World::with(|config| config.receive_max = 1).await;
    let connect = Connect {
        client_id: "d1",
        keep_alive: 1,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    device
        .publish("fleet/v1/devices/d1/report", "x", 1, false)
        .await;
    let held = world.received().await;
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2_500) {
        device.send(&[0xC0, 0]).await;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    held.ack.accept();
    assert_eq!(device.puback().await.1, 0);
    assert_eq!(device.packet().await.first, 0xD0);
}

#[tokio::test]
async fn whoever_does_not_log_in_is_closed() {
    let world = World::with(|config| config.connect_timeout = Duration::from_millis(50)).await;
    let mut mute = Raw::open(&world).await;
    mute.closed().await;
    let mut slow = Raw::open(&world).await;
    let connect = Connect {
        client_id: "d1",
        ..Connect::default()
    };
    slow.send(&connect.bytes()[..10]).await;
    slow.closed().await;
}

#[tokio::test]
async fn the_host_can_close_a_session() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut revoked = Raw::admitted(&mut world, connect).await;
    let mut old = Raw::device(&mut world, "d2").await;
    world
        .broker
        .disconnect(&device("d1"), DisconnectCause::CredentialsRevoked);
    world
        .broker
        .disconnect(&device("d2"), DisconnectCause::Administrative);
    world
        .broker
        .disconnect(&device("d3"), DisconnectCause::Administrative);
    assert_eq!(
        revoked.disconnected().await,
        (0x87, "credentials_revoked".into())
    );
    old.closed().await;
}

#[tokio::test]
async fn a_withdrawal_is_not_outrun_by_a_login_under_way() {
    let world = World::new().await;
    let permits = world.host.may_authenticate.available_permits();
    world.host.may_authenticate.forget_permits(permits);
    let mut operator = Raw::open(&world).await;
    let connect = Connect {
        client_id: "viewer",
        v5: true,
        ..Connect::default()
    };
    operator.begin(&connect).await;
    soon(async {
        while world.host.logins.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world
        .broker
        .disconnect(&viewer(), DisconnectCause::CredentialsRevoked);
    world.host.may_authenticate.add_permits(permits);
    assert_eq!(operator.packet().await.first, 0x20);
    assert_eq!(
        operator.disconnected().await,
        (0x87, "credentials_revoked".into())
    );
    Raw::connect(&world, connect).await.ping().await;
}

#[tokio::test]
async fn two_hundred_connections_that_come_and_break_leave_the_broker_as_it_was() {
    let mut world = World::new().await;
    for round in 0..200 {
        let id = ["a", "b", "c", "d", "e"][round % 5];
        let connect = Connect {
            client_id: id,
            will: None,
            ..Connect::default()
        };
        let mut raw = Raw::open(&world).await;
        match round % 4 {
            0 => {}
            1 => raw.send(&connect.bytes()[..7]).await,
            2 => raw.send(&connect.bytes()).await,
            _ => {
                raw.log_in(connect).await;
                raw.subscribe(&format!("fleet/v1/devices/{id}/#"), 1).await;
            }
        }
        reset(raw.stream);
    }
    let mut device = Raw::device(&mut world, "a").await;
    device.ping().await;
}

/// Closes with RST, as a crashed client's kernel does.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn beyond_the_limit_connections_are_closed_and_room_is_made_by_leaving() {
    let mut world = World::with(|config| config.connections_max = 1).await;
    let first = Raw::device(&mut world, "d1").await;
    let mut second = Raw::open(&world).await;
    second.closed().await;
    drop(first);
    soon(async {
        loop {
            let mut raw = Raw::open(&world).await;
            let connect = Connect {
                client_id: "d2",
                ..Connect::default()
            };
            raw.try_send(&connect.bytes()).await;
            if raw.next().await.is_some() {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_tells_every_client_and_ends() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut modern = Raw::admitted(&mut world, connect).await;
    let mut old = Raw::device(&mut world, "d2").await;
    let mut unnamed = Raw::open(&world).await;
    let address = world.broker.address();
    let broker = world.broker.clone();
    let shutdown = tokio::spawn(async move { broker.shutdown().await });
    assert_eq!(modern.disconnected().await, (0x8B, "shutting_down".into()));
    old.closed().await;
    unnamed.closed().await;
    drop((modern, old, unnamed));
    soon(shutdown).await.unwrap();
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_second_connect_is_a_protocol_error() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect.clone()).await;
    device.send(&connect.bytes()).await;
    assert_eq!(device.disconnected().await, (0x82, "protocol_error".into()));
}

#[tokio::test]
async fn a_version_that_is_not_spoken_is_answered_in_the_nearest_one() {
    let world = World::new().await;
    for (name, level, answer) in [
        ("MQTT", 3_u8, vec![0, 1]),
        ("MQIsdp", 3, vec![0, 1]),
        ("MQTT", 6, vec![0, 0x84]),
        ("mqtt", 4, vec![0, 1]),
    ] {
        let mut body = crate::raw::text(name);
        body.extend([level, 2, 0, 0, 0, 1, b'd']);
        let mut raw = Raw::open(&world).await;
        raw.send(&packet(0x10, &body)).await;
        let connack = raw.packet().await;
        assert_eq!(connack.first, 0x20);
        assert_eq!(connack.body[..2], answer, "{name} {level}");
        raw.closed().await;
    }
}
