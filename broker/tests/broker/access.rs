//! Who may say and hear what, as clients see it.

use fleetfold_broker::{Qos, Refusal};
use fleetfold_schemas::topic::DeviceTopic;

use crate::{
    raw::{Connect, Raw},
    world::{World, device_topic},
};

#[tokio::test]
async fn a_device_speaks_only_after_its_hello() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::connect(&world, connect).await;
    let id = device
        .publish("fleet/v1/devices/d1/report", "x", 1, false)
        .await;
    assert_eq!(
        device.puback_reason().await,
        (id, 0x87, "hello_first".into())
    );
    assert_eq!(world.refused().await, Refusal::HelloFirst);
    let id = device
        .publish("fleet/v1/devices/d1/presence", "online", 1, true)
        .await;
    assert_eq!(
        device.puback_reason().await,
        (id, 0x87, "hello_first".into())
    );
    assert!(world.received_already().is_none());
}

#[tokio::test]
async fn what_follows_a_hello_at_once_is_held_until_the_device_is_admitted() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        ..Connect::default()
    };
    let mut device = Raw::connect(&world, connect).await;
    let hello = device
        .publish("fleet/v1/devices/d1/hello", "x", 1, false)
        .await;
    let report = device
        .publish("fleet/v1/devices/d1/report", "x", 1, false)
        .await;
    let received = world.received().await;
    assert!(world.received_already().is_none());
    received.ack.accept();
    assert_eq!(device.puback().await, (hello, 0));
    assert!(world.received_already().is_none());
    received.session.admit(None);
    world.received().await.ack.accept();
    assert_eq!(device.puback().await, (report, 0));
}

#[tokio::test]
async fn a_device_whose_hello_is_not_accepted_in_time_is_closed() {
    let mut world =
        World::with(|config| config.hello_timeout = std::time::Duration::from_millis(50)).await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut silent = Raw::connect(&world, connect.clone()).await;
    assert_eq!(silent.disconnected().await, (0x87, "hello_timeout".into()));
    let mut waiting = Raw::connect(&world, connect).await;
    waiting
        .publish("fleet/v1/devices/d1/hello", "x", 0, false)
        .await;
    world.received().await;
    assert_eq!(waiting.disconnected().await, (0x87, "hello_timeout".into()));
}

#[tokio::test]
async fn messages_and_retained_values_come_with_admission_and_the_ack_before() {
    let mut world = World::new().await;
    world.set("fleet/v1/devices/d1/job", "signed job");
    let connect = Connect {
        client_id: "d1",
        ..Connect::default()
    };
    let mut device = Raw::connect(&world, connect).await;
    assert_eq!(device.subscribe("fleet/v1/devices/d1/#", 1).await, 1);
    let job = device_topic("d1", DeviceTopic::Job);
    let ack = device_topic("d1", DeviceTopic::Ack);
    assert!(!world.broker.has_subscriber(&job));
    assert!(world.broker.has_subscriber(&ack));
    world
        .broker
        .publish(&job, "live job".into(), Qos::AtLeastOnce);
    device.ping().await;
    world.broker.publish(&ack, "held".into(), Qos::AtMostOnce);
    assert_eq!(device.message().await.payload, "held");

    device
        .publish("fleet/v1/devices/d1/hello", "x", 0, false)
        .await;
    world.received().await.session.admit(None);
    let message = device.message().await;
    assert_eq!(
        (message.payload.as_str(), message.retain, message.qos),
        ("signed job", true, 1)
    );
    assert!(world.broker.has_subscriber(&job));
}

#[tokio::test]
async fn a_forged_topic_is_refused_and_the_host_is_told() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut modern = Raw::admitted(&mut world, connect).await;
    for (topic, reason, code) in [
        ("fleet/v1/devices/d2/report", 0x87, "not_authorized"),
        ("fleet/v1/devices/d1/job", 0x87, "not_authorized"),
        ("fleet/v1/operators/admin/command", 0x87, "not_authorized"),
        ("fleet/v1/devices/d1/nothing", 0x90, "unknown_topic"),
        ("é/x", 0x90, "unknown_topic"),
        ("$SYS/broker", 0x90, "unknown_topic"),
    ] {
        let id = modern.publish(topic, "x", 1, false).await;
        assert_eq!(
            modern.puback_reason().await,
            (id, reason, code.into()),
            "{topic}"
        );
        assert_eq!(world.refused().await.code(), code);
    }
    // A 3.1.1 client can't be told no; it is acknowledged, and the host knows.
    let mut old = Raw::device(&mut world, "d3").await;
    let id = old
        .publish("fleet/v1/devices/d1/report", "x", 1, false)
        .await;
    assert_eq!(old.puback().await, (id, 0));
    assert_eq!(world.refused().await, Refusal::NotAuthorized);
    assert!(world.received_already().is_none());
}

