//! Who may say and hear what.
//!
//! A device owns the topics below its own id and nothing else. An operator commands on its own topics and reads what the
//! engine publishes for people. An operator's filter may be broader than its rights (`fleet/v1/#`): it is accepted when it
//! can match at least one topic the role may read, and every message is checked again on delivery. A device's filter must
//! lie below its own id entirely, since a device that asks for more is misconfigured or worse.

use fleetfold_schemas::{
    id::{DeviceId, OperatorId},
    operator::Tenants,
    topic::{DeviceTopic, OperatorTopic, ROOT, Topic},
};

use crate::{
    host::{Concerns, Identity, Role},
    refusal::Refusal,
};

/// What a device may subscribe to.
pub(crate) const DEVICE_READS: [DeviceTopic; 5] = [
    DeviceTopic::Ack,
    DeviceTopic::Job,
    DeviceTopic::ChunkData,
    DeviceTopic::Presence,
    DeviceTopic::Status,
];

/// Reads the topic of a publish and says whether this identity may publish there.
///
/// # Errors
/// The refusal that the client is told.
pub fn publishable(who: &Identity, topic: &str) -> Result<Topic, Refusal> {
    match who {
        Identity::Device { id, .. } => device_publishes(id, topic),
        Identity::Operator { id, role, tenants } => operator_publishes(id, *role, tenants, topic),
    }
}

fn device_publishes(id: &DeviceId, topic: &str) -> Result<Topic, Refusal> {
    // The common case without an allocation: the id is the session's own.
    let own = below(topic, "devices", id.as_str()).and_then(|rest| {
        DeviceTopic::ALL
            .into_iter()
            .find(|kind| kind.as_str() == rest)
    });
    let Some(kind) = own else {
        return Err(match Topic::parse(topic) {
            Ok(_) => Refusal::NotAuthorized,
            Err(_) => Refusal::UnknownTopic,
        });
    };
    match kind {
        DeviceTopic::Hello
        | DeviceTopic::Report
        | DeviceTopic::Presence
        | DeviceTopic::ChunkGet => Ok(Topic::Device(id.clone(), kind)),
        DeviceTopic::Ack | DeviceTopic::Job | DeviceTopic::Status | DeviceTopic::ChunkData => {
            Err(Refusal::NotAuthorized)
        }
    }
}

fn operator_publishes(
    own: &OperatorId,
    role: Role,
    tenants: &Tenants,
    topic: &str,
) -> Result<Topic, Refusal> {
    let topic = Topic::parse(topic).map_err(|_| Refusal::UnknownTopic)?;
    match &topic {
        // Everybody may set the own password; the engine says who may give which command.
        Topic::Operator(id, OperatorTopic::Command) if id == own => Ok(topic),
        // Releases are everybody's, so who is there for some does not make any.
        Topic::Operator(id, OperatorTopic::Upload(..))
            if id == own && role > Role::Viewer && tenants.is_all() =>
        {
            Ok(topic)
        }
        _ => Err(Refusal::NotAuthorized),
    }
}

/// What follows `fleet/v1/{kind}/{id}/`.
fn below<'a>(topic: &'a str, kind: &str, id: &str) -> Option<&'a str> {
    let mut rest = topic;
    for level in [ROOT, kind, id] {
        rest = rest.strip_prefix(level)?.strip_prefix('/')?;
    }
    Some(rest)
}

/// Whether a message on this topic may be given to this identity.
#[must_use]
pub fn readable(who: &Identity, topic: &Topic) -> bool {
    match (who, topic) {
        (Identity::Device { id, .. }, Topic::Device(device, kind)) => {
            id == device && DEVICE_READS.contains(kind)
        }
        (Identity::Device { .. }, _) => false,
        (Identity::Operator { .. }, Topic::Device(_, kind)) => {
            matches!(kind, DeviceTopic::Status | DeviceTopic::Presence)
        }
        (Identity::Operator { id, .. }, Topic::Operator(operator, kind)) => {
            id == operator && matches!(kind, OperatorTopic::Reply)
        }
        (Identity::Operator { role, tenants, .. }, Topic::LogFacts) => {
            *role == Role::Admin && tenants.is_all()
        }
        (
            Identity::Operator { .. },
            Topic::Campaign(..)
            | Topic::Release(..)
            | Topic::Alert(_)
            | Topic::Ticket(_)
            | Topic::FleetSummary,
        ) => true,
    }
}

