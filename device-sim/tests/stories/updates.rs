//! Updates that go well, and those that go wrong without anybody's malice.

use fleetfold_device_sim::{agent::Task, flash::SlotState};
use fleetfold_schemas::{device::Slot, job::InstallWindow};

use crate::{
    bench::{Bench, HOUR_MS, Release, encode_delta, firmware},
    engine::Serving,
};

fn new_release() -> Release {
    Release::new("2.0.0", 20, firmware("2.0.0", 5_000))
}

/// Differs from the factory's image in one place.
fn patched_release(bench: &Bench) -> Release {
    let mut bytes = bench.factory.bytes.clone();
    bytes[2_000..2_010].fill(0);
    Release::new("1.0.1", 20, bytes)
}

#[test]
fn a_device_installs_a_whole_image() {
    let mut bench = Bench::new();
    let job = bench.job(7, &new_release());
    assert_eq!(
        bench.give(&job),
        [
            "1.0.0 idle",
            "1.0.0 7:downloading",
            "1.0.0 7:verifying",
            "1.0.0 7:installing",
            "1.0.0 7:rebooting",
            "2.0.0 7:trial",
            "2.0.0 7:succeeded",
        ]
    );
    assert_eq!(bench.running().slot, Slot::B);
    assert!(bench.slot(Slot::A).is_confirmed());
    assert!(bench.slot(Slot::B).is_confirmed());
    assert_eq!(bench.flash.record().epoch, 2);
    assert_eq!(bench.flash.record().installed_sequence, 20);
    assert_eq!(bench.engine.requests.len(), 5);
    assert!(bench.engine.reports.last().unwrap().boot_ms.is_some());
    assert_eq!(bench.agent.next_wakeup(), None, "nothing left to do");
}

#[test]
fn a_device_rebuilds_the_image_from_a_delta() {
    let mut bench = Bench::new();
    let release = patched_release(&bench);
    let patch = encode_delta(&bench.factory.bytes, &release.bytes);
    let patch_bytes = patch.len() as u64;
    let job = bench.delta_job(7, &release, patch);
    let story = bench.give(&job);
    assert_eq!(story.last().unwrap(), "1.0.1 7:succeeded");
    let fetched: u64 = bench
        .engine
        .requests
        .iter()
        .map(|request| u64::from(request.length))
        .sum();
    assert_eq!(fetched, patch_bytes);
}

#[test]
fn a_delta_that_leads_elsewhere_costs_a_detour_and_is_not_tried_again() {
    let mut bench = Bench::new();
    let release = patched_release(&bench);
    let elsewhere = encode_delta(&bench.factory.bytes, &firmware("else", 5_000));
    let job = bench.delta_job(7, &release, elsewhere.clone());
    bench.is_good = false;
    assert_eq!(
        bench.give(&job)[1..],
        [
            "1.0.0 7:downloading",
            "1.0.0 7:verifying",
            "1.0.0 7:downloading",
            "1.0.0 7:verifying",
            "1.0.0 7:installing",
            "1.0.0 7:rebooting",
            "1.0.1 7:trial",
            "1.0.1 7:rebooting",
            "1.0.0 7:failed self_test/self_test_failed, restored",
        ]
    );
    // Something else takes the standby slot in between.
    let between = bench.job(8, &new_release());
    bench.give(&between);
    bench.is_good = true;
    bench.engine.requests.clear();
    let again = bench.delta_job(9, &release, elsewhere);
    assert_eq!(bench.give(&again).last().unwrap(), "1.0.1 9:succeeded");
    let fetched: u32 = bench.engine.requests.iter().map(|get| get.length).sum();
    assert_eq!(fetched, 5_000, "the whole image, at once");
}

