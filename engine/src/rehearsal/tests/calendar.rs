//! Rehearsals of campaigns that may not do everything at any time.

use fleetfold_schemas::campaign::MINUTE_MS;

use super::*;

/// All at once, watched for an hour, and nothing fails. It starts on 21 September 2026 at 14:13 UTC.
fn rehearsed_with(times: &str, options: Options) -> Rehearsal {
    let description = format!(
        r#"{{"id": "spring", "release": {{"model": "sensor-a", "version": "2.0.0"}},
             "phases": [{{"name": "all", "percentage": 100, "duration_hours": 1}}], {times}}}"#
    );
    let draft: fleetfold_schemas::campaign::CampaignDraft = serde_json::from_str(&description).unwrap();
    let spec = draft.resolve(&Default::default()).unwrap();
    let options = Options {
        failure_rate: Some(BasisPoints::from_percent(0)),
        contact_ms: Some(MINUTE_MS),
        ..options
    };
    rehearsed(50, spec, options)
}

fn hours(rehearsal: &Rehearsal) -> u64 {
    let expected = &rehearsal.expected;
    assert_eq!((expected.completed, expected.updated.p10), (5, 50));
    expected.duration_ms.unwrap().p50 / HOUR_MS
}

const NIGHTLY: &str = r#""maintenance_windows": {"start": "02:00", "duration_hours": 3}"#;

#[test]
fn devices_install_within_their_windows() {
    let rehearsal = rehearsed_with(NIGHTLY, few());
    // They are open at 02:00, not before.
    assert_eq!(hours(&rehearsal), 11);
    // Everybody is asked at once, whether it may install or not.
    assert!(rehearsal.expected.peak_downloads.p50 > 1);
}

#[test]
fn who_is_ready_too_late_takes_the_next_window() {
    // An image takes 16 hours: until six in the morning.
    let slow = Options {
        bandwidth_bytes_per_s: IMAGE_BYTES / (16 * 3600),
        ..few()
    };
    assert_eq!(hours(&rehearsed_with(NIGHTLY, slow)), 24 + 11);
}

#[test]
fn nothing_starts_while_it_is_frozen() {
    let times = r#""freezes": {"from": "2026-09-20", "to": "2026-09-22"}"#;
    // To the end of the 22nd, and an hour of watching.
    assert_eq!(hours(&rehearsed_with(times, few())), 33 + 1);
    // Jobs that are out already are hidden in a freeze, and noticed after it.
    let times = r#""freezes": {"from": "2026-09-21T14:14:20Z", "to": "2026-09-22T14:14:20Z"}"#;
    assert_eq!(hours(&rehearsed_with(times, few())), 24 + 1);
}

#[test]
fn what_the_calendar_does_not_allow_is_said_before_the_start() {
    let keys = |times: &str| -> Vec<String> {
        let rehearsal = rehearsed_with(times, few());
        let findings = rehearsal.findings.into_iter().map(|finding| finding.key);
        let is_about_times = |key: &String| key != "no_rollback_image" && key != "delta_missing";
        findings.filter(is_about_times).collect()
    };
    let saturdays =
        r#""maintenance_windows": {"days": "sat", "start": "02:00", "duration_hours": 3}"#;
    assert_eq!(keys(saturdays), ["no_time_zone"]);
    let until_friday = format!(r#"{saturdays}, "schedule": {{"end": "2026-09-25T12:00:00Z"}}"#);
    assert_eq!(keys(&until_friday), ["window_never_opens", "no_time_zone"]);
    let in_august = r#""schedule": {"end": "2026-08-25T12:00:00Z"}"#;
    assert_eq!(keys(in_august), ["schedule_over"]);
    let too_short = r#""schedule": {"end": "2026-09-21T14:30:00Z"}"#;
    assert_eq!(keys(too_short), ["phases_too_long"]);
}
