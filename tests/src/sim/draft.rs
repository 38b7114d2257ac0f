//! Campaigns as the simulation's operators write them: all that a description can say, in all its combinations.

use fleetfold_device_sim::agent::Inventory;
use fleetfold_schemas::{
    CampaignId, DeviceId, Name, TimeZoneName, Version,
    campaign::{
        AbTesting, AtLimit, BasisPoints, CampaignSpec, ClassRule, Classes, ConsentSpec, Criteria,
        Days, Download, FailureHandling, Freeze, Gates, GroupOrder, GroupSpec, HOUR_MS, Hours,
        Jitter, MINUTE_MS, MaintenanceWindow, Membership, Metric, Minutes, Monitoring, Other,
        PhaseSpec, Preconditions, Rates, ReleaseRef, Schedule, SprtSpec, StrataKey, Strategy,
        Timeouts, VersionRequirement,
    },
};
use serde_json::json;

use super::{catalog::Catalog, invariants::window::ZONES, random::Stream, trace::START_MS};

/// A device may be anything of this, and groups ask for it.
const REGIONS: [&str; 2] = ["hall", "yard"];
const TAGS: [&str; 3] = ["canary", "beta", "lab"];
const TENANT: &str = "acme";
const HARDWARE: [&str; 2] = ["1.0.0", "2.0.0"];
const ATTRIBUTE: &str = "floor";
const FLOORS: [&str; 3] = ["0", "1", "2"];
/// Where there is no clock.
const NOWHERE: &str = "Mars/Base";
/// Devices have up to as much room, and campaigns ask for it.
pub(super) const FREE_BYTES_MAX: u64 = 100_000;
/// Of one campaign.
const GROUPS_MAX: u64 = 4;
/// Devices that groups name one by one.
const NAMED_DEVICES: usize = 20;

fn name(text: &str) -> Name {
    Name::parse(text).expect("our own names are valid")
}

fn percent(percent: u8) -> BasisPoints {
    BasisPoints::from_percent(percent)
}

fn minutes(stream: &mut Stream, most: u64) -> Hours {
    Hours::from_ms(stream.within(0..=most) * MINUTE_MS)
}

/// By which a device lives.
fn clock(stream: &mut Stream) -> Option<TimeZoneName> {
    if stream.percent(5) {
        return TimeZoneName::parse(NOWHERE).ok();
    }
    zone(stream, 75)
}

/// What a device says of itself.
pub(super) fn inventory(stream: &mut Stream) -> Inventory {
    let region = stream.pick(&[None, Some(REGIONS[0]), Some(REGIONS[0]), Some(REGIONS[1])]);
    let hardware = stream.pick(&[None, Some(HARDWARE[0]), Some(HARDWARE[1])]);
    let mut inventory = Inventory {
        hardware: hardware.and_then(|text| Version::parse(text).ok()),
        region: region.map(name),
        tenant: stream.percent(60).then(|| name(TENANT)),
        time_zone: clock(stream),
        ..Inventory::default()
    };
    inventory.tags = TAGS
        .iter()
        .filter(|_| stream.percent(35))
        .map(|tag| name(tag))
        .collect();
    if stream.percent(60) {
        let floor = stream.pick(&FLOORS).to_owned();
        inventory.attributes.insert(name(ATTRIBUTE), floor);
    }
    inventory
}

/// One of all the campaigns that bring devices to the n-th release of their model, to be started about now.
pub(super) fn spec(
    stream: &mut Stream,
    id: &CampaignId,
    catalog: &Catalog,
    (release, now_ms): (usize, u64),
) -> CampaignSpec {
    let expected_failure = stream.pick(&[1, 2, 5, 10, 30]);
    let gates = gates(stream, expected_failure);
    let phases = phases(stream, expected_failure, &gates);
    let (test, phases) = match stream.percent(15) {
        true => {
            let (test, phases) = test(stream);
            (Some(test), phases)
        }
        false => (None, phases),
    };
    let watched = phases.iter().map(|phase| phase.duration_hours.ms());
    // As if each group went through them on its own.
    let watched_ms = watched.sum::<u64>() * GROUPS_MAX;
    let (schedule, freezes) = times(stream, now_ms);
    let windows = windows(stream);
    let (preconditions, waiting_hours) = preconditions(stream);
    CampaignSpec {
        schedule,
        freezes,
        download: match windows.is_empty() || stream.percent(60) {
            true => Download::Early,
            false => Download::InWindow,
        },
        maintenance_windows: windows,
        time_zone: zone(stream, 50),
        preconditions,
        groups: groups(stream, catalog),
        membership: if stream.percent(40) {
            Membership::Dynamic
        } else {
            Membership::Static
        },
        group_order: if stream.percent(30) {
            GroupOrder::Sequential
        } else {
            GroupOrder::Parallel
        },
        rollout_strategy: match test {
            Some(_) => Strategy::Ab,
            None => Strategy::default(),
        },
        ab_testing: test,
        phases,
        failure_threshold: percent(stream.pick(&[0, 5, 10, 20, 25, 50, 90])),
        sample_min: stream.pick(&[1, 2, 3, 5, 10, 20]),
        expected_failure: percent(expected_failure),
        false_pause: percent(stream.pick(&[1, 5, 10])),
        quorum: percent(stream.pick(&[50, 80, 95, 100])),
        gates,
        priority: stream.pick(&[10, 100, 100, 100, 200]),
        security: stream.percent(15),
        rates: rates(stream),
        failure_handling: failure_handling(stream),
        timeouts: Timeouts {
            contact_hours: Hours::from_ms(stream.within(30..=300) * MINUTE_MS),
            execution_hours: Hours::from_ms(stream.within(15..=180) * MINUTE_MS),
            waiting_hours,
        },
        monitoring: monitoring(stream),
        // Every third is too short for its trouble.
        max_rollout_days: Days::from_ms((stream.pick(&[3, 12, 40]) * HOUR_MS).max(watched_ms)),
        ..CampaignSpec::new(id.clone(), releases(stream, catalog, release))
    }
}

