//! The functions that stand before the C library's.
//!
//! Each has the C library's name and types, so Rust's standard library and C alike call it as they would call that; it
//! reaches the kernel by itself. A variadic `mode` is read whether it was given or not, which the calling conventions
//! of Linux allow, and is passed on only where it means something.

use std::ffi::c_char;

use libc::{c_int, c_uint, c_void, iovec, mode_t, off_t, size_t, ssize_t};

use crate::recorder::{Recorder, Watched, answer, errno, give_up, open_file, recorder, set_errno};
use crate::trace::Op;

/// Where a write goes.
#[derive(Clone, Copy)]
enum Place {
    /// To the descriptor's own position.
    Position,
    Offset(off_t),
}

fn refuse<T: From<i8>>(errno: c_int) -> T {
    set_errno(errno);
    T::from(-1)
}

/// # Safety
/// `name` is a string as the C library wants it.
unsafe fn open_recorded(at: c_int, name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let Some(mut recorder) = recorder() else {
        return open_file(at, name, flags, mode);
    };
    // SAFETY: as the caller promises.
    let (path, as_marks) = unsafe { (recorder.inside(at, name), recorder.is_marks(at, name)) };
    let Some(path) = path else {
        let fd = open_file(at, name, flags, mode);
        if as_marks && fd >= 0 {
            recorder.watch(fd, true);
        }
        return fd;
    };
    if flags & libc::O_TMPFILE == libc::O_TMPFILE {
        give_up("does not know files without a name");
    }
    // SAFETY: as the caller promises.
    let is_there = unsafe { libc::faccessat(at, name, libc::F_OK, 0) } == 0;
    let makes = flags & libc::O_CREAT != 0 && !is_there;
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
    let allowed = match (makes, writes) {
        (true, _) => recorder.faults.new_name(),
        (false, true) => recorder.faults.name(),
        (false, false) => Ok(()),
    };
    if let Err(error) = allowed {
        return refuse(error);
    }
    let fd = open_file(at, name, flags, mode);
    if fd < 0 {
        return fd;
    }
    let inode = recorder.watch(fd, false);
    recorder.record(&Op::Opened {
        inode,
        made: makes,
        path: &path,
    });
    if flags & libc::O_TRUNC != 0 && !makes {
        recorder.record(&Op::Resized { inode, length: 0 });
    }
    fd
}

/// # Safety
/// `bytes` has `length` bytes.
unsafe fn write_recorded(fd: c_int, bytes: *const c_void, length: size_t, place: Place) -> ssize_t {
    let write = |length: size_t| {
        // SAFETY: the kernel checks pointer and length.
        let written = unsafe {
            match place {
                Place::Position => libc::syscall(libc::SYS_write, fd, bytes, length),
                Place::Offset(offset) => {
                    libc::syscall(libc::SYS_pwrite64, fd, bytes, length, offset)
                }
            }
        };
        ssize_t::try_from(written).unwrap_or(-1)
    };
    let Some(mut recorder) = recorder() else {
        return write(length);
    };
    let Some((watched, file_bytes)) = recorder.watched(fd) else {
        // Not under the lock: this may be a pipe that blocks.
        drop(recorder);
        return write(length);
    };
    let offset = match place {
        Place::Offset(offset) => u64::try_from(offset).unwrap_or(0),
        Place::Position if appends(fd) => file_bytes,
        Place::Position => position(fd),
    };
    let mut allowed = length;
    if watched != Watched::Marks {
        match recorder.faults.write(file_bytes, offset, length as u64) {
            Ok(bytes) => allowed = usize::try_from(bytes).unwrap_or(length),
            Err(error) => return refuse::<ssize_t>(error),
        }
    }
    let written = write(allowed);
    if let Ok(written) = usize::try_from(written) {
        // SAFETY: the kernel has just read as many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast(), written) };
        recorder.record_write(watched, offset, bytes);
    }
    written
}

fn appends(fd: c_int) -> bool {
    // SAFETY: this reads a number.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_APPEND != 0
}

fn position(fd: c_int) -> u64 {
    // SAFETY: this reads a number.
    let position = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
    u64::try_from(position).unwrap_or_else(|_| give_up("cannot tell where a write goes"))
}