#[test]
fn a_delta_from_another_image_or_in_another_format_is_passed_over() {
    for (from_factory, format) in [(false, "bidiff-zstd"), (true, "hdiff")] {
        let mut bench = Bench::new();
        let release = patched_release(&bench);
        let mut job = bench.delta_job(7, &release, vec![1, 2, 3]);
        let fleetfold_schemas::job::JobKind::Install(installation) = &mut job.kind else {
            panic!("an install");
        };
        let fleetfold_schemas::job::Offer::Delta {
            from,
            format: named,
            ..
        } = &mut installation.offers[0]
        else {
            panic!("a delta");
        };
        if !from_factory {
            *from = release.digest();
        }
        *named = format.to_owned();
        assert_eq!(bench.give(&job).last().unwrap(), "1.0.1 7:succeeded");
        let fetched: u32 = bench.engine.requests.iter().map(|get| get.length).sum();
        assert_eq!(fetched, 5_000);
    }
}

#[test]
fn an_image_that_fails_its_self_test_gives_way_to_the_old_one() {
    let mut bench = Bench::new();
    bench.is_good = false;
    let job = bench.job(7, &new_release());
    assert_eq!(
        bench.give(&job)[4..],
        [
            "1.0.0 7:rebooting",
            "2.0.0 7:trial",
            "2.0.0 7:rebooting",
            "1.0.0 7:failed self_test/self_test_failed, restored",
        ]
    );
    assert_eq!(bench.running().slot, Slot::A);
    assert!(matches!(bench.slot(Slot::B), SlotState::Written(_)));
    assert_eq!(bench.flash.record().epoch, 3);
    assert_eq!(bench.flash.record().installed_sequence, 10);
}

#[test]
fn a_self_test_that_never_ends_counts_as_failed() {
    let mut bench = Bench::new();
    bench.holding = Some(|task| *task == Task::SelfTest);
    let job = bench.job(7, &new_release());
    assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 7:trial");
    bench.pass(HOUR_MS);
    assert_eq!(
        bench.said(),
        "1.0.0 7:failed self_test/self_test_timed_out, restored"
    );
}

#[test]
fn a_second_attempt_installs_what_is_already_there() {
    let mut bench = Bench::new();
    bench.is_good = false;
    let release = new_release();
    let job = bench.job(7, &release);
    bench.give(&job);
    bench.engine.requests.clear();
    bench.is_good = true;
    let retry = bench.job(9, &release);
    assert_eq!(bench.give(&retry).last().unwrap(), "2.0.0 9:succeeded");
    assert_eq!(bench.engine.requests, []);
}

#[test]
fn going_back_to_the_previous_image_needs_no_download_either() {
    let mut bench = Bench::new();
    let job = bench.job(7, &new_release());
    bench.give(&job);
    bench.engine.requests.clear();
    // The same bytes as 1.0.0 under a manifest signed for the way back.
    let back = Release::new("1.0.0", 21, bench.factory.bytes.clone());
    let rollback = bench.job(8, &back);
    assert_eq!(bench.give(&rollback).last().unwrap(), "1.0.0 8:succeeded");
    assert_eq!(bench.running().slot, Slot::A);
    assert_eq!(bench.flash.record().installed_sequence, 21);
    assert_eq!(bench.engine.requests, []);
}

#[test]
fn a_device_that_runs_the_target_already_succeeds_at_once() {
    let mut bench = Bench::new();
    let same = Release::new("1.0.0", 30, bench.factory.bytes.clone());
    let job = bench.job(7, &same);
    assert_eq!(bench.give(&job), ["1.0.0 idle", "1.0.0 7:succeeded"]);
    assert_eq!(bench.flash.record().epoch, 1);
    assert_eq!(bench.flash.record().installed_sequence, 30);
}

#[test]
fn lost_requests_are_repeated_until_the_download_is_complete() {
    let mut bench = Bench::new();
    bench.engine.serving = Serving::Lossy(20);
    let job = bench.job(7, &new_release());
    assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 7:succeeded");
    assert_eq!(bench.engine.requests.len(), 25);
}

