//! What a device says, when, and how often.

use fleetfold_schemas::{
    DeviceTopic,
    device::{Ack, JobState, Slot},
};

use crate::{
    bench::{Bench, HOUR_MS, Release, firmware, job_key, version},
    engine::Serving,
};

fn release() -> Release {
    Release::new("2.0.0", 20, firmware("2.0.0", 5_000))
}

#[test]
fn the_first_thing_said_is_a_hello_and_then_that_the_device_is_there() {
    let mut bench = Bench::new();
    bench.run();
    let [hello] = &bench.engine.hellos[..] else {
        panic!("one hello");
    };
    assert_eq!((hello.protocol, hello.epoch, hello.seq), (1, 1, 1));
    assert_eq!(hello.running.slot, Slot::A);
    assert_eq!(hello.running.version, version("1.0.0"));
    assert_eq!(hello.standby, None);
    assert_eq!(hello.job, None);
    let presence = bench.engine.presence.clone().unwrap();
    assert!(presence.online);
    assert_eq!(presence.epoch, 1);
    let will = bench.agent.will();
    assert!(will.retain);
    assert_eq!(will.payload, br#"{"online":false,"epoch":1}"#);
}

#[test]
fn hello_and_reports_share_their_numbers_and_never_repeat_one() {
    let mut bench = Bench::new();
    let job = bench.job(7, &release());
    bench.give(&job);
    bench.cut_connection();
    bench.run();
    let mut numbers: Vec<_> = bench
        .engine
        .hellos
        .iter()
        .map(|hello| (hello.epoch, hello.seq))
        .chain(bench.engine.reports.iter().map(|r| (r.epoch, r.seq)))
        .collect();
    numbers.sort_unstable();
    let firsts: Vec<_> = numbers.iter().filter(|(_, seq)| *seq == 1).collect();
    assert_eq!(firsts, [&(1, 1), &(2, 1)]);
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
}

#[test]
fn a_hello_and_a_final_report_are_repeated_word_for_word_until_acknowledged() {
    let mut bench = Bench::new();
    bench.engine.is_acknowledging = false;
    bench.settle();
    bench.pass(HOUR_MS);
    let first = bench.engine.payloads.len();
    assert!(
        (3..=9).contains(&first),
        "repeated, but not for ever faster: {first}"
    );
    assert!(
        bench
            .engine
            .payloads
            .windows(2)
            .all(|pair| pair[0] == pair[1])
    );

    let same = Release::new("1.0.0", 30, bench.factory.bytes.clone());
    let job = bench.job(7, &same);
    bench.post(job.sign(&job_key()));
    bench.settle();
    bench.pass(HOUR_MS);
    let finals: Vec<_> = bench
        .engine
        .reports
        .iter()
        .map(|report| report.seq)
        .collect();
    assert!(finals.len() > 2, "{finals:?}");
    assert!(finals.iter().all(|seq| *seq == 2), "{finals:?}");

    let ack = Ack {
        epoch: 1,
        seq: 2,
        code: None,
    };
    bench.send(DeviceTopic::Ack, ack.encode());
    assert_eq!(bench.agent.next_wakeup(), None);
}

#[test]
fn an_acknowledgement_of_another_epoch_or_of_less_covers_nothing() {
    let mut bench = Bench::new();
    bench.engine.is_acknowledging = false;
    bench.settle();
    for (epoch, seq) in [(0, 1), (2, 1), (1, 0)] {
        let ack = Ack {
            epoch,
            seq,
            code: None,
        };
        bench.send(DeviceTopic::Ack, ack.encode());
        assert!(bench.agent.next_wakeup().is_some(), "{epoch}, {seq}");
    }
    // A refusal is an answer, too: repeating would not make it better.
    let refused = Ack {
        epoch: 1,
        seq: 1,
        code: Some("epoch_regressed".to_owned()),
    };
    bench.send(DeviceTopic::Ack, refused.encode());
    assert_eq!(bench.agent.next_wakeup(), None);
}

#[test]
fn a_broker_whose_puback_means_something_is_enough() {
    let mut bench = Bench::new();
    bench.engine.is_acknowledging = false;
    bench.settle();
    bench.agent.puback(1);
    assert_eq!(bench.agent.next_wakeup(), None);
}

#[test]
fn what_happened_while_nobody_listened_is_in_the_next_hello() {
    let mut bench = Bench::new();
    bench.run();
    let job = bench.job(7, &release());
    bench.holding = Some(|task| *task == fleetfold_device_sim::agent::Task::Install);
    bench.give(&job);
    bench.is_online = false;
    bench.cut_connection();
    let said = bench.engine.payloads.len();
    // Installs, reboots, passes its self-test: all in silence.
    bench.holding = None;
    bench.cut_power();
    bench.settle();
    assert_eq!(bench.engine.payloads.len(), said);
    bench.is_online = true;
    bench.run();
    let hello = bench.engine.hellos.last().unwrap();
    assert_eq!(hello.running.version, version("2.0.0"));
    assert_eq!(hello.standby.as_ref().unwrap().version, version("1.0.0"));
    assert_eq!(hello.job.as_ref().unwrap().state, JobState::Succeeded);
}

#[test]
fn connections_that_fail_are_retried_ever_more_slowly_each_with_a_new_login() {
    let mut bench = Bench::new();
    bench.is_online = false;
    bench.settle();
    bench.pass(HOUR_MS);
    let logins = bench.flash.record().logins;
    assert!((40..=120).contains(&logins), "{logins}");
    bench.is_online = true;
    bench.run();
    assert_eq!(bench.engine.hellos.len(), 1);
    assert_eq!(bench.flash.record().logins, logins + 1);
}

#[test]
fn progress_is_reported_a_few_times_however_slow_or_fast_the_link() {
    let mut bench = Bench::new();
    bench.run();
    let image = Release::new("2.0.0", 20, firmware("2.0.0", 1_000 * 1_024));
    let job = bench.job(7, &image);
    bench.give(&job);
    let fast = bench.engine.reports.len();
    assert!(fast <= 8, "{fast}");

    let mut bench = Bench::new();
    bench.run();
    // Every request is lost at first, so the download takes a while.
    bench.engine.serving = Serving::Lossy(100);
    let job = bench.job(7, &image);
    bench.post(job.sign(&job_key()));
    for _ in 0..1_000 {
        bench.settle();
        bench.pass(20_000);
        if bench.engine.serving == Serving::Lossy(0) {
            bench.engine.serving = Serving::Lossy(4);
        }
    }
    let percents: Vec<_> = bench
        .engine
        .reports
        .iter()
        .filter_map(|report| match report.job.as_ref()?.state {
            JobState::InProgress {
                progress_percent, ..
            } => progress_percent,
            _ => None,
        })
        .collect();
    assert_eq!(percents.first(), Some(&0));
    assert!(percents.len() <= 4, "{percents:?}");
}

#[test]
fn a_refusal_is_told_once_a_connection() {
    let mut bench = Bench::new();
    let job = bench.job(7, &release());
    let unsigned = job.sign(&crate::bench::release_key());
    bench.run();
    for _ in 0..3 {
        bench.post(unsigned.clone());
        bench.run();
    }
    assert_eq!(bench.engine.reports.len(), 1);
    bench.cut_connection();
    bench.run();
    assert_eq!(bench.engine.reports.len(), 2);
}
