//! The guard between the log and a library that may panic or hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::log::error::IndexFault;

/// Runs `work` on a thread of its own and gives up on it after `timeout`.
pub(super) fn within<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> Result<T, IndexFault> + Send + 'static,
) -> Result<T, IndexFault> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let spawned = thread::Builder::new()
        .name("log-index-guard".to_owned())
        .spawn(move || {
            // What comes too late is dropped here, where a destructor that hangs holds up nobody.
            let _late = sender.send(guarded(work));
        });
    spawned?;
    match receiver.recv_timeout(timeout) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(IndexFault::TimedOut)
        }
    }
}

/// Turns a panic of sled into a fault. After one the index is only ever set aside or abandoned, so nothing looks at
/// what the panic left half done.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, IndexFault>) -> Result<T, IndexFault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Err(IndexFault::Panicked(
            text.unwrap_or("without a message").to_owned(),
        ))
    })
}
