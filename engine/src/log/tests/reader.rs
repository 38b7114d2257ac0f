//! Reading a log beside its writer.

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;

use super::{Records, append, closed_log, contents, flip, frame_offsets, grow, open, segments};
use crate::log::{Head, Log, LogError, LogOptions, LogReader, OsDisk, ReplayError};

fn read(reader: &mut LogReader) -> Result<Records, ReplayError<Infallible>> {
    let mut records = Vec::new();
    reader.read(|seq, at_ms, record| {
        records.push((seq, at_ms, record.to_vec()));
        Ok(())
    })?;
    Ok(records)
}

fn read_all(dir: &Path, from: &Head) -> Result<(Head, Records), ReplayError<Infallible>> {
    let mut reader = LogReader::new(Arc::new(OsDisk), dir, *from);
    let records = read(&mut reader)?;
    Ok((reader.head(), records))
}

fn small_segments(dir: &Path) -> Log {
    let options = LogOptions {
        segment_bytes: 400,
        ..LogOptions::default()
    };
    Log::open(dir, &options).unwrap().0
}

/// A log of several segments, its heads after every batch, and its records.
fn log_with_heads(dir: &Path) -> (Log, Vec<Head>, Records) {
    let mut log = small_segments(dir);
    let mut heads = vec![log.head()];
    for _ in 0..12 {
        grow(&mut log, 1);
        heads.push(log.head());
    }
    let records = contents(&log);
    assert!(segments(dir).len() > 3);
    (log, heads, records)
}

#[test]
fn a_log_is_read_from_every_batch_on() {
    let dir = TempDir::new().unwrap();
    let (log, heads, records) = log_with_heads(dir.path());
    for head in &heads {
        let (end, rest) = read_all(dir.path(), head).unwrap();
        assert_eq!(end, log.head());
        assert_eq!(rest, records[usize::try_from(head.seq).unwrap()..]);
    }
}

#[test]
fn a_reader_goes_on_where_it_was_through_new_segments() {
    let dir = TempDir::new().unwrap();
    let mut log = small_segments(dir.path());
    let mut beside = log.keeper().reader(Head::START);
    let mut alone = LogReader::new(Arc::new(OsDisk), dir.path(), Head::START);
    let mut seen = Vec::new();
    for batches in [0, 1, 1, 5, 0, 3, 9] {
        grow(&mut log, batches);
        let new = read(&mut beside).unwrap();
        assert_eq!(new.len() as u64, 3 * batches);
        assert_eq!(read(&mut alone).unwrap(), new);
        assert_eq!((beside.head(), alone.head()), (log.head(), log.head()));
        seen.extend(new);
    }
    assert_eq!(seen, contents(&log));
}

#[test]
fn a_reader_beside_a_writer_at_work_sees_every_record_once() {
    let dir = TempDir::new().unwrap();
    let mut log = small_segments(dir.path());
    let mut reader = log.keeper().reader(Head::START);
    let writer = thread::spawn(move || {
        while log.head().seq < 600 {
            grow(&mut log, 1);
        }
        log
    });
    let mut seen = Vec::new();
    while seen.len() < 600 {
        seen.extend(read(&mut reader).unwrap());
    }
    let log = writer.join().unwrap();
    assert_eq!(seen, contents(&log));
    assert_eq!(reader.head(), log.head());
}

#[test]
fn a_reader_of_the_log_does_not_see_what_is_not_durable_yet() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(dir.path());
    grow(&mut log, 1);
    let durable = log.head();
    // What the writer has written and not yet synced is what a twin has appended.
    let twin = TempDir::new().unwrap();
    super::copy(&dir.path().join("journal"), &twin.path().join("journal"));
    let (mut ahead, _) = open(twin.path());
    grow(&mut ahead, 1);
    fs::copy(&segments(twin.path())[0], &segments(dir.path())[0]).unwrap();

    let mut reader = log.keeper().reader(Head::START);
    assert_eq!(read(&mut reader).unwrap().len(), 3);
    assert_eq!(reader.head(), durable);
    assert_eq!(read_all(dir.path(), &durable).unwrap().0, ahead.head());
}

