//! Snapshot files: written, read, damaged.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{closed_log, flip, noise, open};
use crate::log::{
    Disk, Head, LogError, OsDisk, Repair, SECTION_BYTES_MAX, Snapshot, SnapshotDamage,
    SnapshotError, SnapshotWriter, snapshots,
};

fn os() -> Arc<dyn Disk> {
    Arc::new(OsDisk)
}

fn head(seq: u64) -> Head {
    Head {
        seq,
        at_ms: 10 * seq,
        chain: [7; 32],
    }
}

fn write(dir: &Path, head: Head, sections: &[impl AsRef<[u8]>]) -> Snapshot {
    let mut writer = SnapshotWriter::create(os(), dir, head, 1).unwrap();
    for section in sections {
        writer.section(section.as_ref()).unwrap();
    }
    writer.finish().unwrap()
}

fn sections(snapshot: &Snapshot) -> Result<Vec<Vec<u8>>, SnapshotError<Infallible>> {
    let mut sections = Vec::new();
    snapshot.read(|section| {
        sections.push(section.to_vec());
        Ok(())
    })?;
    Ok(sections)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir.join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn a_snapshot_is_read_as_it_was_written_and_its_name_says_what_it_holds() {
    let dir = TempDir::new().unwrap();
    let content = [b"devices".to_vec(), Vec::new(), noise(1, SECTION_BYTES_MAX)];
    let written = write(dir.path(), head(41), &content);

    let mut digest = blake3::Hasher::new();
    for section in &content {
        digest.update(&(section.len() as u32).to_le_bytes());
        digest.update(section);
    }
    let name = format!("{:020}-{}.ffs", 41, digest.finalize().to_hex());
    assert_eq!(files(dir.path()), [dir.path().join("snapshots").join(name)]);

    let found = snapshots(&os(), dir.path()).unwrap();
    assert!(found.damaged.is_empty());
    let [snapshot] = &found.found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((snapshot.head(), snapshot.format()), (head(41), 1));
    assert_eq!(snapshot.digest(), *digest.finalize().as_bytes());
    assert_eq!(snapshot.digest(), written.digest());
    assert_eq!(snapshot.content_bytes(), 7 + SECTION_BYTES_MAX as u64);
    assert_eq!(
        snapshot.file_bytes(),
        fs::metadata(snapshot.path()).unwrap().len()
    );
    assert_eq!(sections(snapshot).unwrap(), content);
}

#[test]
fn snapshots_are_listed_newest_first_and_other_files_are_not_theirs() {
    let dir = TempDir::new().unwrap();
    assert!(snapshots(&os(), dir.path()).unwrap().found.is_empty());
    for seq in [9, 1_000, 30] {
        write(dir.path(), head(seq), &["state"]);
    }
    // Written again, it is the same file.
    write(dir.path(), head(30), &["state"]);
    for stranger in ["README", "1-2.ffs", "00000000000000000005-ab.ffs"] {
        fs::write(dir.path().join("snapshots").join(stranger), b"").unwrap();
    }
    let mut found = snapshots(&os(), dir.path()).unwrap();
    assert!(found.damaged.is_empty(), "{:?}", found.damaged);
    let seqs = |found: &[Snapshot]| -> Vec<u64> {
        found.iter().map(|snapshot| snapshot.head().seq).collect()
    };
    assert_eq!(seqs(&found.found), [1_000, 30, 9]);

    found.found.remove(0).remove().unwrap();
    let aside = found.found.remove(0).set_aside().unwrap();
    assert!(aside.to_str().unwrap().ends_with(".ffs.damaged"));
    assert_eq!(seqs(&snapshots(&os(), dir.path()).unwrap().found), [9]);
}

#[test]
fn a_section_over_the_limit_is_refused() {
    let dir = TempDir::new().unwrap();
    let mut writer = SnapshotWriter::create(os(), dir.path(), head(1), 1).unwrap();
    let refused = writer.section(&vec![0; SECTION_BYTES_MAX + 1]);
    assert!(
        matches!(refused, Err(LogError::SectionTooLarge { bytes }) if bytes == SECTION_BYTES_MAX + 1),
        "{refused:?}"
    );
}

#[test]
fn a_snapshot_that_was_not_finished_leaves_nothing() {
    let (dir, _) = closed_log(1);
    let mut writer = SnapshotWriter::create(os(), dir.path(), head(3), 1).unwrap();
    writer.section(b"half").unwrap();
    let [unfinished] = &files(dir.path())[..] else {
        panic!("one file is being written")
    };
    let left_by_a_crash = fs::read(unfinished).unwrap();
    drop(writer);
    assert!(files(dir.path()).is_empty());

    fs::write(unfinished, left_by_a_crash).unwrap();
    assert!(snapshots(&os(), dir.path()).unwrap().damaged.is_empty());
    let (_, opened) = open(dir.path());
    assert!(
        matches!(&opened.repairs[..], [Repair::UnfinishedSnapshotRemoved(path)] if path == unfinished),
        "{:?}",
        opened.repairs
    );
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_visitor_ends_the_reading_with_its_own_error() {
    let dir = TempDir::new().unwrap();
    let content: Vec<Vec<u8>> = (0..50).map(|seed| noise(seed, 10_000)).collect();
    let snapshot = write(dir.path(), head(1), &content);
    for wanted in [0, 1, 49] {
        let mut seen = 0;
        let ended = snapshot.read(|_| {
            seen += 1;
            if seen > wanted { Err(seen) } else { Ok(()) }
        });
        assert!(
            matches!(ended, Err(SnapshotError::Visit(at)) if at == wanted + 1),
            "{ended:?}"
        );
    }
}

/// What is wrong with the only snapshot of a directory, on finding or on reading it. Shows its sections to nobody
/// who does not also get an error, and no section that was not written.
fn damage_in(dir: &Path, content: &[Vec<u8>]) -> Option<SnapshotDamage> {
    let mut found = snapshots(&os(), dir).unwrap();
    if let Some(damaged) = found.damaged.pop() {
        return Some(damaged.damage);
    }
    let mut shown = Vec::new();
    let read = found.found[0].read(|section| {
        shown.push(section.to_vec());
        Ok::<(), Infallible>(())
    });
    assert!(shown.iter().all(|section| content.contains(section)));
    match read {
        Ok(()) => None,
        Err(SnapshotError::Damaged { damage, .. }) => Some(damage),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_flipped_bit_anywhere_and_a_cut_at_any_length_are_noticed() {
    let dir = TempDir::new().unwrap();
    let content = [noise(3, 100), vec![b'x'; 5_000], b"last".to_vec()];
    let snapshot = write(dir.path(), head(12), &content);
    let path = snapshot.path();
    assert_eq!(damage_in(dir.path(), &content), None);
    let whole = fs::read(path).unwrap();
    for at in 0..whole.len() {
        flip(path, at);
        let damage = damage_in(dir.path(), &content);
        let expected = match at {
            8..12 => matches!(damage, Some(SnapshotDamage::Version(_))),
            0..68 => damage == Some(SnapshotDamage::Header),
            _ if at >= whole.len() - 56 => damage == Some(SnapshotDamage::End),
            _ => matches!(damage, Some(SnapshotDamage::Section(_))),
        };
        assert!(expected, "flipped at {at}: {damage:?}");
        flip(path, at);
    }
    for length in 0..whole.len() {
        fs::write(path, &whole[..length]).unwrap();
        assert_ne!(damage_in(dir.path(), &content), None, "cut at {length}");
    }
}

#[test]
fn sections_that_are_missing_repeated_or_swapped_do_not_make_the_digest() {
    let dir = TempDir::new().unwrap();
    let content = [noise(1, 64), noise(2, 64), noise(3, 64)];
    let snapshot = write(dir.path(), head(12), &content);
    let whole = fs::read(snapshot.path()).unwrap();
    let (first, end) = (68, whole.len() - 56);
    let length = (end - first) / 3;
    let section = |number: usize| &whole[first + number * length..first + (number + 1) * length];
    for order in [&[0, 1][..], &[0, 1, 2, 2], &[1, 0, 2], &[]] {
        let mut spliced = whole[..first].to_vec();
        for number in order {
            spliced.extend_from_slice(section(*number));
        }
        spliced.extend_from_slice(&whole[end..]);
        fs::write(snapshot.path(), spliced).unwrap();
        assert_eq!(
            damage_in(dir.path(), &content),
            Some(SnapshotDamage::Digest),
            "{order:?}"
        );
    }
}

#[test]
fn a_snapshot_under_another_name_is_not_taken_for_what_the_name_says() {
    let dir = TempDir::new().unwrap();
    let content = [b"state".to_vec()];
    let snapshot = write(dir.path(), head(12), &content);
    let name = snapshot.path().file_name().unwrap().to_str().unwrap();
    let other_seq = format!("{:020}{}", 13, &name[20..]);
    let other_digest = format!("{}{}.ffs", &name[..21], "0".repeat(64));
    for other in [other_seq, other_digest] {
        let path = snapshot.path().with_file_name(other);
        fs::rename(snapshot.path(), &path).unwrap();
        assert_eq!(damage_in(dir.path(), &content), Some(SnapshotDamage::Name));
        fs::rename(&path, snapshot.path()).unwrap();
    }
}

/// Layout 1, byte for byte. If this fails, the layout has changed and needs another number.
#[test]
fn the_first_layout_is_what_it_was() {
    let dir = TempDir::new().unwrap();
    let snapshot = write(dir.path(), head(1), &[""; 0]);
    let hex = hex::encode(fs::read(snapshot.path()).unwrap());
    let header = "4646534e41505348010000000100000001000000000000000a00000000000000";
    assert_eq!(hex[..128], format!("{header}{}", "07".repeat(32)));
    let end = format!("4646534e41504e44{}", "0".repeat(24));
    let nothing = blake3::hash(b"").to_hex();
    assert_eq!(hex[136..240], format!("{end}{nothing}"));
    assert_eq!(hex.len(), 2 * (68 + 56));
}