/// When it may do what: most campaigns may do everything at any time.
fn times(stream: &mut Stream, now_ms: u64) -> (Schedule, Vec<Freeze>) {
    let in_time = |minutes: u64| {
        // It is all over before January is.
        let s = (now_ms - START_MS) / 1000 + minutes * 60;
        let (day, hour, minute) = (1 + s / 86_400, s / 3600 % 24, s / 60 % 60);
        format!("2026-01-{day:02}T{hour:02}:{minute:02}:{:02}Z", s % 60)
    };
    let start = stream.percent(12).then(|| stream.within(0..=240));
    let end = stream
        .percent(20)
        .then(|| start.unwrap_or(0) + stream.within(20..=300));
    let on_end = stream.pick(&["finish", "finish", "pause", "cancel"]);
    let mut schedule = json!({});
    if let Some(start) = start {
        schedule["start"] = in_time(start).into();
    }
    if let Some(end) = end {
        schedule["end"] = in_time(end).into();
        schedule["on_end"] = on_end.into();
    }
    let freezes = (0..stream.pick(&[0, 0, 0, 0, 0, 1, 1, 2])).map(|_| {
        let from = stream.within(0..=600);
        let to = from + stream.within(1..=240);
        json!({"from": in_time(from), "to": in_time(to)})
    });
    let freezes: Vec<_> = freezes.collect();
    let times = (
        serde_json::from_value(schedule),
        serde_json::from_value(freezes.into()),
    );
    (times.0.expect("a schedule"), times.1.expect("freezes"))
}

/// Of the zones whose clocks are known here, or one that there is none of.
fn zone(stream: &mut Stream, percent: u32) -> Option<TimeZoneName> {
    let (name, _) = stream.pick(&ZONES);
    let zone = TimeZoneName::parse(name).expect("our own names are valid");
    stream.percent(percent).then_some(zone)
}

/// When devices may install: most campaigns do not care.
fn windows(stream: &mut Stream) -> Vec<MaintenanceWindow> {
    if !stream.percent(20) {
        return Vec::new();
    }
    let count = stream.pick(&[1, 2, 2, 3]);
    let window = |_| {
        let days = stream.pick(&[
            json!("*"),
            json!("*"),
            json!("*"),
            json!(["thu", "sat", "mon"]),
            json!(["fri", "sun"]),
        ]);
        let minutes = stream.within(0..=24 * 60 - 1);
        let start = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let duration = Hours::from_ms(stream.within(30..=600) * MINUTE_MS);
        MaintenanceWindow {
            days: serde_json::from_value(days).expect("days of the week"),
            start: serde_json::from_value(start.into()).expect("a time of day"),
            duration_hours: duration,
            time_zone: zone(stream, 20),
        }
    };
    (0..count).map(window).collect()
}

/// What devices have to wait for, and for how long they may.
fn preconditions(stream: &mut Stream) -> (Preconditions, Option<Hours>) {
    if !stream.percent(20) {
        return (Preconditions::default(), None);
    }
    let waiting_ms = stream.within(60..=900) * MINUTE_MS;
    let postponements_max = stream.pick(&[0, 1, 2]);
    let consent = ConsentSpec {
        required: true,
        postponements_max,
        // For the question and for the wait.
        postpone_hours_max: Hours::from_ms(waiting_ms / (2 * (u64::from(postponements_max) + 1))),
        at_limit: stream.pick(&[AtLimit::Install, AtLimit::Fail]),
    };
    let preconditions = Preconditions {
        battery_percent_min: stream.percent(50).then(|| stream.pick(&[20, 50, 90])),
        free_bytes_min: stream
            .percent(30)
            .then(|| stream.within(1..=FREE_BYTES_MAX)),
        external_power: stream.percent(25),
        consent: stream.percent(50).then_some(consent),
    };
    (preconditions, Some(Hours::from_ms(waiting_ms)))
}