/// # Safety
/// `parts` has `count` parts.
unsafe fn write_parts(fd: c_int, parts: *const iovec, count: c_int, place: Place) -> ssize_t {
    let is_watched = recorder().is_some_and(|recorder| recorder.watched(fd).is_some());
    if !is_watched {
        // SAFETY: the kernel checks pointer and count. It wants the offset in two halves, of which a 64-bit one takes
        // only the first.
        let written = unsafe {
            match place {
                Place::Position => libc::syscall(libc::SYS_writev, fd, parts, count),
                Place::Offset(offset) => {
                    libc::syscall(libc::SYS_pwritev, fd, parts, count, offset, 0)
                }
            }
        };
        return ssize_t::try_from(written).unwrap_or(-1);
    }
    // SAFETY: as the caller promises.
    let parts = unsafe { std::slice::from_raw_parts(parts, usize::try_from(count).unwrap_or(0)) };
    let mut joined = Vec::new();
    for part in parts {
        // SAFETY: a part has as many bytes as it says.
        joined.extend_from_slice(unsafe {
            std::slice::from_raw_parts(part.iov_base.cast::<u8>(), part.iov_len)
        });
    }
    // SAFETY: the pointer and the length are those of the vector.
    unsafe { write_recorded(fd, joined.as_ptr().cast(), joined.len(), place) }
}

/// # Safety
/// None: the kernel checks the number.
unsafe fn sync_recorded(fd: c_int, number: libc::c_long) -> c_int {
    // SAFETY: this takes a number.
    let sync = || answer(unsafe { libc::syscall(number, fd) });
    let Some(mut recorder) = recorder() else {
        return sync();
    };
    let Some((Watched::Inode(inode), _)) = recorder.watched(fd) else {
        drop(recorder);
        return sync();
    };
    if let Err(error) = recorder.faults.sync() {
        recorder.record(&Op::SyncFailed { inode });
        return refuse(error);
    }
    let synced = sync();
    recorder.record(&if synced == 0 {
        Op::Synced { inode }
    } else {
        Op::SyncFailed { inode }
    });
    synced
}

/// How a file's length is changed.
#[derive(Clone, Copy)]
enum Resize {
    Truncate,
    /// Takes room on the disk, and never shortens.
    Allocate {
        mode: c_int,
        offset: off_t,
        length: off_t,
    },
}

/// # Safety
/// None: the kernel checks the numbers.
unsafe fn resize_recorded(fd: c_int, length: off_t, how: Resize) -> c_int {
    // SAFETY: these take numbers.
    let resize = || unsafe {
        answer(match how {
            Resize::Truncate => libc::syscall(libc::SYS_ftruncate, fd, length),
            Resize::Allocate {
                mode,
                offset,
                length,
            } => libc::syscall(libc::SYS_fallocate, fd, mode, offset, length),
        })
    };
    let Some(mut recorder) = recorder() else {
        return resize();
    };
    let Some((Watched::Inode(inode), file_bytes)) = recorder.watched(fd) else {
        return resize();
    };
    if let Err(error) = recorder.faults.name() {
        return refuse(error);
    }
    let mut length = u64::try_from(length).unwrap_or(0);
    if let Resize::Allocate { mode, .. } = how {
        if mode & !libc::FALLOC_FL_KEEP_SIZE != 0 {
            give_up("knows no allocation that changes bytes");
        }
        let growth = length.saturating_sub(file_bytes);
        match recorder.faults.write(file_bytes, file_bytes, growth) {
            Ok(allowed) if allowed == growth => {}
            Ok(_) => return refuse(libc::ENOSPC),
            Err(error) => return refuse(error),
        }
        length = if mode == 0 {
            length.max(file_bytes)
        } else {
            file_bytes
        };
    }
    let resized = resize();
    if resized == 0 && length != file_bytes {
        recorder.record(&Op::Resized { inode, length });
    }
    resized
}

