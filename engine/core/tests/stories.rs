//! The policies as transcripts: every `stories/*.story` is run, and what it says must be what happens.
//!
//! `UPDATE_STORIES=1` writes down what happens instead.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod harness;

use std::{fs, path::PathBuf};

use fleetfold_core::Fact;
use harness::{Restarts, Steps, facts_of, steps, story, transcript};

/// Stories by chance; `STORY_SEEDS=6000` for a long night. A hundred meet every pair of troubles many times over.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("STORY_SEEDS").map_or(100, |count| count.parse().unwrap());
    0..count
}

fn stories() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "story")
        })
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_story_goes_as_it_is_told() {
    let is_update = std::env::var_os("UPDATE_STORIES").is_some();
    let mut wrong = String::new();
    for path in stories() {
        let name = path.file_name().unwrap().to_string_lossy();
        let told = fs::read_to_string(&path).unwrap();
        match transcript(&told, Restarts::Never) {
            Ok(happened) if told == happened => {}
            Ok(happened) if is_update => fs::write(&path, happened).unwrap(),
            Ok(happened) => {
                wrong += &format!("--- {name}\n{}\n", difference(&told, &happened));
            }
            Err(broken) => wrong += &format!("--- {name}\n{broken}\n"),
        }
    }
    assert!(
        wrong.is_empty(),
        "UPDATE_STORIES=1 accepts what differs:\n{wrong}"
    );
}

#[test]
fn every_story_goes_the_same_when_the_engine_restarts_all_the_time() {
    let mut wrong = String::new();
    for path in stories() {
        let name = path.file_name().unwrap().to_string_lossy();
        let story = fs::read_to_string(&path).unwrap();
        let Ok(through) = transcript(&story, Restarts::Never) else {
            continue; // The other test tells.
        };
        for restarts in [Restarts::Often, Restarts::Restored] {
            match transcript(&story, restarts) {
                Ok(restarted) if through == restarted => {}
                Ok(restarted) => {
                    let difference = difference(&through, &restarted);
                    wrong += &format!("--- {name}, {restarts:?}\n{difference}\n");
                }
                Err(broken) => wrong += &format!("--- {name}, {restarts:?}\n{broken}\n"),
            }
        }
    }
    assert!(wrong.is_empty(), "a restart changes the story:\n{wrong}");
}

#[test]
fn no_story_by_chance_breaks_what_must_always_hold() {
    for seed in seeds() {
        let story = story(seed);
        let through = transcript(&story, Restarts::Never)
            .unwrap_or_else(|broken| panic!("seed {seed}\n{story}\nat {broken}"));
        for restarts in [Restarts::Often, Restarts::Restored] {
            let restarted = transcript(&story, restarts)
                .unwrap_or_else(|broken| panic!("seed {seed}, {restarts:?}\n{story}\nat {broken}"));
            assert!(
                through == restarted,
                "seed {seed}, {restarts:?}: a restart changes\n{}",
                difference(&through, &restarted)
            );
        }
    }
}

#[test]
fn what_is_decided_does_not_depend_on_how_requests_are_batched() {
    for seed in seeds() {
        let (steps, facts) = steps(&story(seed));
        let mut batches: Steps = Vec::new();
        let mut singles: Steps = Vec::new();
        for (now, requests) in steps {
            singles.push((now, Vec::new()));
            singles.extend(requests.iter().map(|request| (now, vec![request.clone()])));
            match batches.last_mut() {
                Some((then, batch)) if *then == now => batch.extend(requests),
                _ => batches.push((now, requests)),
            }
        }
        assert_same(&facts, &facts_of(&singles), seed, "one by one");
        assert_same(
            &facts,
            &facts_of(&batches),
            seed,
            "all of an instant at once",
        );
    }
}

fn assert_same(facts: &[Fact], others: &[Fact], seed: u64, how: &str) {
    let lines = |facts: &[Fact]| -> String {
        let lines = facts.iter().map(|fact| format!("{fact:?}\n"));
        lines.collect()
    };
    assert!(
        facts == others,
        "seed {seed}, {how}:\n{}",
        difference(&lines(facts), &lines(others))
    );
}

/// What was told and what happened, from the first line that differs to the last.
fn difference(told: &str, happened: &str) -> String {
    let (told, happened): (Vec<_>, Vec<_>) = (told.lines().collect(), happened.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| {
        pairs
            .take_while(|(told, happened)| told == happened)
            .count()
    };
    let before = same(&mut told.iter().zip(&happened));
    let rest = told.len().min(happened.len()) - before;
    let after = same(&mut told.iter().rev().zip(happened.iter().rev()).take(rest));
    let mut lines: Vec<_> = told[before.saturating_sub(3)..before]
        .iter()
        .map(|line| format!("  {line}"))
        .collect();
    lines.extend(
        told[before..told.len() - after]
            .iter()
            .map(|line| format!("- {line}")),
    );
    lines.extend(
        happened[before..happened.len() - after]
            .iter()
            .map(|line| format!("+ {line}")),
    );
    lines.join("\n")
}