/// Whether a message that this identity may read is for its tenants. Operators of all tenants, and devices, cost nothing.
#[must_use]
pub fn in_scope(who: &Identity, topic: &Topic, concerns: Concerns<'_>) -> bool {
    let Identity::Operator { tenants, .. } = who else {
        return true;
    };
    match topic {
        _ if tenants.is_all() => true,
        // Its own, and everybody's.
        Topic::Operator(..) | Topic::Release(..) => true,
        Topic::Device(..) | Topic::Campaign(..) | Topic::Alert(_) | Topic::Ticket(_) => {
            concerns(tenants)
        }
        // They count everybody's. What is retained is the host's choice.
        Topic::FleetSummary | Topic::LogFacts => false,
    }
}

/// Whether this identity may hold this subscription.
///
/// # Errors
/// The refusal that the client is told.
pub fn subscribable(who: &Identity, filter: &str) -> Result<(), Refusal> {
    if filter.starts_with("$share/") {
        return Err(Refusal::SharedSubscription);
    }
    let allowed = match who {
        Identity::Device { id, .. } => DEVICE_READS
            .iter()
            .any(|kind| device_filter_matches(id, filter, *kind)),
        Identity::Operator { id, role, tenants } => operator_reads(id, *role, tenants)
            .iter()
            .any(|pattern| overlap(filter, pattern)),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::NotAuthorized)
    }
}

/// Whether a filter that lies below the device's own id matches this topic of it.
pub(crate) fn device_filter_matches(id: &DeviceId, filter: &str, kind: DeviceTopic) -> bool {
    below(filter, "devices", id.as_str())
        .is_some_and(|rest| fleetfold_schemas::topic::matches(rest, kind.as_str()))
}

/// The topics of `readable` for an operator, as filters.
fn operator_reads(id: &OperatorId, role: Role, tenants: &Tenants) -> Vec<String> {
    let mut reads = vec![
        fleetfold_schemas::topic::filter::every_device_status(),
        format!("{ROOT}/devices/+/{}", DeviceTopic::Presence.as_str()),
        fleetfold_schemas::topic::filter::every_campaign_status(),
        fleetfold_schemas::topic::filter::every_campaign_report(),
        fleetfold_schemas::topic::filter::every_release(),
        fleetfold_schemas::topic::filter::every_alert(),
        fleetfold_schemas::topic::filter::every_ticket(),
        Topic::FleetSummary.to_string(),
        Topic::Operator(id.clone(), OperatorTopic::Reply).to_string(),
    ];
    if role == Role::Admin && tenants.is_all() {
        reads.push(Topic::LogFacts.to_string());
    }
    reads
}

/// Whether some topic name matches both filters.
fn overlap(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.split('/'), right.split('/'));
    loop {
        match (left.next(), right.next()) {
            (None, None) | (Some("#"), _) | (_, Some("#")) => return true,
            (Some(a), Some(b)) if a == b || a == "+" || b == "+" => {}
            _ => return false,
        }
    }
}