/// Changes names by `change`, which is not called if the disk is failing, and records what `op` makes of the paths.
///
/// # Safety
/// Each of `names` is a string as the C library wants it.
unsafe fn rename_recorded<const N: usize>(
    names: [(c_int, *const c_char); N],
    change: impl Fn() -> c_int,
    op: impl Fn(&Recorder, &[Vec<u8>; N]),
) -> c_int {
    let Some(recorder) = recorder() else {
        return change();
    };
    // SAFETY: as the caller promises.
    let paths = names.map(|(at, name)| unsafe { recorder.inside(at, name) });
    if paths.iter().all(Option::is_none) {
        return change();
    }
    if paths.iter().any(Option::is_none) {
        give_up("does not know moves into or out of its directory");
    }
    let paths = paths.map(Option::unwrap_or_default);
    if let Err(error) = recorder.faults.name() {
        return refuse(error);
    }
    let changed = change();
    if changed == 0 {
        op(&recorder, &paths);
    }
    changed
}

/// # Safety
/// `name` is a string as the C library wants it.
unsafe fn make_directory(at: c_int, name: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the kernel checks the pointer.
    let make = || answer(unsafe { libc::syscall(libc::SYS_mkdirat, at, name, mode) });
    let Some(mut recorder) = recorder() else {
        return make();
    };
    // SAFETY: as the caller promises.
    let Some(path) = (unsafe { recorder.inside(at, name) }) else {
        return make();
    };
    if let Err(error) = recorder.faults.new_name() {
        return refuse(error);
    }
    let made = make();
    if made == 0 {
        let fd = open_file(at, name, libc::O_DIRECTORY | libc::O_CLOEXEC, 0);
        let inode = recorder.watch(fd, false);
        // SAFETY: this takes a number.
        unsafe { libc::syscall(libc::SYS_close, fd) };
        recorder.record(&Op::DirectoryMade { inode, path: &path });
    }
    made
}

/// # Safety
/// `name` is a string as the C library wants it.
unsafe fn remove(at: c_int, name: *const c_char, flags: c_int) -> c_int {
    // SAFETY: as the caller promises; the kernel checks the pointer.
    unsafe {
        rename_recorded(
            [(at, name)],
            || answer(libc::syscall(libc::SYS_unlinkat, at, name, flags)),
            |recorder, [path]| recorder.record(&Op::Removed { path }),
        )
    }
}

/// # Safety
/// `from` and `to` are strings as the C library wants them.
unsafe fn rename_from_to(
    from_at: c_int,
    from: *const c_char,
    to_at: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    if flags & libc::RENAME_EXCHANGE != 0 {
        give_up("does not know exchanges of names");
    }
    let number = libc::SYS_renameat2;
    // SAFETY: as the caller promises; the kernel checks the pointers.
    unsafe {
        rename_recorded(
            [(from_at, from), (to_at, to)],
            || answer(libc::syscall(number, from_at, from, to_at, to, flags)),
            |recorder, [from, to]| recorder.record(&Op::Renamed { from, to }),
        )
    }
}

/// Copies within the kernel would not be seen.
///
/// # Safety
/// What `copy` does is what the caller asks of the C library.
unsafe fn copy_within_kernel(to: c_int, copy: impl Fn() -> libc::c_long) -> ssize_t {
    if recorder().is_some_and(|recorder| recorder.watched(to).is_some()) {
        return refuse::<ssize_t>(libc::ENOSYS);
    }
    ssize_t::try_from(copy()).unwrap_or(-1)
}

/// # Safety
/// `bytes` has room for `length` bytes.
unsafe fn read_recorded(fd: c_int, bytes: *mut c_void, length: size_t, place: Place) -> ssize_t {
    let errno_before = errno();
    let failure = recorder().and_then(|mut recorder| {
        recorder.watched(fd)?;
        recorder.faults.read().err()
    });
    if let Some(error) = failure {
        return refuse::<ssize_t>(error);
    }
    set_errno(errno_before);
    // SAFETY: the kernel checks pointer and length.
    let read = unsafe {
        match place {
            Place::Position => libc::syscall(libc::SYS_read, fd, bytes, length),
            Place::Offset(offset) => libc::syscall(libc::SYS_pread64, fd, bytes, length, offset),
        }
    };
    ssize_t::try_from(read).unwrap_or(-1)
}

