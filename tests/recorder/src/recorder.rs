//! The state of the recorder: which files it watches, and where its trace is.

use std::collections::HashMap;
use std::env;
use std::ffi::{CStr, CString, c_char};
use std::os::unix::ffi::OsStringExt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{c_int, c_long, mode_t, stat};

use crate::faults::Faults;
use crate::trace::Op;

/// Writes to this file, outside of the directory, are marks in the trace.
const MARKS: &str = "FLEETFOLD_RECORDER_MARKS";
const DIRECTORY: &str = "FLEETFOLD_RECORDER_DIR";
const TRACE: &str = "FLEETFOLD_RECORDER_TRACE";

pub(crate) struct Recorder {
    /// Absolute, without a slash at its end.
    directory: Vec<u8>,
    marks: Option<Vec<u8>>,
    trace: Option<c_int>,
    watched: HashMap<(u64, u64), Watched>,
    pub(crate) faults: Faults,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// A file or directory in the recorded directory, by its inode.
    Inode(u64),
    Marks,
}

/// The recorder, for one operation at a time; `None` where nothing is recorded.
pub(crate) fn recorder() -> Option<MutexGuard<'static, Recorder>> {
    static RECORDER: OnceLock<Option<Mutex<Recorder>>> = OnceLock::new();
    let recorder = RECORDER.get_or_init(Recorder::from_environment).as_ref()?;
    Some(recorder.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Recorder {
    fn from_environment() -> Option<Mutex<Self>> {
        let path = |name| env::var_os(name).map(OsStringExt::into_vec);
        let trace = path(TRACE).map(|path| {
            let path = CString::new(path).expect("a variable has no zero byte");
            let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
            open_file(libc::AT_FDCWD, path.as_ptr(), flags, 0o600)
        });
        if trace.is_some_and(|trace| trace < 0) {
            give_up("cannot open its trace");
        }
        let directory = path(DIRECTORY)?;
        // SAFETY: the function is there as long as the process.
        unsafe { libc::atexit(stop) };
        Some(Mutex::new(Self {
            directory,
            marks: path(MARKS),
            trace,
            watched: HashMap::new(),
            faults: Faults::from_environment(),
        }))
    }

    /// The path of `name` relative to the recorded directory, if it is in there.
    ///
    /// # Safety
    /// `name` is a string as the C library wants it.
    pub(crate) unsafe fn inside(&self, at: c_int, name: *const c_char) -> Option<Vec<u8>> {
        // SAFETY: as the caller promises.
        let path = unsafe { absolute(at, name) }?;
        let rest = path.strip_prefix(self.directory.as_slice())?;
        match rest {
            [] => Some(Vec::new()),
            [b'/', rest @ ..] => Some(rest.to_vec()),
            _another_name => None,
        }
    }

    /// # Safety
    /// `name` is a string as the C library wants it.
    pub(crate) unsafe fn is_marks(&self, at: c_int, name: *const c_char) -> bool {
        // SAFETY: as the caller promises.
        self.marks.is_some() && unsafe { absolute(at, name) } == self.marks
    }

    pub(crate) fn watch(&mut self, fd: c_int, as_marks: bool) -> u64 {
        let status = status(fd).unwrap_or_else(|| give_up("cannot tell what was opened"));
        let watched = if as_marks {
            Watched::Marks
        } else {
            Watched::Inode(status.st_ino)
        };
        self.watched.insert((status.st_dev, status.st_ino), watched);
        status.st_ino
    }

    /// What `fd` is, and its length.
    pub(crate) fn watched(&self, fd: c_int) -> Option<(Watched, u64)> {
        if self.watched.is_empty() {
            return None;
        }
        let status = status(fd)?;
        let watched = self.watched.get(&(status.st_dev, status.st_ino))?;
        Some((*watched, u64::try_from(status.st_size).unwrap_or(0)))
    }

    /// Appends to the trace. What the process then finds in `errno` is what it would have found.
    pub(crate) fn record(&self, op: &Op<'_>) {
        let Some(trace) = self.trace else { return };
        let mut bytes = Vec::new();
        op.encode(&mut bytes);
        let errno = errno();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            // SAFETY: the pointer and the length are those of a slice.
            let written =
                unsafe { libc::syscall(libc::SYS_write, trace, rest.as_ptr(), rest.len()) };
            match usize::try_from(written) {
                Ok(written) if written > 0 => rest = &rest[written..],
                _ => give_up("cannot write its trace"),
            }
        }
        set_errno(errno);
    }

    /// Records what was written, shorter if it is one byte all over.
    pub(crate) fn record_write(&self, watched: Watched, offset: u64, bytes: &[u8]) {
        /// Below this a run saves nothing worth having.
        const RUN_BYTES_MIN: usize = 64;
        let inode = match watched {
            Watched::Inode(inode) => inode,
            Watched::Marks => return self.record(&Op::Marked { text: bytes }),
        };
        match bytes {
            [first, rest @ ..]
                if rest.len() >= RUN_BYTES_MIN && rest.iter().all(|b| b == first) =>
            {
                self.record(&Op::Filled {
                    inode,
                    offset,
                    length: bytes.len() as u64,
                    byte: u64::from(*first),
                });
            }
            _ => self.record(&Op::Written {
                inode,
                offset,
                bytes,
            }),
        }
    }
}

