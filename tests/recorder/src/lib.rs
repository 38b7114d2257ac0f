//! Sees every file operation of an unmodified process, and can make some of them fail.
//!
//! Loaded into a process with `LD_PRELOAD`, it stands before the C library's functions that change files, through which
//! Rust's standard library, and with it our log and sled, do all their writing. Each is carried out, and what it did to
//! the directory `FLEETFOLD_RECORDER_DIR` is appended to the trace. One lock is held meanwhile: the trace's order is the
//! order of the operations, and a sync covers exactly what stands before it.
//!
//! It knows files by their inodes, so duplicated descriptors need no bookkeeping. What passes by the C library, or is
//! written through a mapping, is not seen; the test that reads the trace therefore compares the files that it makes of
//! a whole trace with those that the process left, and takes no other.
//!
//! `copy_file_range`, `sendfile` and `splice` into the directory are refused as unsupported: callers then write.

#![cfg(target_os = "linux")]

mod calls;
mod faults;
mod recorder;
#[expect(
    dead_code,
    reason = "the test has the same file, and reads what this writes"
)]
mod trace;