/// For one model, or for all of them.
fn releases(stream: &mut Stream, catalog: &Catalog, release: usize) -> Vec<ReleaseRef> {
    let only = stream.below(catalog.models.len());
    let all = stream.percent(60);
    let models = catalog.models.iter().enumerate();
    models
        .filter(|(at, _)| all || *at == only)
        .map(|(_, model)| ReleaseRef {
            model: model.id.clone(),
            version: model.releases[release].version.clone(),
        })
        .collect()
}

fn phases(stream: &mut Stream, expected_failure: u8, gates: &Gates) -> Vec<PhaseSpec> {
    let shares: &[&[u8]] = &[
        &[100],
        &[10, 100],
        &[1, 25, 100],
        &[5, 20, 50, 100],
        &[30, 60],
    ];
    let shares = stream.pick(shares);
    let phase = |(number, share): (usize, &u8)| PhaseSpec {
        name: name(&format!("phase-{number}")),
        percentage: percent(*share),
        // A phase waits for something.
        duration_hours: minutes(stream, 120).max(Hours::from_ms(MINUTE_MS)),
        wait_for_success: stream.percent(75),
        success_threshold: percent(stream.pick(&[50, 75, 80, 90, 95, 100])),
        gates: stream.percent(15).then(|| Gates {
            confident: gates.confident,
            strata: gates.strata.clone(),
            ..self::gates(stream, expected_failure)
        }),
    };
    shares.iter().enumerate().map(phase).collect()
}

/// A test is one phase.
fn test(stream: &mut Stream) -> (AbTesting, Vec<PhaseSpec>) {
    let duration_ms = stream.within(30..=360) * MINUTE_MS;
    let test = AbTesting {
        split_percentage: percent(stream.pick(&[20, 50, 50, 70])),
        metrics: stream.pick(&[
            vec![Metric::SuccessRate],
            vec![Metric::SuccessRate],
            vec![Metric::BootTime, Metric::SuccessRate],
        ]),
        test_duration_days: Days::from_ms(duration_ms),
        // Another release is found once there is one.
        other: Other::Nothing,
        promote_winner: stream.percent(70),
    };
    let phase = PhaseSpec {
        name: name("test"),
        percentage: BasisPoints::ALL,
        duration_hours: Hours::from_ms(duration_ms),
        wait_for_success: true,
        success_threshold: percent(stream.pick(&[30, 50, 75, 90])),
        gates: None,
    };
    (test, vec![phase])
}

fn gates(stream: &mut Stream, expected_failure: u8) -> Gates {
    let confident = stream.percent(85);
    let key = stream.pick(&[
        StrataKey::DeviceType,
        StrataKey::HardwareRevision,
        StrataKey::Region,
        StrataKey::Tenant,
        StrataKey::Version,
        StrataKey::Attribute(name(ATTRIBUTE)),
    ]);
    Gates {
        threshold: stream.percent(85),
        confident,
        sprt: stream.percent(25).then(|| SprtSpec {
            bad_failure: percent(stream.pick(&[2, 3]) * expected_failure),
            false_pass: percent(stream.pick(&[1, 10, 20])),
        }),
        strata: (confident && stream.percent(30)).then_some(key),
        proven_below: stream
            .percent(20)
            .then(|| percent(stream.pick(&[20, 40, 60]))),
        health: Default::default(),
    }
}

fn groups(stream: &mut Stream, catalog: &Catalog) -> Vec<GroupSpec> {
    let mut all = Vec::new();
    if stream.percent(60) {
        for _ in 0..=stream.below(3) {
            all.push(criteria(stream, catalog));
        }
    }
    if all.is_empty() || stream.percent(60) {
        all.push(Criteria::default());
    }
    let group = |(number, criteria): (usize, Criteria)| {
        // Whoever comes after a group of all would be nobody.
        let (priority, rollout_order) = if criteria.is_everything() {
            (9, 3)
        } else {
            (stream.pick(&[1, 1, 2]), stream.pick(&[1, 2, 3]))
        };
        GroupSpec {
            name: name(&format!("group-{number}")),
            priority,
            rollout_order,
            criteria,
        }
    };
    all.into_iter().enumerate().map(group).collect()
}

