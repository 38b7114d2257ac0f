//! The read buffer of one connection.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What an idle connection holds: a keepalive is two bytes, a report a few hundred.
const READ_BYTES_MIN: usize = 1024;
/// What a busy one reads at once: several hundred small messages, one system call.
const READ_BYTES_MAX: usize = 64 * 1024;

/// Grows while reads fill it and shrinks when they don't.
#[derive(Debug)]
pub(crate) struct Input {
    buffer: BytesMut,
    step: usize,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self {
            buffer: BytesMut::new(),
            step: READ_BYTES_MIN,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.buffer.advance(count);
    }

    /// Reads once; at least `missing` bytes find room. 0 means that the client has closed its side. Loses nothing when
    /// dropped.
    pub(crate) async fn fill(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        missing: usize,
    ) -> io::Result<usize> {
        if self.buffer.is_empty() && self.buffer.capacity() > 2 * self.step.max(missing) {
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(self.step.max(missing));
        let count = from.read_buf(&mut self.buffer).await?;
        if count >= self.step {
            self.step = (self.step * 2).min(READ_BYTES_MAX);
        } else if count < self.step / 4 {
            self.step = (self.step / 2).max(READ_BYTES_MIN);
        }
        Ok(count)
    }
}
