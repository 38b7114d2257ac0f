//! What must hold before a device goes on, and how it waits.

use fleetfold_device_sim::agent::{Answer, Surroundings};
use fleetfold_schemas::job::{AtLimit, Conditions, Consent, InstallWindow, Job};

use crate::bench::{Bench, HOUR_MS, Release, firmware, job_key};

const MINUTE_MS: u64 = 60_000;
const LOW: Surroundings = Surroundings {
    battery_percent: Some(29),
    external_power: false,
    free_bytes: 1_000,
};

fn none() -> Conditions {
    Conditions {
        battery_percent_min: None,
        free_bytes_min: None,
        external_power: false,
        consent: None,
        patience_ms: 48 * HOUR_MS,
    }
}

/// Two postponements of eight hours each.
fn consent(at_limit: AtLimit) -> Conditions {
    Conditions {
        consent: Some(Consent {
            postponements_max: 2,
            postpone_ms_max: 8 * HOUR_MS,
            at_limit,
        }),
        ..none()
    }
}

fn job(bench: &mut Bench, conditions: Conditions) -> Job {
    let release = Release::new("2.0.0", 20, firmware("2.0.0", 5_000));
    let mut job = bench.job(7, &release);
    job.conditions = Some(conditions);
    job
}

/// A device that is short of everything, and a job for it.
fn low(conditions: Conditions) -> (Bench, Job) {
    let mut bench = Bench::new();
    bench.surroundings = LOW;
    let job = job(&mut bench, conditions);
    (bench, job)
}

/// A device that is online and has just been given this.
fn given(bench: &mut Bench, job: &Job) {
    bench.run();
    bench.post(job.sign(&job_key()));
    bench.settle();
}

fn times_said(bench: &Bench, what: &str) -> usize {
    let said = bench.engine.transcript.iter();
    said.filter(|line| line.ends_with(what)).count()
}

#[test]
fn a_device_waits_to_be_charged_and_says_so_once() {
    let (mut bench, job) = low(Conditions {
        battery_percent_min: Some(30),
        ..none()
    });
    given(&mut bench, &job);
    bench.pass(HOUR_MS);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for battery");
    assert_eq!(times_said(&bench, "waits for battery"), 1);
    // Just as much as is asked for.
    bench.surroundings.battery_percent = Some(30);
    bench.pass(2 * MINUTE_MS);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
}

#[test]
fn a_device_without_a_battery_or_without_conditions_does_not_wait() {
    let mut bench = Bench::new();
    bench.surroundings = Surroundings {
        battery_percent: None,
        ..LOW
    };
    let charged = job(
        &mut bench,
        Conditions {
            battery_percent_min: Some(100),
            ..none()
        },
    );
    bench.give(&charged);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");

    let (mut bench, mut plain) = low(none());
    plain.conditions = None;
    bench.give(&plain);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
}

#[test]
fn room_is_needed_before_the_download_and_power_after_it() {
    let (mut bench, job) = low(Conditions {
        battery_percent_min: Some(30),
        free_bytes_min: Some(1_001),
        external_power: true,
        ..none()
    });
    given(&mut bench, &job);
    bench.pass(HOUR_MS);
    assert_eq!(bench.said(), "1.0.0 7:downloading, waits for space");
    assert_eq!(bench.engine.requests, []);
    bench.surroundings.free_bytes = 1_001;
    bench.pass(2 * MINUTE_MS);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for power");
    bench.surroundings.external_power = true;
    bench.pass(2 * MINUTE_MS);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for battery");
    bench.surroundings.battery_percent = Some(99);
    bench.pass(2 * MINUTE_MS);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
}

#[test]
fn what_is_never_right_is_given_up_when_patience_ends() {
    let (mut bench, job) = low(Conditions {
        external_power: true,
        ..none()
    });
    let accepted_ms = bench.now;
    bench.give(&job);
    assert_eq!(bench.outcome(), "7:rejected rejected/precondition_unmet");
    assert_eq!(bench.now, accepted_ms + 48 * HOUR_MS);
    assert_eq!(bench.running().version.as_str(), "1.0.0");
}

