//! Stories through the store's own door, on a directory that the test may also damage.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use fleetfold_schemas::{Sha256, device::CHUNK_BYTES_MAX};
use tempfile::TempDir;

use super::*;

struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// As a new process does; what was open before may go on.
    fn open(&self) -> ArtifactStore {
        self.open_within(Limits {
            free_bytes_min: 0,
            ..Limits::default()
        })
    }

    fn open_within(&self, limits: Limits) -> ArtifactStore {
        ArtifactStore::open(self.0.path(), limits).unwrap()
    }

    fn complete(&self, digest: &Digest) -> PathBuf {
        self.0.path().join("complete").join(digest.to_string())
    }

    fn partial(&self, digest: &Digest) -> PathBuf {
        self.0.path().join("partial").join(digest.to_string())
    }
}

/// Bytes that look random and always are the same.
fn image(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new()
        .update(seed.as_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

/// Uploads what is missing from `from` on, and the end.
fn upload_from(store: &ArtifactStore, image: &[u8], from: usize) {
    let digest = Digest::of(image);
    for (piece, number) in image[from..].chunks(7_000).zip(0u64..) {
        let offset = from as u64 + number * 7_000;
        let uploaded = store.upload(&digest, offset, piece).unwrap();
        assert_eq!(uploaded.received_bytes, offset + piece.len() as u64);
        assert!(!uploaded.complete);
    }
    let end = store.upload(&digest, image.len() as u64, &[]).unwrap();
    assert_eq!(end, complete_with(image.len()));
}

fn complete_with(bytes: usize) -> Uploaded {
    Uploaded {
        received_bytes: bytes as u64,
        complete: true,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Refused>) -> Code {
    match result.unwrap_err() {
        Refused::Rejected(rejection) => rejection.code,
        Refused::Failed(error) => panic!("{error}"),
    }
}

#[test]
fn an_image_uploaded_in_pieces_is_described_and_read_back() {
    let (disk, image) = (Disk::new(), image("a", 50_000));
    let store = disk.open();
    let digest = Digest::of(&image);
    assert_eq!(store.describe(&digest), None);
    upload_from(&store, &image, 0);
    let stored = store.describe(&digest).unwrap();
    assert_eq!(stored.bytes, 50_000);
    assert_eq!(stored.sha256, Sha256::of(&image));
    assert_eq!(store.read_all(&digest).unwrap(), image);
    assert!(!disk.partial(&digest).exists());

    let store = disk.open();
    assert_eq!(store.describe(&digest), Some(stored));
    assert_eq!(store.read(&digest, 49_999, 1).unwrap(), image[49_999..]);
}

#[test]
fn a_piece_sent_twice_counts_once_before_and_after_the_end() {
    let (disk, image) = (Disk::new(), image("a", 20_000));
    let store = disk.open();
    let digest = Digest::of(&image);
    store.upload(&digest, 0, &image[..10_000]).unwrap();
    for repeat in [0..10_000, 5_000..6_000, 9_999..10_000] {
        let uploaded = store
            .upload(&digest, repeat.start as u64, &image[repeat])
            .unwrap();
        assert_eq!(uploaded.received_bytes, 10_000);
    }
    upload_from(&store, &image, 10_000);
    for repeat in [0..10_000, 19_999..20_000, 20_000..20_000] {
        let uploaded = store
            .upload(&digest, repeat.start as u64, &image[repeat])
            .unwrap();
        assert_eq!(uploaded, complete_with(20_000));
    }
    assert_eq!(
        code(store.upload(&digest, 0, b"something else")),
        Code::UploadMismatch
    );
    assert_eq!(store.read_all(&digest).unwrap(), image);
}

#[test]
fn a_piece_that_leaves_a_gap_is_refused_and_costs_nothing() {
    let (disk, image) = (Disk::new(), image("a", 20_000));
    let store = disk.open();
    let digest = Digest::of(&image);
    assert_eq!(code(store.upload(&digest, 1, &image[1..])), Code::UploadGap);
    store.upload(&digest, 0, &image[..10_000]).unwrap();
    assert_eq!(
        code(store.upload(&digest, 10_001, &image[10_001..])),
        Code::UploadGap
    );
    assert_eq!(
        code(store.upload(&digest, u64::MAX, &image)),
        Code::UploadGap
    );
    upload_from(&store, &image, 10_000);
}

#[test]
fn bytes_without_the_announced_digest_are_dropped_at_the_end() {
    let (disk, image) = (Disk::new(), image("a", 20_000));
    let store = disk.open();
    let digest = Digest::of(&image);
    let mut wrong = image.clone();
    wrong[7] ^= 1;
    store.upload(&digest, 0, &wrong).unwrap();
    let end = wrong.len() as u64;
    assert_eq!(code(store.upload(&digest, end, &[])), Code::UploadMismatch);
    assert_eq!(store.describe(&digest), None);
    assert!(!disk.partial(&digest).exists());
    assert_eq!(code(store.upload(&digest, end, &[])), Code::UploadGap);
    upload_from(&store, &image, 0);
}

#[test]
fn an_upload_goes_on_after_a_restart() {
    let (disk, image) = (Disk::new(), image("a", 30_000));
    let digest = Digest::of(&image);
    disk.open().upload(&digest, 0, &image[..15_000]).unwrap();
    let store = disk.open();
    let repeated = store.upload(&digest, 8_000, &image[8_000..15_000]).unwrap();
    assert_eq!(repeated.received_bytes, 15_000);
    upload_from(&store, &image, 15_000);
    assert_eq!(store.read_all(&digest).unwrap(), image);
}

#[test]
fn what_a_crash_left_unsynced_is_replaced_by_the_repeat() {
    let image = image("a", 30_000);
    let digest = Digest::of(&image);
    // Half a piece; or its length without its bytes, and more than the repeat has.
    for left in [image[..17_000].to_vec(), {
        let mut zeros = image[..15_000].to_vec();
        zeros.resize(29_000, 0);
        zeros
    }] {
        let disk = Disk::new();
        disk.open().upload(&digest, 0, &image[..15_000]).unwrap();
        fs::write(disk.partial(&digest), left).unwrap();
        let store = disk.open();
        let repeated = store
            .upload(&digest, 15_000, &image[15_000..22_000])
            .unwrap();
        assert_eq!(repeated.received_bytes, 22_000);
        upload_from(&store, &image, 22_000);
        assert_eq!(store.read_all(&digest).unwrap(), image);
    }
}

#[test]
fn every_range_within_the_artifact_can_be_read_and_no_other() {
    let (disk, image) = (Disk::new(), image("a", 100_000));
    let store = disk.open();
    let digest = store.insert(&image).unwrap();
    for (offset, length) in [
        (0, 1),
        (0, CHUNK_BYTES_MAX),
        (99_999, 1),
        (100_000 - u64::from(CHUNK_BYTES_MAX), CHUNK_BYTES_MAX),
        (31_337, 4_096),
    ] {
        let from = offset as usize;
        assert_eq!(
            store.read(&digest, offset, length).unwrap(),
            image[from..from + length as usize]
        );
    }
    for (offset, length) in [
        (0, 0),
        (0, CHUNK_BYTES_MAX + 1),
        (99_999, 2),
        (100_000, 1),
        (u64::MAX, 1),
        (u64::MAX - 1, 2),
    ] {
        let rejection = store.read(&digest, offset, length).unwrap_err();
        assert_eq!(rejection.code, Code::ChunkRange, "{length} at {offset}");
    }
    let unknown = store.read(&Digest::of(b"unknown"), 0, 1).unwrap_err();
    assert_eq!(unknown.code, Code::UnknownArtifact);
}

#[test]
fn more_artifacts_than_may_be_open_are_all_served() {
    let disk = Disk::new();
    let store = disk.open();
    let images: Vec<_> = (0..100).map(|n| image(&format!("{n}"), 100)).collect();
    for image in &images {
        store.insert(image).unwrap();
    }
    for image in images.iter().chain(&images) {
        assert_eq!(store.read(&Digest::of(image), 0, 100).unwrap(), *image);
    }
}

#[test]
fn a_file_that_rotted_is_refused_and_can_be_uploaded_again() {
    let image = image("a", 50_000);
    let digest = Digest::of(&image);
    let flipped = {
        let mut bytes = image.clone();
        bytes[33_333] ^= 0x40;
        bytes
    };
    for damaged in [flipped, image[..49_999].to_vec(), Vec::new()] {
        let disk = Disk::new();
        disk.open().insert(&image).unwrap();
        fs::write(disk.complete(&digest), &damaged).unwrap();

        let store = disk.open();
        let rejection = store.read(&digest, 0, 100).unwrap_err();
        assert_eq!(rejection.code, Code::UnknownArtifact);
        assert!(rejection.message.contains("damaged"), "{rejection}");
        assert!(matches!(
            store.read_all(&digest),
            Err(Refused::Failed(ArtifactError::Corrupt { .. }))
        ));
        assert_eq!(store.describe(&digest), None);

        upload_from(&store, &image, 0);
        assert_eq!(store.read_all(&digest).unwrap(), image);
        assert_eq!(disk.open().read_all(&digest).unwrap(), image);
    }
}

#[test]
fn strangers_among_the_files_are_neither_served_nor_touched() {
    let disk = Disk::new();
    disk.open();
    let stranger = disk.0.path().join("partial").join("notes.txt");
    fs::write(&stranger, "mine").unwrap();
    let store = disk.open();
    let posing = Digest::of(b"an image");
    fs::write(disk.complete(&posing), "no image").unwrap();
    assert!(store.read(&posing, 0, 1).is_err());
    assert_eq!(fs::read(&stranger).unwrap(), b"mine");
}

#[test]
fn an_artifact_on_the_size_limit_is_taken_and_one_beyond_refused() {
    let disk = Disk::new();
    let store = disk.open_within(Limits {
        artifact_bytes_max: 1_000,
        free_bytes_min: 0,
        ..Limits::default()
    });
    upload_from(&store, &image("a", 1_000), 0);
    let larger = image("b", 1_001);
    let digest = Digest::of(&larger);
    assert_eq!(code(store.upload(&digest, 0, &larger)), Code::TooLarge);
    store.upload(&digest, 0, &larger[..1_000]).unwrap();
    assert_eq!(
        code(store.upload(&digest, 1_000, &larger[1_000..])),
        Code::TooLarge
    );
    assert_eq!(code(store.insert(&larger)), Code::TooLarge);
}

#[test]
fn unfinished_uploads_are_bounded_in_number_and_bytes_and_end_with_age() {
    let disk = Disk::new();
    let limits = Limits {
        partials_max: 2,
        partial_bytes_max: 1_000,
        free_bytes_min: 0,
        ..Limits::default()
    };
    let store = disk.open_within(limits);
    let images = ["a", "b", "c"].map(|seed| image(seed, 600));
    let [a, b, c] = &images;
    let digests = images.each_ref().map(|image| Digest::of(image));
    store.upload(&digests[0], 0, &a[..500]).unwrap();
    store.upload(&digests[1], 0, &b[..500]).unwrap();
    assert_eq!(
        code(store.upload(&digests[2], 0, &c[..1])),
        Code::StorageLow
    );
    assert_eq!(
        code(store.upload(&digests[1], 500, &b[500..501])),
        Code::StorageLow
    );
    store.insert(c).expect("what is whole needs no upload");

    let file = fs::File::options()
        .write(true)
        .open(disk.partial(&digests[0]))
        .unwrap();
    let long_ago = SystemTime::now() - PARTIAL_AGE_MAX - Duration::from_secs(60);
    file.set_modified(long_ago).unwrap();
    let store = disk.open_within(limits);
    assert!(!disk.partial(&digests[0]).exists());
    upload_from(&store, b, 500);
}

#[test]
fn a_disk_short_of_space_takes_nothing_in_but_still_serves() {
    let (disk, image) = (Disk::new(), image("a", 1_000));
    let digest = disk.open().insert(&image).unwrap();
    let store = disk.open_within(Limits {
        free_bytes_min: u64::MAX,
        ..Limits::default()
    });
    assert_eq!(store.read(&digest, 0, 1_000).unwrap(), image);
    assert_eq!(store.insert(&image).unwrap(), digest);
    assert_eq!(code(store.insert(b"more")), Code::StorageLow);
    assert_eq!(
        code(store.upload(&Digest::of(b"more"), 0, b"more")),
        Code::StorageLow
    );
}

#[test]
fn many_readers_and_an_uploader_get_on_with_each_other() {
    let disk = Disk::new();
    let (served, uploaded) = (image("a", 300_000), image("b", 300_000));
    let digest = disk.open().insert(&served).unwrap();
    let store = disk.open();
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (store, served) = (store.clone(), &served);
            scope.spawn(move || {
                for step in 0..500_usize {
                    let offset = (step * 5_119 + reader) % 290_000;
                    let bytes = store.read(&digest, offset as u64, 10_000).unwrap();
                    assert_eq!(bytes, served[offset..offset + 10_000]);
                }
            });
        }
        upload_from(&store, &uploaded, 0);
    });
    assert_eq!(store.read_all(&Digest::of(&uploaded)).unwrap(), uploaded);
}
