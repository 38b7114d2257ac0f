//! `alerts/{alert}` and `tickets/{ticket}`

use alloc::{format, string::String, vec::Vec};

use fleetfold_schemas::{
    CampaignId, TicketId,
    campaign::{BasisPoints, human_duration},
    status::{Alert, AlertKind, AlertName, Degraded, Ticket},
};

use super::health;
use crate::{
    CampaignIx, State, Timestamp,
    fact::{Range, Trouble},
    gate::measure::Measure,
    state::{self, StorageShortage, TICKETS_MAX},
};

/// An alert, while it is raised: about the site, or about a campaign.
#[must_use]
pub fn alert(state: &State, campaign: Option<CampaignIx>, alert: AlertName) -> Option<Alert> {
    if (campaign, alert) == (None, AlertName::StorageLow) {
        return state.storage_low.map(|shortage| storage_low(&shortage));
    }
    let (alerts, campaign) = match campaign {
        None => (&state.alerts, None),
        Some(ix) => {
            let row = state.campaigns.get(ix);
            (&row.watch.alerts, Some(row.id().clone()))
        }
    };
    let standing = alerts.get(alert)?;
    let trouble = standing.trouble?;
    Some(raised(campaign, standing.changed_at, &trouble))
}

/// An alert as it was raised.
pub(super) fn raised(campaign: Option<CampaignId>, since: Timestamp, trouble: &Trouble) -> Alert {
    Alert {
        campaign,
        since_ms: since,
        text: text(trouble),
        kind: kind(trouble),
    }
}

/// All that are raised: those of the site, then those of campaigns in the order of their creation.
#[must_use]
pub fn alerts(state: &State) -> Vec<(Option<CampaignIx>, AlertName)> {
    let room = state.storage_low.map(|_| (None, AlertName::StorageLow));
    let of_site = state.alerts.raised().map(|(alert, ..)| (None, alert));
    let of_campaigns = state.campaigns.iter().flat_map(|(ix, row)| {
        let raised = row.watch.alerts.raised();
        raised.map(move |(alert, ..)| (Some(ix), alert))
    });
    room.into_iter()
        .chain(of_site)
        .chain(of_campaigns)
        .collect()
}

pub(super) fn storage_low(shortage: &StorageShortage) -> Alert {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    Alert {
        campaign: None,
        since_ms: shortage.since,
        text: format!(
            "{} MiB are left for the log, less than its floor of {} MiB; only pauses, cancels and reports on open work \
             are taken until there is room again",
            mib(shortage.free_bytes),
            mib(shortage.floor_bytes)
        ),
        kind: AlertKind::StorageLow {
            free_bytes: shortage.free_bytes,
            floor_bytes: shortage.floor_bytes,
        },
    }
}

fn percent(basis_points: u16) -> BasisPoints {
    BasisPoints::new(basis_points).unwrap_or(BasisPoints::ALL)
}

fn kind(trouble: &Trouble) -> AlertKind {
    match *trouble {
        Trouble::FailureRate {
            failed,
            outcomes,
            limit_bp,
        } => AlertKind::FailureRate {
            failed,
            outcomes,
            limit_percent: percent(limit_bp),
        },
        Trouble::Timeouts { devices, limit_ms } => AlertKind::Timeouts { devices, limit_ms },
        Trouble::Stalled {
            since,
            limit_ms,
            waiting,
        } => AlertKind::Stalled {
            last_change_ms: since,
            limit_ms,
            waiting,
        },
        Trouble::WindowNeverOpens { devices } => AlertKind::WindowNeverOpens { devices },
        Trouble::DevicesOffline {
            devices,
            known,
            limit_bp,
            limit_ms,
        } => AlertKind::DevicesOffline {
            devices,
            known,
            limit_percent: percent(limit_bp),
            limit_ms,
        },
        Trouble::PerformanceDegradation {
            measure,
            devices,
            before,
            margin,
            past,
            pairs,
            others,
        } => AlertKind::PerformanceDegradation {
            measure: measure.as_str().into(),
            unit: measure.unit().into(),
            devices,
            pairs,
            before: in_unit(measure, before),
            margin: in_unit(measure, margin),
            against_past: past.map(|range| degraded(measure, range)),
            against_others: others.map(|range| degraded(measure, range)),
        },
        Trouble::Paused { exposed } => AlertKind::Paused { exposed },
    }
}

