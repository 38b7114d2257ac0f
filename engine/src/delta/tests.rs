//! Stories through [`encode`] and the worker.

use std::fs;
use std::sync::mpsc;

use fleetfold_core::DeltaOutcome;

use super::*;
use crate::artifacts::{self, ArtifactStore};

/// Bytes that look random and always are the same.
fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new()
        .update(seed.as_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

/// What looks like code: instructions of four bytes, one in eight of which refers to a place in the image.
fn program(seed: &str, instructions: usize, base: u32) -> Vec<u8> {
    noise(seed, 4 * instructions)
        .chunks_exact(4)
        .flat_map(|word| {
            let mut word: [u8; 4] = word.try_into().unwrap();
            if word[0].is_multiple_of(8) {
                let address = base + u32::from(word[3]) * 64;
                word[1..].copy_from_slice(&address.to_le_bytes()[..3]);
            }
            word
        })
        .collect()
}

/// Two versions of a firmware of 300 KB: a function has grown, what lies behind it has moved, a constant has changed.
fn versions() -> (Vec<u8>, Vec<u8>) {
    let (boot, application) = (
        program("boot", 25_000, 0),
        program("application", 50_000, 512),
    );
    let moved = program("application", 50_000, 512 + 260);
    let old = [&boot[..], &application].concat();
    let mut new = [&boot[..], &noise("function", 260), &moved].concat();
    new[1_000] ^= 0xFF;
    (old, new)
}

fn decode(old: &[u8], delta: &[u8], length: usize) -> Result<Vec<u8>, DeltaError> {
    decoder::apply(
        FORMAT,
        old,
        delta,
        decoder::Limits::for_image(length as u64),
    )
}

#[test]
fn a_delta_between_two_versions_is_far_smaller_than_the_image_and_yields_it() {
    let (old, new) = versions();
    let delta = encode(&old, &new, Limits::default()).unwrap();
    assert_eq!(delta.format, "bidiff-zstd");
    assert!(delta.bytes.len() * 10 < new.len(), "{}", delta.bytes.len());
    assert_eq!(decode(&old, &delta.bytes, new.len()).unwrap(), new);
    let again = encode(&old, &new, Limits::default()).unwrap();
    assert_eq!(again, delta);
}

#[test]
fn a_device_needs_no_more_window_than_the_image_is_long() {
    let (old, new) = versions();
    let delta = encode(&old, &new, Limits::default()).unwrap();
    let mut frame = zstd::Decoder::new(&delta.bytes[..]).unwrap();
    frame.window_log_max(19).unwrap();
    io::copy(&mut frame, &mut io::sink()).unwrap();
}

#[test]
fn images_without_likeness_are_declined_before_anything_is_spent() {
    let (old, new) = (noise("old", 300_000), noise("new", 300_000));
    let declined = encode(&old, &new, Limits::default()).unwrap_err();
    assert!(
        matches!(declined, DeltaDeclined::TooDifferent { delta_bytes, full_bytes: 300_000 } if delta_bytes >= 300_000),
        "{declined}"
    );
}

#[test]
fn an_image_that_is_half_new_still_gets_a_delta() {
    let old = noise("old", 300_000);
    let new = [&noise("new", 150_000), &old[..150_000]].concat();
    let delta = encode(&old, &new, Limits::default()).unwrap();
    assert!((150_000..151_000).contains(&delta.bytes.len()));
}

#[test]
fn a_delta_of_four_fifths_of_the_image_is_worthwhile_and_one_byte_more_is_not() {
    assert!(is_worthwhile(80_000, 100_000));
    assert!(!is_worthwhile(80_001, 100_000));
    assert!(is_worthwhile(0, 0));
}

#[test]
fn images_that_need_just_the_memory_allowed_are_taken() {
    let limits = Limits {
        memory_bytes_max: 3_900,
        ..Limits::default()
    };
    assert!(encode(&[7; 500], &[7; 500], limits).is_ok());
    assert!(matches!(
        encode(&[7; 500], &[7; 501], limits),
        Err(DeltaDeclined::Memory {
            needed_bytes: 3_903,
            max_bytes: 3_900
        })
    ));
}

#[test]
fn empty_images_are_declined() {
    for (old, new) in [(&b""[..], &b"new"[..]), (b"old", b""), (b"", b"")] {
        let declined = encode(old, new, Limits::default()).unwrap_err();
        assert!(matches!(declined, DeltaDeclined::EmptyImage), "{declined}");
    }
}

#[test]
fn tiny_images_never_make_the_encoder_panic() {
    let bytes = noise("tiny", 64);
    for old in 1..40 {
        for new in 1..40 {
            let (old, new) = (&bytes[..old], &bytes[64 - new..]);
            if let Err(declined) = encode(old, new, Limits::default()) {
                assert!(
                    matches!(
                        declined,
                        DeltaDeclined::NotWorthwhile { .. } | DeltaDeclined::TooDifferent { .. }
                    ),
                    "{declined}"
                );
            }
        }
    }
}

#[test]
fn what_will_not_be_ready_in_time_is_not_begun_and_what_is_not_is_given_up() {
    let limits = Limits {
        deadline: Duration::ZERO,
        ..Limits::default()
    };
    let (old, new) = versions();
    assert!(matches!(
        encode(&old, &new, limits),
        Err(DeltaDeclined::TooSlow { .. })
    ));
    assert!(matches!(
        encode(&[7; 200], &[7; 200], limits),
        Err(DeltaDeclined::Deadline(Duration::ZERO))
    ));
    let stop = AtomicBool::new(true);
    assert!(matches!(
        encode_unless_stopped(&old, &new, Limits::default(), &stop),
        Err(DeltaDeclined::Stopped)
    ));
}

#[test]
fn a_panic_of_the_encoder_costs_one_delta() {
    let declined = catch_panic::<()>(|| panic!("index {} out of bounds", 7)).unwrap_err();
    assert_eq!(
        declined.to_string(),
        "the encoder panicked: index 7 out of bounds"
    );
}

#[test]
fn a_delta_that_yields_another_image_is_not_offered() {
    let (old, new) = versions();
    let delta = encode(&old, &new, Limits::default()).unwrap().bytes;
    check_result(&old, &delta, &new).unwrap();
    let mut other = new.clone();
    other[5] ^= 1;
    assert!(matches!(
        check_result(&old, &delta, &other),
        Err(DeltaDeclined::WrongResult)
    ));
    assert!(matches!(
        check_result(&old, &delta[..delta.len() - 10], &new),
        Err(DeltaDeclined::Undecodable(_))
    ));
    assert!(matches!(
        check_result(&new, &delta, &new),
        Err(DeltaDeclined::WrongResult)
    ));
}

/// A store, and a worker whose outcomes wait until they are asked for.
struct Workshop {
    dir: tempfile::TempDir,
    store: ArtifactStore,
    worker: DeltaWorker,
    outcomes: mpsc::Receiver<(u32, u32, DeltaOutcome)>,
}

impl Workshop {
    fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap())
    }

    fn open_in(dir: tempfile::TempDir) -> Self {
        let limits = artifacts::Limits {
            free_bytes_min: 0,
            ..artifacts::Limits::default()
        };
        let store = ArtifactStore::open(dir.path(), limits).unwrap();
        let (sender, outcomes) = mpsc::sync_channel(0);
        let worker = DeltaWorker::start(
            store.clone(),
            Limits::default(),
            move |release, from, outcome| sender.send((release, from, outcome)).unwrap(),
        );
        Self {
            dir,
            store,
            worker: worker.unwrap(),
            outcomes,
        }
    }
}