#[test]
fn a_download_that_nobody_serves_fails_after_a_bounded_number_of_requests() {
    let mut bench = Bench::new();
    bench.engine.serving = Serving::Silent;
    let job = bench.job(7, &new_release());
    assert_eq!(
        bench.give(&job).last().unwrap(),
        "1.0.0 7:failed download/chunk_timeout"
    );
    assert_eq!(bench.engine.requests.len(), 4 * 8);

    let mut bench = Bench::new();
    bench.engine.serving = Serving::Unknown;
    let job = bench.job(7, &new_release());
    assert_eq!(
        bench.give(&job).last().unwrap(),
        "1.0.0 7:failed download/unknown_artifact"
    );
}

#[test]
fn a_download_that_outlasts_the_jobs_limit_fails() {
    let mut bench = Bench::new();
    let job = bench.job(7, &new_release());
    bench.run();
    bench.engine.serving = Serving::Silent;
    bench.post(job.sign(&crate::bench::job_key()));
    bench.settle();
    bench.is_online = false;
    bench.cut_connection();
    bench.pass(job.stage_limit_ms + 1_000);
    assert_eq!(bench.outcome(), "7:failed download/stage_limit");
}

#[test]
fn an_installation_waits_for_its_window_and_does_not_begin_after_it() {
    let mut bench = Bench::new();
    let mut job = bench.job(7, &new_release());
    let from_ms = bench.now + 3 * HOUR_MS;
    job.install_window = Some(InstallWindow {
        from_ms,
        until_ms: from_ms + HOUR_MS,
    });
    bench.give(&job);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert!(bench.now >= from_ms);

    let mut bench = Bench::new();
    bench.run();
    let mut job = bench.job(7, &new_release());
    job.install_window = Some(InstallWindow {
        from_ms: 0,
        until_ms: bench.now,
    });
    // It waits until the job comes again with a later window.
    let said = bench.give(&job);
    assert_eq!(said.last().unwrap(), "1.0.0 7:installing, waits for window");
    let from_ms = bench.now + HOUR_MS;
    job.install_window = Some(InstallWindow {
        from_ms,
        until_ms: from_ms + HOUR_MS,
    });
    bench.give(&job);
    assert_eq!(bench.said(), "2.0.0 7:succeeded");
    assert!(bench.now >= from_ms);
}

#[test]
fn a_newer_job_replaces_the_open_one() {
    let mut bench = Bench::new();
    bench.engine.serving = Serving::Silent;
    let old = bench.job(7, &Release::new("1.5.0", 15, firmware("1.5.0", 3_000)));
    bench.run();
    bench.post(old.sign(&crate::bench::job_key()));
    bench.settle();
    bench.engine.serving = Serving::Honest;
    let new = bench.job(8, &new_release());
    assert_eq!(bench.give(&new).last().unwrap(), "2.0.0 8:succeeded");
}

#[test]
fn a_late_result_for_the_replaced_job_is_not_taken_for_the_new_ones() {
    let mut bench = Bench::new();
    bench.holding = Some(|task| matches!(task, Task::Digest(_)));
    let old = bench.job(7, &Release::new("1.5.0", 15, firmware("1.5.0", 3_000)));
    bench.give(&old);
    let late = bench.held.take().unwrap();
    let new = bench.job(8, &new_release());
    assert_eq!(bench.give(&new).last().unwrap(), "1.0.0 8:verifying");
    bench.results.push_back(late);
    assert_eq!(bench.run().last().unwrap(), "1.0.0 8:verifying");
    assert_eq!(bench.release().last().unwrap(), "2.0.0 8:succeeded");
}

#[test]
fn a_job_that_arrives_during_a_trial_waits_for_its_end() {
    for is_good in [true, false] {
        let mut bench = Bench::new();
        bench.is_good = is_good;
        bench.holding = Some(|task| *task == Task::SelfTest);
        let job = bench.job(7, &new_release());
        bench.give(&job);
        let next = bench.job(8, &Release::new("3.0.0", 30, firmware("3.0.0", 4_000)));
        bench.give(&next);
        assert_eq!(bench.said(), "2.0.0 7:trial");
        bench.is_good = true;
        let story = bench.release();
        assert_eq!(story.last().unwrap(), "3.0.0 8:succeeded");
    }
}