#[tokio::test]
async fn only_presence_may_be_retained() {
    let mut world = World::new().await;
    let connect = Connect {
        client_id: "d1",
        v5: true,
        ..Connect::default()
    };
    let mut device = Raw::admitted(&mut world, connect).await;
    let id = device
        .publish("fleet/v1/devices/d1/report", "x", 1, true)
        .await;
    assert_eq!(
        device.puback_reason().await,
        (id, 0x87, "retain_refused".into())
    );
    let id = device
        .publish("fleet/v1/devices/d1/presence", &"x".repeat(257), 1, true)
        .await;
    assert_eq!(
        device.puback_reason().await,
        (id, 0x97, "presence_too_large".into())
    );
    let id = device
        .publish("fleet/v1/devices/d1/presence", &"x".repeat(256), 1, true)
        .await;
    assert_eq!(device.puback().await, (id, 0));
    let mut operator = Raw::operator(&world, "operator").await;
    operator
        .publish("fleet/v1/operators/operator/command", "x", 1, true)
        .await;
    operator.puback().await;
    for code in ["retain_refused", "presence_too_large", "retain_refused"] {
        assert_eq!(world.refused().await.code(), code);
    }
    assert!(world.received_already().is_none());
}

#[tokio::test]
async fn a_foreign_subscription_is_refused_and_hears_nothing() {
    let mut world = World::new().await;
    world.set("fleet/v1/devices/d2/job", "secret job");
    let mut old = Raw::device(&mut world, "d1").await;
    for filter in [
        "fleet/v1/devices/d2/job",
        "fleet/v1/devices/+/job",
        "#",
        "$share/g/#",
    ] {
        assert_eq!(old.subscribe(filter, 1).await, 0x80, "{filter}");
    }
    let connect = Connect {
        client_id: "d3",
        v5: true,
        ..Connect::default()
    };
    let mut modern = Raw::admitted(&mut world, connect).await;
    assert_eq!(modern.subscribe("fleet/v1/devices/d2/job", 1).await, 0x87);
    assert_eq!(
        modern
            .subscribe("$share/g/fleet/v1/devices/d3/job", 1)
            .await,
        0x9E
    );
    world.broker.publish(
        &device_topic("d2", DeviceTopic::Job),
        "x".into(),
        Qos::AtLeastOnce,
    );
    old.ping().await;
    modern.ping().await;
}

#[tokio::test]
async fn an_operators_wildcard_delivers_what_its_role_may_read() {
    let mut world = World::new().await;
    let mut viewer = Raw::operator(&world, "viewer").await;
    assert_eq!(viewer.subscribe("fleet/v1/#", 1).await, 1);
    let mut admin = Raw::operator(&world, "admin").await;
    assert_eq!(admin.subscribe("fleet/v1/+/+/#", 0).await, 0);
    let publish = |topic: &str| {
        let topic = fleetfold_schemas::topic::Topic::parse(topic).unwrap();
        world.broker.publish(&topic, "x".into(), Qos::AtLeastOnce);
    };
    for topic in [
        "fleet/v1/devices/d1/job",
        "fleet/v1/devices/d1/ack",
        "fleet/v1/devices/d1/status",
        "fleet/v1/operators/admin/reply",
        "fleet/v1/operators/viewer/reply",
        "fleet/v1/log/facts",
        "fleet/v1/releases/m/1",
    ] {
        publish(topic);
    }
    for topic in [
        "devices/d1/status",
        "operators/viewer/reply",
        "releases/m/1",
    ] {
        let message = viewer.message().await;
        assert_eq!(message.topic, format!("fleet/v1/{topic}"));
        assert_eq!((message.qos, message.retain), (1, false));
        viewer.acknowledge(message.id).await;
    }
    for topic in [
        "devices/d1/status",
        "operators/admin/reply",
        "log/facts",
        "releases/m/1",
    ] {
        let message = admin.message().await;
        assert_eq!(message.topic, format!("fleet/v1/{topic}"));
        assert_eq!(message.qos, 0);
    }
    viewer.ping().await;
    admin.ping().await;
    assert!(world.received_already().is_none());
}

#[tokio::test]
async fn logins_are_refused_with_the_code_that_says_why() {
    let world = World::new().await;
    let device = Connect {
        client_id: "d1",
        ..Connect::default()
    };
    let operator = Connect {
        username: "operator",
        ..Connect::default()
    };
    let will = Some(("fleet/v1/devices/d1/presence", "offline", true));
    for (what, connect, v4, v5) in [
        (
            "wrong",
            Connect {
                password: "wrong",
                ..device.clone()
            },
            4,
            0x86,
        ),
        (
            "busy",
            Connect {
                password: "busy",
                ..device.clone()
            },
            3,
            0x89,
        ),
        (
            "retired",
            Connect {
                password: "retired",
                ..device.clone()
            },
            5,
            0x87,
        ),
        (
            "not its id",
            Connect {
                username: "d2",
                ..device.clone()
            },
            2,
            0x85,
        ),
        (
            "no id",
            Connect {
                client_id: "",
                username: "d1",
                ..device.clone()
            },
            2,
            0x85,
        ),
        (
            "the will of another",
            Connect {
                will: Some(("fleet/v1/devices/d2/presence", "x", true)),
                ..device.clone()
            },
            5,
            0x87,
        ),
        (
            "a will that is no presence",
            Connect {
                will: Some(("fleet/v1/devices/d1/report", "x", false)),
                ..device.clone()
            },
            5,
            0x87,
        ),
        (
            "the will of an operator",
            Connect {
                client_id: "o",
                will,
                ..operator.clone()
            },
            5,
            0x87,
        ),
    ] {
        let mut old = Raw::open(&world).await;
        let connack = old.log_in(connect.clone()).await;
        assert_eq!((connack.first, connack.body), (0x20, vec![0, v4]), "{what}");
        old.closed().await;
        let mut modern = Raw::open(&world).await;
        let connack = modern
            .log_in(Connect {
                v5: true,
                ..connect
            })
            .await;
        assert_eq!((connack.first, connack.body[1]), (0x20, v5), "{what}");
        modern.closed().await;
    }
    let mut assigned = Raw::open(&world).await;
    let connack = assigned
        .log_in(Connect {
            v5: true,
            ..operator
        })
        .await;
    assert_eq!(connack.body[1], 0);
    assert!(String::from_utf8_lossy(&connack.body).contains("assigned-"));
}