/// Lets no thread begin an operation that the process's end might keep from being recorded.
extern "C" fn stop() {
    std::mem::forget(recorder());
}

/// Opens without being recorded.
pub(crate) fn open_file(at: c_int, name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the kernel checks the pointer.
    answer(unsafe { libc::syscall(libc::SYS_openat, at, name, flags, mode) })
}

/// A system call's answer as the C library's functions give it.
pub(crate) fn answer(returned: c_long) -> c_int {
    c_int::try_from(returned).unwrap_or(-1)
}

pub(crate) fn errno() -> c_int {
    // SAFETY: the location is this thread's own and always valid.
    unsafe { *libc::__errno_location() }
}

pub(crate) fn set_errno(errno: c_int) {
    // SAFETY: the location is this thread's own and always valid.
    unsafe { *libc::__errno_location() = errno }
}

fn status(fd: c_int) -> Option<stat> {
    // SAFETY: all of its fields are numbers, for which zero is a value.
    let mut status: stat = unsafe { std::mem::zeroed() };
    let errno = errno();
    // SAFETY: the pointer is that of a whole `stat`.
    let is_known = unsafe { libc::fstat(fd, &raw mut status) } == 0;
    set_errno(errno);
    is_known.then_some(status)
}

/// # Safety
/// `name` is a string as the C library wants it.
unsafe fn absolute(at: c_int, name: *const c_char) -> Option<Vec<u8>> {
    // SAFETY: as the caller promises.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    if name.starts_with(b"/") {
        return Some(name.to_vec());
    }
    let base = if at == libc::AT_FDCWD {
        c"/proc/self/cwd".to_owned()
    } else {
        CString::new(format!("/proc/self/fd/{at}")).ok()?
    };
    let mut path = vec![0; libc::PATH_MAX as usize];
    // SAFETY: the pointer and the length are those of the buffer.
    let length = unsafe { libc::readlink(base.as_ptr(), path.as_mut_ptr().cast(), path.len()) };
    path.truncate(usize::try_from(length).ok()?);
    if name != b"." {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    Some(path)
}

/// A recording with a hole would make the test believe what is not so.
pub(crate) fn give_up(why: &str) -> ! {
    let text = format!("fleetfold-recorder {why}\n");
    // SAFETY: the pointer and the length are those of a string.
    unsafe { libc::syscall(libc::SYS_write, 2, text.as_ptr(), text.len()) };
    std::process::abort()
}