#[test]
fn patience_is_not_renewed_by_a_power_cut() {
    let (mut bench, job) = low(Conditions {
        battery_percent_min: Some(50),
        ..none()
    });
    let accepted_ms = bench.now;
    given(&mut bench, &job);
    for _ in 0..6 {
        bench.pass(7 * HOUR_MS);
        bench.cut_power();
        bench.settle();
        assert_eq!(bench.said(), "1.0.0 7:installing, waits for battery");
    }
    bench.run();
    assert_eq!(bench.outcome(), "7:rejected rejected/precondition_unmet");
    assert_eq!(bench.now, accepted_ms + 48 * HOUR_MS);
}

#[test]
fn a_user_puts_it_off_and_agrees_at_last() {
    let mut bench = Bench::new();
    let job = job(&mut bench, consent(AtLimit::GiveUp));
    let began_ms = bench.now;
    bench.answers = [Answer::Postpone { ms: HOUR_MS }, Answer::Install].into();
    bench.give(&job);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    // When it is put off; asked again, the user agrees at once.
    assert_eq!(times_said(&bench, "waits for consent, postponed 1"), 1);
    assert_eq!(bench.questions, [2, 1]);
    assert!((HOUR_MS..2 * HOUR_MS).contains(&(bench.now - began_ms)));
}

#[test]
fn after_the_last_postponement_it_is_as_the_job_says() {
    for (at_limit, outcome) in [
        (AtLimit::Install, "7:succeeded"),
        (AtLimit::GiveUp, "7:rejected rejected/consent_denied"),
    ] {
        let mut bench = Bench::new();
        let job = job(&mut bench, consent(at_limit));
        let began_ms = bench.now;
        // For longer than is allowed.
        let later = Answer::Postpone { ms: 90 * HOUR_MS };
        bench.answers = [later; 5].into();
        bench.give(&job);
        assert_eq!(bench.outcome(), outcome);
        assert_eq!(bench.questions, [2, 1]);
        assert!((16 * HOUR_MS..17 * HOUR_MS).contains(&(bench.now - began_ms)));
    }
}

#[test]
fn no_answer_is_a_postponement() {
    let mut bench = Bench::new();
    let job = job(&mut bench, consent(AtLimit::Install));
    let began_ms = bench.now;
    bench.give(&job);
    assert_eq!(bench.outcome(), "7:succeeded");
    assert_eq!(bench.questions, [2, 1]);
    assert!((16 * HOUR_MS..17 * HOUR_MS).contains(&(bench.now - began_ms)));
}

#[test]
fn a_power_cut_neither_shortens_nor_renews_a_postponement() {
    let mut bench = Bench::new();
    let job = job(&mut bench, consent(AtLimit::Install));
    bench.answers = [Answer::Postpone { ms: 6 * HOUR_MS }].into();
    given(&mut bench, &job);
    let postponed_ms = bench.now;
    for _ in 0..5 {
        bench.cut_power();
        bench.settle();
        assert_eq!(
            bench.said(),
            "1.0.0 7:installing, waits for consent, postponed 1"
        );
        bench.pass(HOUR_MS);
    }
    assert_eq!(bench.questions, [2], "nobody is asked meanwhile");
    bench.answers = [Answer::Install].into();
    bench.run();
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert_eq!(bench.questions, [2, 1]);
    assert!(bench.now >= postponed_ms + 6 * HOUR_MS);
}

#[test]
fn who_has_agreed_is_not_asked_again_after_a_power_cut() {
    let (mut bench, job) = low(Conditions {
        battery_percent_min: Some(50),
        ..consent(AtLimit::GiveUp)
    });
    bench.answers = [Answer::Install].into();
    given(&mut bench, &job);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for battery");
    bench.cut_power();
    bench.pass(HOUR_MS);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for battery");
    bench.surroundings.battery_percent = Some(50);
    bench.run();
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert_eq!(bench.questions, [2]);
}