fn criteria(stream: &mut Stream, catalog: &Catalog) -> Criteria {
    let nothing = Criteria::default();
    let region = Some(vec![name(stream.pick(&REGIONS))]);
    match stream.below(10) {
        0 => Criteria { region, ..nothing },
        1 => Criteria {
            tags: Some(vec![name(TAGS[0])]),
            ..nothing
        },
        2 => Criteria {
            tags_any: Some(vec![name(TAGS[1]), name(TAGS[2])]),
            ..nothing
        },
        3 => Criteria {
            hardware_revision: Version::parse(stream.pick(&HARDWARE))
                .ok()
                .map(|it| vec![it]),
            ..nothing
        },
        4 => Criteria {
            tenant: Some(vec![name(TENANT)]),
            region,
            ..nothing
        },
        5 => Criteria {
            version: VersionRequirement::parse(stream.pick(&["<2.0.0", ">=2.0.0", "<3.0.0"]))
                .map(|it| vec![it]),
            ..nothing
        },
        6 => Criteria {
            attributes: [(
                name(ATTRIBUTE),
                Some(vec![FLOORS[0].to_owned(), FLOORS[1].to_owned()]),
            )]
            .into(),
            ..nothing
        },
        7 => Criteria {
            not: Some(Box::new(Criteria {
                region,
                ..Criteria::default()
            })),
            ..nothing
        },
        8 => {
            let named = (0..NAMED_DEVICES).filter(|at| *at == 0 || stream.percent(50));
            let id = |number| DeviceId::parse(&format!("device-{number}"));
            Criteria {
                devices: Some(named.filter_map(|number| id(number).ok()).collect()),
                ..nothing
            }
        }
        _ => Criteria {
            device_type: Some(vec![
                catalog.models[stream.below(catalog.models.len())]
                    .id
                    .clone(),
            ]),
            ..nothing
        },
    }
}

fn rates(stream: &mut Stream) -> Rates {
    let pace = match stream.below(10) {
        0..=5 => None,
        6 | 7 => Some(json!(stream.within(1..=4))),
        8 => Some(json!({"base": 1, "factor": 1.5, "every_notified": 3, "maximum": 9})),
        _ => Some(json!({"base": 1, "factor": 2.1, "every_succeeded": 2, "maximum": 9})),
    };
    let pace = pace.and_then(|value| serde_json::from_value(value).ok());
    let most = |stream: &mut Stream, chance, most| {
        stream
            .percent(chance)
            .then(|| u32::try_from(stream.within(1..=most)).unwrap_or(1))
    };
    Rates {
        executions_per_minute: pace,
        in_flight_max: most(stream, 20, 8),
        exposure_max: most(stream, 20, 12),
        ..Rates::default()
    }
}

fn monitoring(stream: &mut Stream) -> Monitoring {
    Monitoring {
        update_interval_minutes: Minutes::from_ms(stream.pick(&[1, 5, 5, 45]) * MINUTE_MS),
        alert_on_failure_rate: percent(stream.pick(&[0, 5, 20, 50, 100])),
        alert_on_timeout_hours: Hours::from_ms(stream.within(5..=120) * MINUTE_MS),
        alert_on_stalled_hours: stream
            .percent(70)
            .then(|| Hours::from_ms(stream.within(20..=600) * MINUTE_MS)),
        alert_on_offline_rate: Some(percent(stream.pick(&[0, 10, 20, 20, 50, 100]))),
        alert_on_offline_hours: stream
            .percent(80)
            .then(|| Hours::from_ms(stream.within(10..=120) * MINUTE_MS)),
        ..Monitoring::default()
    }
}

fn failure_handling(stream: &mut Stream) -> FailureHandling {
    let rule = |stream: &mut Stream, chance| {
        stream.percent(chance).then(|| ClassRule {
            max_retries: stream.percent(70).then(|| stream.pick(&[0, 1, 2, 4])),
            retry_backoff_hours: stream.percent(50).then(|| minutes(stream, 20)),
        })
    };
    FailureHandling {
        max_retries: stream.pick(&[0, 1, 2, 3]),
        retry_backoff_hours: minutes(stream, 40),
        retry_jitter: stream.pick(&[Jitter::Full, Jitter::Full, Jitter::None]),
        classes: Classes {
            download: rule(stream, 15),
            installation: rule(stream, 15),
            self_test: rule(stream, 15),
            rejected: rule(stream, 30),
            lost_contact: rule(stream, 15),
            ..Classes::default()
        },
        retries_max: stream
            .percent(15)
            .then(|| u32::try_from(stream.below(6)).unwrap_or(0)),
        retry_bytes_max: stream.percent(15).then(|| stream.within(0..=60_000)),
        auto_rollback_on_failure: stream.percent(35),
        create_support_tickets: stream.percent(50),
        rollback_threshold: percent(stream.pick(&[5, 20, 40])),
        ..FailureHandling::default()
    }
}