/// Topics whose value stays: a subscriber gets it at once, and it is published as retained.
#[must_use]
pub const fn is_retained(topic: &Topic) -> bool {
    match topic {
        Topic::Device(_, kind) => matches!(
            kind,
            DeviceTopic::Job | DeviceTopic::Status | DeviceTopic::Presence
        ),
        Topic::Campaign(..)
        | Topic::Release(..)
        | Topic::Alert(_)
        | Topic::Ticket(_)
        | Topic::FleetSummary => true,
        Topic::Operator(..) | Topic::LogFacts => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str) -> Identity {
        Identity::Device {
            id: DeviceId::parse(id).unwrap(),
            login_counter: None,
        }
    }

    fn operator(id: &str, role: Role) -> Identity {
        Identity::Operator {
            id: OperatorId::parse(id).unwrap(),
            role,
            tenants: Tenants::All,
        }
    }

    fn of_acme(role: Role) -> Identity {
        Identity::Operator {
            id: OperatorId::parse("ann").unwrap(),
            role,
            tenants: Tenants::Only(vec!["acme".parse().unwrap()]),
        }
    }

    #[test]
    fn who_may_publish_where() {
        use Refusal::{NotAuthorized, UnknownTopic};
        let piece = format!("upload/{}/0", "ab".repeat(32));
        let yes = None;
        for (who, topic, refusal) in [
            (device("d1"), "devices/d1/hello", yes),
            (device("d1"), "devices/d1/report", yes),
            (device("d1"), "devices/d1/presence", yes),
            (device("d1"), "devices/d1/chunk/get", yes),
            (device("d1"), "devices/d1/job", Some(NotAuthorized)),
            (device("d1"), "devices/d1/ack", Some(NotAuthorized)),
            (device("d1"), "devices/d1/status", Some(NotAuthorized)),
            (device("d1"), "devices/d1/chunk/data", Some(NotAuthorized)),
            (device("d1"), "devices/d2/hello", Some(NotAuthorized)),
            (device("d1"), "devices/d11/hello", Some(NotAuthorized)),
            (device("d1"), "devices/d/hello", Some(NotAuthorized)),
            (device("d1"), "devices/d1/hello/", Some(UnknownTopic)),
            (device("d1"), "devices/d1/nothing", Some(UnknownTopic)),
            (device("d1"), "devices/d1", Some(UnknownTopic)),
            (device("d1"), "operators/d1/command", Some(NotAuthorized)),
            (device("d1"), "fleet/summary", Some(NotAuthorized)),
            (
                operator("d1", Role::Admin),
                "devices/d1/hello",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Operator),
                "operators/ann/command",
                yes,
            ),
            (
                operator("ann", Role::Operator),
                &format!("operators/ann/{piece}"),
                yes,
            ),
            (operator("ann", Role::Viewer), "operators/ann/command", yes),
            (
                operator("ann", Role::Viewer),
                &format!("operators/ann/{piece}"),
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "operators/bob/command",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "operators/ann/reply",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "campaigns/c/status",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "log/facts",
                Some(NotAuthorized),
            ),
            (operator("ann", Role::Admin), "log/fact", Some(UnknownTopic)),
        ] {
            let text = format!("{ROOT}/{topic}");
            match publishable(&who, &text) {
                Ok(topic) => {
                    assert_eq!(topic.to_string(), text);
                    assert_eq!(refusal, None, "{who:?} {text}");
                }
                Err(found) => assert_eq!(Some(found), refusal, "{who:?} {text}"),
            }
        }
        assert_eq!(publishable(&device("d1"), "$SYS/x"), Err(UnknownTopic));
        assert_eq!(publishable(&device("d1"), "é/x"), Err(UnknownTopic));
    }

    #[test]
    fn who_may_subscribe_to_what() {
        use Refusal::{NotAuthorized, SharedSubscription};
        let yes = None;
        for (who, filter, refusal) in [
            (device("d1"), "fleet/v1/devices/d1/job", yes),
            (device("d1"), "fleet/v1/devices/d1/#", yes),
            (device("d1"), "fleet/v1/devices/d1/+", yes),
            (device("d1"), "fleet/v1/devices/d1/chunk/+", yes),
            (device("d1"), "fleet/v1/devices/d1/+/data", yes),
            (device("d1"), "fleet/v1/devices/d1/presence", yes),
            (
                device("d1"),
                "fleet/v1/devices/d1/hello",
                Some(NotAuthorized),
            ),
            (
                device("d1"),
                "fleet/v1/devices/d1/chunk/get",
                Some(NotAuthorized),
            ),
            (device("d1"), "fleet/v1/devices/d1", Some(NotAuthorized)),
            (device("d1"), "fleet/v1/devices/d2/job", Some(NotAuthorized)),
            (device("d1"), "fleet/v1/devices/+/job", Some(NotAuthorized)),
            (device("d1"), "fleet/v1/devices/#", Some(NotAuthorized)),
            (device("d1"), "#", Some(NotAuthorized)),
            (device("d1"), "fleet/v1/fleet/summary", Some(NotAuthorized)),
            (
                device("d1"),
                "$share/g/fleet/v1/devices/d1/job",
                Some(SharedSubscription),
            ),
            (operator("ann", Role::Viewer), "#", yes),
            (operator("ann", Role::Viewer), "fleet/v1/#", yes),
            (
                operator("ann", Role::Viewer),
                "fleet/v1/devices/+/status",
                yes,
            ),
            (operator("ann", Role::Viewer), "fleet/v1/devices/d1/#", yes),
            (
                operator("ann", Role::Viewer),
                "fleet/v1/devices/+/job",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "fleet/v1/devices/d1/chunk/data",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Viewer),
                "fleet/v1/operators/ann/reply",
                yes,
            ),
            (
                operator("ann", Role::Viewer),
                "fleet/v1/operators/+/reply",
                yes,
            ),
            (
                operator("ann", Role::Admin),
                "fleet/v1/operators/bob/reply",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Admin),
                "fleet/v1/operators/+/command",
                Some(NotAuthorized),
            ),
            (
                operator("ann", Role::Approver),
                "fleet/v1/log/facts",
                Some(NotAuthorized),
            ),
            (operator("ann", Role::Admin), "fleet/v1/log/facts", yes),
            (operator("ann", Role::Admin), "$SYS/#", Some(NotAuthorized)),
        ] {
            assert_eq!(
                subscribable(&who, filter).err(),
                refusal,
                "{who:?} {filter}"
            );
        }
    }

    #[test]
    fn what_may_be_read_and_what_may_be_subscribed_agree() {
        let digest = "ab".repeat(32);
        let mut topics = vec![
            "operators/ann/command".to_owned(),
            "operators/ann/reply".to_owned(),
            "operators/bob/reply".to_owned(),
            format!("operators/ann/upload/{digest}/0"),
            "campaigns/c/status".to_owned(),
            "releases/m/1".to_owned(),
            "alerts/c-failure_rate".to_owned(),
            "tickets/t-4711".to_owned(),
            "fleet/summary".to_owned(),
            "log/facts".to_owned(),
        ];
        for id in ["d1", "d2"] {
            topics.extend(DeviceTopic::ALL.map(|kind| format!("devices/{id}/{}", kind.as_str())));
        }
        for who in [
            device("d1"),
            operator("ann", Role::Viewer),
            operator("ann", Role::Approver),
            operator("ann", Role::Admin),
            of_acme(Role::Approver),
            of_acme(Role::Admin),
        ] {
            for topic in &topics {
                let text = format!("{ROOT}/{topic}");
                let parsed = Topic::parse(&text).unwrap();
                assert_eq!(
                    readable(&who, &parsed),
                    subscribable(&who, &text).is_ok(),
                    "{who:?} {text}"
                );
            }
        }
    }

    #[test]
    fn who_is_there_for_some_tenants_gets_what_is_theirs_and_everybodys() {
        let acme = |tenants: &Tenants| *tenants == Tenants::Only(vec!["acme".parse().unwrap()]);
        let others = |_: &Tenants| false;
        for (topic, own, of_others) in [
            ("devices/d1/status", true, false),
            ("devices/d1/presence", true, false),
            ("campaigns/c/status", true, false),
            ("campaigns/c/report", true, false),
            ("alerts/a", true, false),
            ("releases/m/1", true, true),
            ("operators/ann/reply", true, true),
            ("fleet/summary", false, false),
            ("log/facts", false, false),
        ] {
            let topic = Topic::parse(&format!("{ROOT}/{topic}")).unwrap();
            let confined = of_acme(Role::Admin);
            assert_eq!(in_scope(&confined, &topic, &acme), own, "{topic}");
            assert_eq!(in_scope(&confined, &topic, &others), of_others, "{topic}");
            assert!(in_scope(&operator("ann", Role::Viewer), &topic, &others));
            assert!(in_scope(&device("d1"), &topic, &others));
        }
        let piece = format!("{ROOT}/operators/ann/upload/{}/0", "ab".repeat(32));
        let refused = publishable(&of_acme(Role::Operator), &piece);
        assert_eq!(refused, Err(Refusal::NotAuthorized));
    }
}
