//! What a webhook is told.

use fleetfold_schemas::{
    TicketId,
    campaign::BasisPoints,
    codec::encode_json,
    device::ErrorClass,
    status::{Alert, AlertKind, Ticket},
    webhook::{Notice, NoticeData, NoticeKind},
};

use crate::{
    vectors::{Content, Golden},
    world::{NOW_MS, error},
};

/// [`NOW_MS`] in RFC 3339.
const NOW: &str = "2026-09-21T15:33:20Z";

fn notice(kind: NoticeKind, about: &'static str, data: NoticeData) -> Golden {
    let value = Notice {
        kind,
        timestamp: NOW.to_owned(),
        data,
    };
    let name = serde_json::to_value(kind).unwrap();
    let name = format!("webhook-{}", name.as_str().unwrap());
    let content = Content::Json(encode_json(&value));
    Golden::new(name, about, content, value, |bytes| {
        serde_json::from_slice::<Notice>(bytes)
    })
}

fn data(position: u64, id: &str) -> NoticeData {
    NoticeData {
        position,
        id: id.to_owned(),
        campaign: Some("spring".parse().unwrap()),
        alert: None,
        ticket: None,
        closed_by: None,
        reason: None,
    }
}

pub fn notices() -> Vec<Golden> {
    let alert = Alert {
        campaign: Some("spring".parse().unwrap()),
        since_ms: NOW_MS,
        text: "3 of 40 outcomes failed, more than 5 %".to_owned(),
        kind: AlertKind::FailureRate {
            failed: 3,
            outcomes: 40,
            limit_percent: BasisPoints::from_percent(5),
        },
    };
    let ticket = Ticket {
        ticket: TicketId(4711),
        campaign: "spring".parse().unwrap(),
        device: Some("press-17".parse().unwrap()),
        opened_ms: NOW_MS,
        text: "press-17 has failed for good in spring, after 3 attempts: self_test, watchdog"
            .to_owned(),
        error: Some(error(
            ErrorClass::SelfTest,
            "watchdog",
            "no heartbeat within 60 s",
        )),
        attempts: Some(3),
        failed_devices: None,
    };
    vec![
        notice(
            NoticeKind::AlertRaised,
            "Something is wrong that somebody should look at; the whole request, with what it was signed with.",
            NoticeData {
                alert: Some(alert),
                ..data(4700, "spring-failure_rate")
            },
        )
        .note("webhook-id", format!("fleetfold-4700-{NOW_MS}"))
        .note("webhook-timestamp", NOW_MS / 1000)
        .note("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        .note("webhook-signature", SIGNATURE),
        notice(
            NoticeKind::AlertCleared,
            "It is over.",
            data(4801, "spring-failure_rate"),
        ),
        notice(
            NoticeKind::TicketOpened,
            "A device has failed for good.",
            NoticeData {
                ticket: Some(ticket),
                ..data(4711, "t-4711")
            },
        ),
        notice(
            NoticeKind::TicketClosed,
            "Somebody has seen to it.",
            NoticeData {
                closed_by: Some("vera".parse().unwrap()),
                reason: Some("power supply replaced".to_owned()),
                ..data(4802, "t-4711")
            },
        ),
    ]
}

/// By Python's hmac module, of the bytes below.
const SIGNATURE: &str = "v1,auHoSTLJeOjnf06tN1Aenhd4Zd6gwItWp2iD+9WiXK8=";