#[test]
fn an_append_under_way_ends_the_reading_and_is_read_later() {
    let (dir, _) = closed_log(3);
    let segment = &segments(dir.path())[0];
    let whole = fs::read(segment).unwrap();
    let offsets = frame_offsets(segment);
    let mut reader = LogReader::new(Arc::new(OsDisk), dir.path(), Head::START);
    for length in offsets[1]..whole.len() {
        fs::write(segment, &whole[..length]).unwrap();
        read(&mut reader).unwrap();
        let frames = offsets.iter().filter(|offset| **offset <= length).count() - 1;
        assert_eq!(reader.head().seq, 3 * frames as u64, "at {length}");
    }
    fs::write(segment, &whole).unwrap();
    assert_eq!(read(&mut reader).unwrap().len(), 3);
}

#[test]
fn a_reader_that_does_not_belong_to_the_log_is_told_so() {
    let dir = TempDir::new().unwrap();
    let (log, heads, _) = log_with_heads(dir.path());
    for head in &heads[1..] {
        let other = Head {
            chain: [9; 32],
            ..*head
        };
        let refused = read_all(dir.path(), &other);
        assert!(
            matches!(refused, Err(ReplayError::Log(LogError::OtherHistory { seq })) if seq == head.seq),
            "{refused:?}"
        );
    }
    let amid_a_batch = Head {
        seq: heads[2].seq + 1,
        ..heads[2]
    };
    let refused = read_all(dir.path(), &amid_a_batch);
    assert!(
        matches!(
            refused,
            Err(ReplayError::Log(LogError::OtherHistory { .. }))
        ),
        "{refused:?}"
    );
    let beyond = Head {
        seq: log.head().seq + 1,
        ..log.head()
    };
    let refused = read_all(dir.path(), &beyond);
    assert!(
        matches!(refused, Err(ReplayError::Log(LogError::EndsBefore { .. }))),
        "{refused:?}"
    );
}

#[test]
fn damage_behind_the_readers_place_is_not_read_over() {
    let dir = TempDir::new().unwrap();
    let (_log, heads, records) = log_with_heads(dir.path());
    for segment in segments(dir.path()) {
        let offsets = frame_offsets(&segment);
        if *segment == *segments(dir.path()).last().unwrap() {
            continue;
        }
        flip(&segment, offsets[offsets.len() - 2] + 20);
        let mut shown = Vec::new();
        let mut reader = LogReader::new(Arc::new(OsDisk), dir.path(), heads[0]);
        let refused = reader.read(|seq, at_ms, record| {
            shown.push((seq, at_ms, record.to_vec()));
            Ok::<(), Infallible>(())
        });
        assert!(
            matches!(&refused, Err(ReplayError::Log(LogError::Corrupt { segment: named, .. })) if *named == segment),
            "{refused:?}"
        );
        assert_eq!(shown, records[..shown.len()]);
        flip(&segment, offsets[offsets.len() - 2] + 20);
    }
}

#[test]
fn a_visitor_ends_the_reading_and_sees_its_batch_again() {
    let (dir, records) = closed_log(3);
    let mut reader = LogReader::new(Arc::new(OsDisk), dir.path(), Head::START);
    let ended = reader.read(|seq, _, _| if seq < 5 { Ok(()) } else { Err(seq) });
    assert!(matches!(ended, Err(ReplayError::Visit(5))), "{ended:?}");
    assert_eq!(reader.head().seq, 3);
    assert_eq!(read(&mut reader).unwrap(), records[3..]);
}

#[test]
fn a_log_is_replayed_after_a_head_and_not_after_another_ones() {
    let dir = TempDir::new().unwrap();
    let (mut log, heads, _) = log_with_heads(dir.path());
    append(&mut log, 99, &["one more"]);
    for head in &heads {
        let mut first = None;
        log.replay_after(head, |seq, _, _| {
            first = first.or(Some(seq));
            Ok::<(), Infallible>(())
        })
        .unwrap();
        assert_eq!(first, Some(head.seq + 1));
    }
    let other = Head {
        chain: [9; 32],
        ..heads[3]
    };
    let refused = log.replay_after(&other, |_, _, _| Err("nothing is shown"));
    assert!(matches!(refused, Err(ReplayError::Log(_))), "{refused:?}");
}