#[tokio::test]
async fn a_v5_client_is_told_what_is_offered() {
    let world = World::new().await;
    let mut raw = Raw::open(&world).await;
    let connack = raw
        .log_in(Connect {
            client_id: "d1",
            v5: true,
            // A session of an hour.
            properties: &[0x11, 0, 0, 14, 16],
            ..Connect::default()
        })
        .await;
    let expected = [
        0x11, 0, 0, 0, 0, // session expiry 0
        0x21, 0, 100, // receive maximum
        0x24, 1, // maximum QoS
        0x27, 0, 1, 0, 0, // maximum packet size
        0x22, 0, 0, // no topic alias
        0x29, 0, // no subscription identifiers
        0x2A, 0, // no shared subscriptions
    ];
    let mut properties: Vec<u8> = connack.body[3..].into();
    assert_eq!(properties.len(), expected.len());
    properties.sort_unstable();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(properties, sorted, "in whatever order");
}

#[tokio::test]
async fn an_operators_wildcard_delivers_what_its_tenants_are_concerned_with() {
    let mut world = World::new().await;
    let of = |client_id| Connect {
        client_id,
        username: "viewer",
        ..Connect::default()
    };
    let mut acme = Raw::connect(&world, of("of-acme")).await;
    let mut everybody = Raw::connect(&world, of("v")).await;
    for operator in [&mut acme, &mut everybody] {
        assert_eq!(operator.subscribe("fleet/v1/#", 1).await, 1);
    }
    let tenant = |name: &str| name.parse::<fleetfold_schemas::Name>().unwrap();
    // Live messages: what the host says that they are about.
    for (topic, owner) in [
        ("devices/d1/status", Some("zeta")),
        ("devices/d2/status", None),
        ("campaigns/c/status", Some("zeta")),
        ("fleet/summary", Some("acme")),
        ("operators/viewer/reply", None),
        ("releases/m/1", None),
        ("devices/d3/status", Some("acme")),
    ] {
        let text = format!("fleet/v1/{topic}");
        let topic = fleetfold_schemas::topic::Topic::parse(&text).unwrap();
        let concerns = |tenants: &fleetfold_schemas::operator::Tenants| {
            owner.is_some_and(|owner| tenants.has(&tenant(owner)))
        };
        assert!(world.broker.has_subscriber_for(&topic, &concerns));
        let broker = &world.broker;
        broker.publish_for(&topic, "x".into(), Qos::AtLeastOnce, &concerns);
        assert_eq!(everybody.message().await.topic, text);
    }
    for topic in [
        "operators/viewer/reply",
        "releases/m/1",
        "devices/d3/status",
    ] {
        let text = format!("fleet/v1/{topic}");
        assert_eq!(acme.message().await.topic, text);
    }
    // Presence is that of the tenant that the device was admitted with, live and retained, and so is its will.
    for (id, owner) in [("d1", Some("acme")), ("d2", Some("zeta")), ("d3", None)] {
        let presence = format!("fleet/v1/devices/{id}/presence");
        let connect = Connect {
            client_id: id,
            will: Some((Box::leak(presence.clone().into_boxed_str()), "off", true)),
            ..Connect::default()
        };
        let mut device = Raw::connect(&world, connect).await;
        let hello = format!("fleet/v1/devices/{id}/hello");
        device.publish(&hello, "x", 0, false).await;
        world.received().await.session.admit(owner.map(tenant));
        device.publish(&presence, "on", 0, true).await;
        assert_eq!(everybody.message().await.payload, "on");
        drop(device);
        assert_eq!(everybody.message().await.payload, "off");
    }
    for payload in ["on", "off"] {
        let message = acme.message().await;
        assert_eq!(message.topic, "fleet/v1/devices/d1/presence");
        assert_eq!(message.payload, payload);
    }
    acme.ping().await;
    let mut later = Raw::connect(&world, of("of-zeta")).await;
    later.subscribe("fleet/v1/devices/+/presence", 0).await;
    assert_eq!(later.message().await.topic, "fleet/v1/devices/d2/presence");
    later.ping().await;
}