#[test]
fn an_empty_job_topic_changes_nothing() {
    let mut bench = Bench::new();
    bench.engine.serving = Serving::Silent;
    let job = bench.job(7, &new_release());
    bench.run();
    bench.post(job.sign(&crate::bench::job_key()));
    bench.settle();
    let before = bench.flash.record().clone();
    bench.post(Vec::new());
    bench.settle();
    assert_eq!(*bench.flash.record(), before);
    bench.engine.serving = Serving::Honest;
    assert_eq!(bench.run().last().unwrap(), "2.0.0 7:succeeded");
}

mod cancel {
    use super::{Bench, HOUR_MS, InstallWindow, Serving, Task, new_release};
    use crate::bench::job_key;

    #[test]
    fn is_obeyed_during_the_download() {
        let mut bench = Bench::new();
        bench.engine.serving = Serving::Silent;
        let job = bench.job(7, &new_release());
        bench.run();
        bench.post(job.sign(&job_key()));
        bench.settle();
        let cancel = bench.cancel(8, 7);
        assert_eq!(bench.give(&cancel).last().unwrap(), "1.0.0 7:canceled");
        assert_eq!(bench.agent.next_wakeup(), None);
        // The job itself, should it come again, is known to be over.
        bench.engine.serving = Serving::Honest;
        assert_eq!(bench.give(&job).last().unwrap(), "1.0.0 7:canceled");
    }

    #[test]
    fn is_obeyed_while_digests_are_computed_and_their_result_is_void() {
        let mut bench = Bench::new();
        bench.holding = Some(|task| matches!(task, Task::Digest(_)));
        let job = bench.job(7, &new_release());
        assert_eq!(bench.give(&job).last().unwrap(), "1.0.0 7:verifying");
        bench.give(&bench.cancel(8, 7));
        assert_eq!(bench.release().last().unwrap(), "1.0.0 7:canceled");
        assert_eq!(bench.flash.record().epoch, 1);
    }

    #[test]
    fn is_obeyed_while_the_image_waits_for_its_window() {
        let mut bench = Bench::new();
        bench.run();
        let mut job = bench.job(7, &new_release());
        job.install_window = Some(InstallWindow {
            from_ms: bench.now + HOUR_MS,
            until_ms: bench.now + 2 * HOUR_MS,
        });
        bench.post(job.sign(&job_key()));
        bench.settle();
        assert_eq!(bench.said(), "1.0.0 7:installing, waits for window");
        let cancel = bench.cancel(8, 7);
        assert_eq!(bench.give(&cancel).last().unwrap(), "1.0.0 7:canceled");
        assert_eq!(bench.agent.next_wakeup(), None);
    }

    #[test]
    fn comes_too_late_once_installing_has_begun() {
        type Kind = fn(&Task) -> bool;
        let kinds: [Kind; 2] = [
            |task| *task == Task::Install,
            |task| *task == Task::SelfTest,
        ];
        for is_held in kinds {
            let mut bench = Bench::new();
            bench.holding = Some(is_held);
            let job = bench.job(7, &new_release());
            bench.give(&job);
            bench.give(&bench.cancel(8, 7));
            assert_eq!(bench.release().last().unwrap(), "2.0.0 7:succeeded");
            assert_eq!(bench.flash.record().job_sequence, 8);
        }
    }

    #[test]
    fn of_a_job_never_seen_keeps_it_from_ever_starting() {
        let mut bench = Bench::new();
        let job = bench.job(7, &new_release());
        assert_eq!(
            bench.give(&bench.cancel(8, 7)),
            ["1.0.0 idle", "1.0.0 7:canceled"]
        );
        assert_eq!(bench.give(&job).last().unwrap(), "1.0.0 7:canceled");
        assert_eq!(bench.engine.requests, []);
    }

    #[test]
    fn of_a_finished_job_is_answered_with_how_it_ended() {
        let mut bench = Bench::new();
        let job = bench.job(7, &new_release());
        bench.give(&job);
        bench.engine.transcript.clear();
        assert_eq!(bench.give(&bench.cancel(8, 7)), ["2.0.0 7:succeeded"]);
    }
}
