//! Reading sled on a thread of its own.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use super::Index;
use crate::log::error::IndexFault;
use crate::log::frame::Frame;
use crate::log::journal::Stop;

/// Frames travel from sled's reader together up to about this size, so that passing them on costs next to nothing even
/// where every frame has one record.
const CHUNK_BYTES: usize = 64 * 1024;

/// Chunks on their way: enough that the reader is not waited for, and a few MiB at most.
const CHUNKS_MAX: usize = 4;

/// Frames that a thread of their own reads from sled, so that one that hangs can be left behind.
pub(super) struct Reading {
    chunks: Receiver<Result<Vec<u8>, IndexFault>>,
    unwanted: Arc<AtomicBool>,
    timeout: Duration,
}

impl Reading {
    pub(super) fn start(
        index: &Arc<Index>,
        from_seq: u64,
        timeout: Duration,
    ) -> Result<Self, IndexFault> {
        let (sender, chunks) = mpsc::sync_channel(CHUNKS_MAX);
        let unwanted = Arc::new(AtomicBool::new(false));
        let (index, is_unwanted) = (Arc::clone(index), Arc::clone(&unwanted));
        let read = move || {
            read(&index, from_seq, &is_unwanted, &sender);
            // Before the sender: who sees that the reading has ended may close the index.
            drop(index);
            drop(sender);
        };
        let name = "log-index-read".to_owned();
        thread::Builder::new().name(name).spawn(read)?;
        Ok(Self {
            chunks,
            unwanted,
            timeout,
        })
    }

    /// Shows the frames to `visit`, whose own result is the inner one.
    pub(super) fn pass_on<E>(
        self,
        mut visit: impl FnMut(&Frame<'_>) -> Result<(), Stop<E>>,
    ) -> Result<Result<(), E>, IndexFault> {
        while let Some(chunk) = self.next()? {
            let mut frames = chunk.as_slice();
            while !frames.is_empty() {
                let frame = Frame::parse(frames).expect("the reader has parsed it");
                frames = &frames[frame.stored.len()..];
                match visit(&frame) {
                    Ok(()) => {}
                    Err(Stop::Damaged(damage)) => {
                        let first_seq = frame.first_seq;
                        return Err(IndexFault::Row { first_seq, damage });
                    }
                    Err(Stop::Visitor(error)) => {
                        self.unwanted.store(true, Ordering::Relaxed);
                        while self.next()?.is_some() {}
                        return Ok(Err(error));
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    fn next(&self) -> Result<Option<Vec<u8>>, IndexFault> {
        match self.chunks.recv_timeout(self.timeout) {
            Ok(chunk) => chunk.map(Some),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(IndexFault::TimedOut),
        }
    }
}

/// Sends frames in chunks until there are no more or nobody wants them.
fn read(
    index: &Index,
    from_seq: u64,
    unwanted: &AtomicBool,
    sender: &SyncSender<Result<Vec<u8>, IndexFault>>,
) {
    let mut chunk = Vec::new();
    let visited = index.visit(from_seq, |frame| {
        chunk.extend_from_slice(frame.stored);
        if chunk.len() < CHUNK_BYTES {
            return Ok(());
        }
        let sent = sender.send(Ok(mem::take(&mut chunk)));
        if sent.is_err() || unwanted.load(Ordering::Relaxed) {
            return Err(Stop::Visitor(()));
        }
        Ok(())
    });
    // What was read before a fault is good. Whoever wanted it may be gone.
    let _ = sender.send(Ok(chunk));
    if let Err(fault) = visited {
        let _ = sender.send(Err(fault));
    }
}
