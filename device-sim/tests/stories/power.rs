//! Power is lost before every single thing the device does.

use fleetfold_device_sim::{agent::Task, flash::SlotState};
use fleetfold_schemas::device::Slot;

use crate::bench::{Bench, Release, encode_delta, firmware};

struct Scene {
    is_good: bool,
    release: Release,
    patch: Option<Vec<u8>>,
    /// Whether the standby slot holds an image beforehand, one that worked.
    is_second: bool,
}

/// Good and bad images, fetched whole and by delta.
fn scenes() -> Vec<Scene> {
    let factory = Bench::new().factory;
    let mut bytes = factory.bytes.clone();
    bytes[1_000..1_020].fill(0);
    bytes.extend(firmware("tail", 1_500));
    let patch = encode_delta(&factory.bytes, &bytes);
    let release = Release::new("2.0.0", 20, bytes);
    let mut scenes = Vec::new();
    for (is_good, is_second) in [(true, false), (false, false), (false, true)] {
        for patch in [None, Some(patch.clone())] {
            scenes.push(Scene {
                is_good,
                release: release.clone(),
                patch,
                is_second,
            });
        }
    }
    scenes
}

/// Plays a whole update with power cuts before these outputs. How many outputs there were.
fn play(scene: &Scene, cuts: &[usize]) -> usize {
    let mut bench = Bench::new();
    if scene.is_second {
        // There and back again: the factory's image runs, and the other slot holds a confirmed one.
        let there = bench.job(5, &Release::new("1.5.0", 10, firmware("1.5.0", 2_000)));
        bench.give(&there);
        let back = bench.factory.clone();
        let back = bench.job(6, &back);
        bench.give(&back);
        bench.engine.transcript.clear();
        bench.outputs = 0;
    }
    bench.is_good = scene.is_good;
    bench.cuts = cuts.to_vec();
    let job = match &scene.patch {
        Some(patch) => bench.delta_job(7, &scene.release, patch.clone()),
        None => bench.job(7, &scene.release),
    };
    bench.give(&job);
    check_end(&bench, scene, cuts);
    bench.outputs
}

/// The device ends on a confirmed image and says so; nothing but the truth has been said on the way.
fn check_end(bench: &Bench, scene: &Scene, cuts: &[usize]) {
    let running = bench.running();
    let other = running.slot.other();
    let said = bench.said();
    assert!(bench.slot(running.slot).is_confirmed(), "{cuts:?}: {said}");
    assert!(
        !matches!(bench.slot(other), SlotState::Trial { .. }),
        "{cuts:?}"
    );
    assert_eq!(bench.flash.record().job, None, "{cuts:?}: the job is over");
    assert_eq!(bench.agent.record(), bench.flash.record(), "{cuts:?}");
    match said {
        "2.0.0 7:succeeded" => {
            assert!(scene.is_good);
            assert_eq!(running.digest, scene.release.digest());
            assert_eq!(running.slot, Slot::B);
        }
        "1.0.0 7:failed self_test/self_test_failed, restored" => assert!(!scene.is_good),
        // Only a cut can have ended the trial.
        "1.0.0 7:failed self_test/boot_budget_spent, restored" => assert!(!cuts.is_empty()),
        _ => panic!("{cuts:?}: {said}"),
    }
    if said.starts_with("1.0.0") {
        assert_eq!(running.digest, bench.factory.digest());
        assert_eq!(running.slot, Slot::A);
    }
    for line in &bench.engine.transcript {
        let claims_success = line.ends_with(" 7:succeeded");
        assert!(
            !claims_success || line.starts_with("2.0.0"),
            "{cuts:?}: {line}"
        );
    }
}

#[test]
fn one_power_cut_anywhere_ends_on_a_good_image_and_a_true_report() {
    for scene in &scenes() {
        let outputs = play(scene, &[]);
        assert!(outputs > 30, "{outputs}");
        for cut in 0..outputs {
            play(scene, &[cut]);
        }
    }
}

#[test]
fn two_power_cuts_anywhere_end_on_a_good_image_and_a_true_report() {
    for scene in &scenes() {
        let outputs = play(scene, &[]);
        for first in 0..outputs {
            // The second one follows soon: what the first one left half done is being taken up again.
            for second in first + 1..first + 12 {
                play(scene, &[first, second]);
            }
        }
    }
}

#[test]
fn a_power_cut_during_the_trial_leads_straight_back_to_the_old_image() {
    let mut bench = Bench::new();
    bench.holding = Some(|task| *task == Task::SelfTest);
    let job = bench.job(7, &Release::new("2.0.0", 20, firmware("2.0.0", 5_000)));
    assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 7:trial");
    bench.cut_power();
    bench.run();
    assert_eq!(
        bench.said(),
        "1.0.0 7:failed self_test/boot_budget_spent, restored"
    );
    assert_eq!(bench.flash.record().epoch, 3);
}

#[test]
fn a_download_goes_on_where_it_was() {
    let mut bench = Bench::new();
    let release = Release::new("2.0.0", 20, firmware("2.0.0", 100 * 1_024));
    let job = bench.job(7, &release);
    bench.cuts = vec![400];
    assert_eq!(bench.give(&job).last().unwrap(), "2.0.0 7:succeeded");
    let fetched = bench.engine.requests.len();
    // At most a window of pieces is fetched twice.
    assert!((100..=104).contains(&fetched), "{fetched}");
}