/// Defines functions under the C library's names that do the same.
macro_rules! stand_before {
    ($($($name:ident),+ = $arguments:tt -> $returned:ident $body:tt)+) => {
        $($(stand_before! { @one $name $arguments $returned, $body })+)+
    };
    (@one $name:ident ($($argument:ident: $type:ty),*) $returned:ident, $body:tt) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $returned {
            // SAFETY: whoever calls this keeps the promises that the C library's function asks for.
            unsafe $body
        }
    };
}

stand_before! {
    open, open64 = (name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        open_recorded(libc::AT_FDCWD, name, flags, mode)
    }
    openat, openat64 = (at: c_int, name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        open_recorded(at, name, flags, mode)
    }
    creat, creat64 = (name: *const c_char, mode: mode_t) -> c_int {
        open_recorded(libc::AT_FDCWD, name, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, mode)
    }
    read = (fd: c_int, bytes: *mut c_void, length: size_t) -> ssize_t {
        read_recorded(fd, bytes, length, Place::Position)
    }
    pread, pread64 = (fd: c_int, bytes: *mut c_void, length: size_t, offset: off_t) -> ssize_t {
        read_recorded(fd, bytes, length, Place::Offset(offset))
    }
    write = (fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
        write_recorded(fd, bytes, length, Place::Position)
    }
    pwrite, pwrite64 = (fd: c_int, bytes: *const c_void, length: size_t, offset: off_t) -> ssize_t {
        write_recorded(fd, bytes, length, Place::Offset(offset))
    }
    writev = (fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
        write_parts(fd, parts, count, Place::Position)
    }
    pwritev, pwritev64 = (fd: c_int, parts: *const iovec, count: c_int, offset: off_t) -> ssize_t {
        write_parts(fd, parts, count, Place::Offset(offset))
    }
    ftruncate, ftruncate64 = (fd: c_int, length: off_t) -> c_int {
        resize_recorded(fd, length, Resize::Truncate)
    }
    fallocate, fallocate64 = (fd: c_int, mode: c_int, offset: off_t, length: off_t) -> c_int {
        resize_recorded(fd, offset.saturating_add(length), Resize::Allocate { mode, offset, length })
    }
    fsync = (fd: c_int) -> c_int {
        sync_recorded(fd, libc::SYS_fsync)
    }
    fdatasync = (fd: c_int) -> c_int {
        sync_recorded(fd, libc::SYS_fdatasync)
    }
    mkdir = (name: *const c_char, mode: mode_t) -> c_int {
        make_directory(libc::AT_FDCWD, name, mode)
    }
    mkdirat = (at: c_int, name: *const c_char, mode: mode_t) -> c_int {
        make_directory(at, name, mode)
    }
    rmdir = (name: *const c_char) -> c_int {
        remove(libc::AT_FDCWD, name, libc::AT_REMOVEDIR)
    }
    unlink = (name: *const c_char) -> c_int {
        remove(libc::AT_FDCWD, name, 0)
    }
    unlinkat = (at: c_int, name: *const c_char, flags: c_int) -> c_int {
        remove(at, name, flags)
    }
    rename = (from: *const c_char, to: *const c_char) -> c_int {
        rename_from_to(libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0)
    }
    renameat = (from_at: c_int, from: *const c_char, to_at: c_int, to: *const c_char) -> c_int {
        rename_from_to(from_at, from, to_at, to, 0)
    }
    renameat2 = (
        from_at: c_int,
        from: *const c_char,
        to_at: c_int,
        to: *const c_char,
        flags: c_uint
    ) -> c_int {
        rename_from_to(from_at, from, to_at, to, flags)
    }
    copy_file_range = (
        from: c_int,
        from_offset: *mut off_t,
        to: c_int,
        to_offset: *mut off_t,
        length: size_t,
        flags: c_uint
    ) -> ssize_t {
        copy_within_kernel(to, || {
            libc::syscall(libc::SYS_copy_file_range, from, from_offset, to, to_offset, length, flags)
        })
    }
    sendfile, sendfile64 = (to: c_int, from: c_int, offset: *mut off_t, length: size_t) -> ssize_t {
        copy_within_kernel(to, || libc::syscall(libc::SYS_sendfile, to, from, offset, length))
    }
}