fn text(trouble: &Trouble) -> String {
    match *trouble {
        Trouble::FailureRate {
            failed,
            outcomes,
            limit_bp,
        } => {
            let limit = percent(limit_bp);
            format!("{failed} of {outcomes} outcomes failed, more than {limit}")
        }
        Trouble::Timeouts { devices, limit_ms } => format!(
            "{} accepted a job {} ago or earlier and had no outcome",
            counted(devices),
            human_duration(limit_ms)
        ),
        Trouble::Stalled {
            limit_ms, waiting, ..
        } => format!(
            "nothing has happened for {}, with {} to wait for",
            human_duration(limit_ms),
            counted(waiting)
        ),
        Trouble::WindowNeverOpens { devices } => format!(
            "no maintenance window of {} opens before the campaign is over",
            counted(devices)
        ),
        Trouble::DevicesOffline {
            devices,
            known,
            limit_bp,
            limit_ms,
        } => format!(
            "nothing has been heard of {devices} of {} for {}, more than {}",
            counted(known),
            human_duration(limit_ms),
            percent(limit_bp)
        ),
        Trouble::PerformanceDegradation {
            measure,
            devices,
            margin,
            past,
            pairs,
            others,
            ..
        } => health::cause(measure, (past, devices), (others, pairs), margin),
        Trouble::Paused { exposed } => format!(
            "the campaign has paused by itself, with {} exposed; its status says why, and it waits for an operator",
            counted(exposed)
        ),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures are u32 and intervals about them"
)]
fn in_unit(measure: Measure, figure: i64) -> f64 {
    measure.in_unit(figure as f64)
}

fn degraded(measure: Measure, range: Range) -> Degraded {
    Degraded {
        value: in_unit(measure, range.value),
        low: in_unit(measure, range.low),
        high: in_unit(measure, range.high),
    }
}

fn counted(devices: u64) -> String {
    let noun = if devices == 1 { "device" } else { "devices" };
    format!("{devices} {noun}")
}

/// A ticket, while it is open.
#[must_use]
pub fn ticket(state: &State, number: u64) -> Option<Ticket> {
    Some(opened(state, number, state.tickets.get(number)?))
}

/// A ticket as it was opened.
pub(super) fn opened(state: &State, number: u64, ticket: &state::Ticket) -> Ticket {
    let row = state.campaigns.get(ticket.campaign);
    let device = ticket
        .member
        .map(|at| state.devices.get(row.member(at).device).id());
    let failed = u64::from(row.totals().lost + row.totals().return_failed);
    let text = match (&device, &ticket.error) {
        (None, _) => format!(
            "{} of {} have failed for good, and no more than {TICKETS_MAX} have tickets of their own at once",
            counted(failed),
            row.id()
        ),
        (Some(device), Some(error)) => format!(
            "{device} has failed for good in {}, after {}: {}, {}",
            row.id(),
            match ticket.attempts {
                1 => "1 attempt".into(),
                count => format!("{count} attempts"),
            },
            error.class,
            error.code
        ),
        (Some(device), None) => format!(
            "{device} was updated by {} and has gone back by itself",
            row.id()
        ),
    };
    Ticket {
        ticket: TicketId(number),
        campaign: row.id().clone(),
        attempts: device.is_some().then_some(ticket.attempts),
        failed_devices: device.is_none().then_some(failed),
        device,
        opened_ms: ticket.opened_at,
        text,
        error: ticket.error.clone(),
    }
}