#[test]
fn the_worker_builds_each_delta_once_and_stores_it() {
    let workshop = Workshop::open();
    let (old, new) = versions();
    let images = [&old, &new].map(|image| workshop.store.insert(image).unwrap());
    for (release, from) in [(2, 1), (2, 1), (3, 1), (2, 1)] {
        workshop.worker.request(release, from, images[0], images[1]);
    }
    let (2, 1, DeltaOutcome::Built { digest, bytes }) = workshop.outcomes.recv().unwrap() else {
        panic!("the delta of 1 to 2 was asked for first");
    };
    let delta = workshop.store.read_all(&digest).unwrap();
    assert_eq!(delta.len() as u64, bytes);
    assert_eq!(decode(&old, &delta, new.len()).unwrap(), new);
    assert_eq!(
        workshop.outcomes.recv().unwrap(),
        (3, 1, DeltaOutcome::Built { digest, bytes })
    );
    drop(workshop.worker);
    assert!(workshop.outcomes.recv().is_err());
}

#[test]
fn the_worker_says_why_there_is_no_delta_and_goes_on() {
    let workshop = Workshop::open();
    let images = ["old", "new"].map(|seed| workshop.store.insert(&noise(seed, 50_000)).unwrap());
    let missing = Digest::of(b"missing");
    workshop.worker.request(2, 1, images[0], images[1]);
    workshop.worker.request(2, 0, missing, images[1]);
    for (from, why) in [(1, "differ too much"), (0, "there is no")] {
        let (2, outcome_from, DeltaOutcome::Unavailable { reason }) =
            workshop.outcomes.recv().unwrap()
        else {
            panic!("no delta can be built");
        };
        assert_eq!(outcome_from, from);
        assert!(reason.contains(why), "{reason}");
    }
}

#[test]
fn a_delta_that_rotted_in_the_store_is_refused_and_built_again() {
    let workshop = Workshop::open();
    let (old, new) = versions();
    let images = [&old, &new].map(|image| workshop.store.insert(image).unwrap());
    workshop.worker.request(2, 1, images[0], images[1]);
    let (.., built) = workshop.outcomes.recv().unwrap();
    let DeltaOutcome::Built { digest, .. } = &built else {
        panic!("{built:?}");
    };
    let path = workshop
        .dir
        .path()
        .join("complete")
        .join(digest.to_string());
    let mut damaged = fs::read(&path).unwrap();
    damaged[100] ^= 1;
    fs::write(&path, damaged).unwrap();

    let workshop = Workshop::open_in(workshop.dir);
    assert!(workshop.store.read(digest, 0, 10).is_err());
    workshop.worker.request(2, 1, images[0], images[1]);
    assert_eq!(workshop.outcomes.recv().unwrap(), (2, 1, built.clone()));
    assert!(workshop.store.read(digest, 0, 10).is_ok());
}