#[test]
fn a_question_is_shown_again_after_a_boot_but_stays_the_same_question() {
    let mut bench = Bench::new();
    let job = job(&mut bench, consent(AtLimit::Install));
    given(&mut bench, &job);
    let asked_ms = bench.now;
    bench.pass(7 * HOUR_MS);
    bench.cut_power();
    bench.settle();
    assert_eq!(bench.questions, [2, 2]);
    bench.pass(HOUR_MS);
    assert!(bench.now < asked_ms + 9 * HOUR_MS);
    assert_eq!(bench.questions, [2, 2, 1], "unanswered for eight hours");
}

#[test]
fn a_device_begins_when_the_job_lets_it() {
    let mut bench = Bench::new();
    let mut job = job(&mut bench, none());
    job.conditions = None;
    let at_ms = bench.now + 20 * MINUTE_MS;
    job.not_before_ms = Some(at_ms);
    given(&mut bench, &job);
    bench.pass(19 * MINUTE_MS);
    assert_eq!(bench.said(), "1.0.0 7:downloading, waits for start");
    assert_eq!(bench.engine.requests, []);
    bench.cut_power();
    bench.settle();
    assert_eq!(bench.said(), "1.0.0 7:downloading, waits for start");
    bench.run();
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert!(bench.now >= at_ms);
}

#[test]
fn a_user_agrees_by_day_and_the_window_opens_by_night() {
    let mut bench = Bench::new();
    let mut job = job(&mut bench, consent(AtLimit::GiveUp));
    let from_ms = bench.now + 12 * HOUR_MS;
    job.install_window = Some(InstallWindow {
        from_ms,
        until_ms: from_ms + HOUR_MS,
    });
    bench.answers = [Answer::Install].into();
    given(&mut bench, &job);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for window");
    bench.run();
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert!((from_ms..from_ms + HOUR_MS).contains(&bench.now));
    assert_eq!(bench.questions, [2]);
}

#[test]
fn a_window_that_closes_on_a_low_battery_is_no_failure() {
    let (mut bench, mut job) = low(Conditions {
        battery_percent_min: Some(30),
        ..none()
    });
    job.install_window = Some(InstallWindow {
        from_ms: 0,
        until_ms: bench.now + 2 * HOUR_MS,
    });
    bench.give(&job);
    assert_eq!(bench.outcome(), "7:rejected rejected/precondition_unmet");
}

#[test]
fn a_cancel_is_obeyed_while_the_device_waits_and_the_image_is_kept() {
    let mut bench = Bench::new();
    let first = job(&mut bench, consent(AtLimit::Install));
    given(&mut bench, &first);
    assert_eq!(bench.said(), "1.0.0 7:installing, waits for consent");
    let cancel = bench.cancel(8, 7);
    bench.give(&cancel);
    assert_eq!(bench.said(), "1.0.0 7:canceled");
    // Nobody waits for this answer any more.
    bench.agent.answered(Answer::Install, bench.now);
    bench.run();
    assert_eq!(bench.said(), "1.0.0 7:canceled");
    bench.engine.requests.clear();
    let mut again = job(&mut bench, none());
    again.sequence = 9;
    bench.give(&again);
    assert_eq!(bench.said(), "2.0.0 9:succeeded");
    assert_eq!(bench.engine.requests, [], "it is there already");
}

#[test]
fn power_may_fail_before_anything_a_waiting_device_does() {
    let play = |cuts: &[usize]| {
        let mut bench = Bench::new();
        bench.cuts = cuts.to_vec();
        let conditions = Conditions {
            battery_percent_min: Some(20),
            free_bytes_min: Some(1),
            ..consent(AtLimit::Install)
        };
        let mut job = job(&mut bench, conditions);
        job.not_before_ms = Some(bench.now + MINUTE_MS);
        bench.answers = [Answer::Postpone { ms: HOUR_MS }, Answer::Install].into();
        bench.give(&job);
        assert!(bench.flash.record().job.is_none(), "{cuts:?}");
        assert_eq!(bench.agent.record(), bench.flash.record(), "{cuts:?}");
        let said = bench.said();
        let may_fail = "1.0.0 7:failed self_test/boot_budget_spent, restored";
        assert!(
            ["2.0.0 7:succeeded", may_fail].contains(&said),
            "{cuts:?}: {said}"
        );
        bench.outputs
    };
    for cut in 0..play(&[]) {
        play(&[cut]);
    }
}
