//! Fetching an artifact piece by piece: a small window of requests, answers in any order, writes in order.

use std::collections::VecDeque;

use fleetfold_schemas::{
    Digest,
    device::{ChunkData, ChunkGet},
};

/// Requests under way at once: enough to keep a slow link busy over a round trip, little enough to buffer.
pub const WINDOW: usize = 4;
/// Times a piece is asked for before the download has failed.
const TRIES_MAX: u32 = 8;

/// A download in progress.
#[derive(Debug)]
pub(super) struct Fetch {
    digest: Digest,
    bytes: u64,
    chunk_bytes: u32,
    timeout_ms: u64,
    /// Everything before this has been handed on to be written.
    written: u64,
    /// Consecutive pieces from `written` on.
    window: VecDeque<Request>,
}

#[derive(Debug)]
struct Request {
    offset: u64,
    length: u32,
    asked_ms: u64,
    tries: u32,
    answer: Option<Vec<u8>>,
}

/// What an answer amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Not asked for, asked for and already here, or of the wrong length.
    Nothing,
    /// The next bytes to write: an offset and a piece, several times.
    Pieces(Vec<(u64, Vec<u8>)>),
    /// The engine does not have it, and says why.
    Refused(String),
}

impl Fetch {
    pub fn new(
        (digest, bytes): (Digest, u64),
        written: u64,
        chunk_bytes: u32,
        timeout_ms: u64,
    ) -> Self {
        Self {
            digest,
            bytes,
            chunk_bytes: chunk_bytes.max(1),
            timeout_ms,
            written,
            window: VecDeque::with_capacity(WINDOW),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.written >= self.bytes
    }

    pub fn percent(&self) -> u8 {
        let percent = (self.written * 100).checked_div(self.bytes).unwrap_or(100);
        u8::try_from(percent).unwrap_or(100)
    }

    /// Forgets what was asked for: with the connection gone, no answer will come.
    pub fn forget_requests(&mut self) {
        self.window.clear();
    }

    /// What to ask for now: pieces that fit in the window, and those whose answer is overdue. `None`: given up.
    pub fn requests(&mut self, now: u64) -> Option<Vec<ChunkGet>> {
        let mut due = Vec::new();
        for request in &mut self.window {
            if request.answer.is_none() && now >= request.asked_ms + self.timeout_ms {
                if request.tries == TRIES_MAX {
                    return None;
                }
                request.tries += 1;
                request.asked_ms = now;
                due.push((request.offset, request.length));
            }
        }
        let mut next = self
            .window
            .back()
            .map_or(self.written, |last| last.offset + u64::from(last.length));
        while self.window.len() < WINDOW && next < self.bytes {
            let length = u32::try_from(self.bytes - next)
                .map_or(self.chunk_bytes, |rest| rest.min(self.chunk_bytes));
            self.window.push_back(Request {
                offset: next,
                length,
                asked_ms: now,
                tries: 1,
                answer: None,
            });
            due.push((next, length));
            next += u64::from(length);
        }
        let request = |(offset, length)| ChunkGet {
            digest: self.digest,
            offset,
            length,
        };
        Some(due.into_iter().map(request).collect())
    }

    /// Takes an answer. Only exactly what was asked for counts, so endless data has nowhere to go.
    pub fn receive(&mut self, data: ChunkData) -> Received {
        if data.digest != self.digest {
            return Received::Nothing;
        }
        let Some(request) = self
            .window
            .iter_mut()
            .find(|request| request.offset == data.offset && request.answer.is_none())
        else {
            return Received::Nothing;
        };
        match data.content {
            Err(code) => return Received::Refused(code),
            Ok(bytes) if bytes.len() as u64 != u64::from(request.length) => {
                return Received::Nothing;
            }
            Ok(bytes) => request.answer = Some(bytes),
        }
        let mut pieces = Vec::new();
        while let Some(answer) = self
            .window
            .front_mut()
            .and_then(|first| first.answer.take())
        {
            self.window.pop_front();
            let offset = self.written;
            self.written += answer.len() as u64;
            pieces.push((offset, answer));
        }
        Received::Pieces(pieces)
    }

    /// When the next answer is overdue.
    pub fn next_wakeup(&self) -> Option<u64> {
        self.window
            .iter()
            .filter(|request| request.answer.is_none())
            .map(|request| request.asked_ms + self.timeout_ms)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(bytes: u64) -> Fetch {
        Fetch::new((Digest([1; 32]), bytes), 0, 10, 100)
    }

    fn answer(offset: u64, len: usize) -> ChunkData {
        ChunkData {
            digest: Digest([1; 32]),
            offset,
            content: Ok(vec![7; len]),
        }
    }

    fn offsets(requests: Option<Vec<ChunkGet>>) -> Vec<u64> {
        requests.unwrap().iter().map(|get| get.offset).collect()
    }

    #[test]
    fn answers_in_any_order_are_written_in_order() {
        let mut fetch = fetch(45);
        assert_eq!(offsets(fetch.requests(0)), [0, 10, 20, 30]);
        assert_eq!(fetch.receive(answer(10, 10)), Received::Pieces(vec![]));
        assert_eq!(fetch.receive(answer(10, 10)), Received::Nothing);
        let Received::Pieces(pieces) = fetch.receive(answer(0, 10)) else {
            panic!("two pieces were expected");
        };
        assert_eq!(pieces.iter().map(|p| p.0).collect::<Vec<_>>(), [0, 10]);
        assert_eq!(offsets(fetch.requests(0)), [40]);
        assert_eq!(fetch.percent(), 44);
        for (offset, len) in [(20, 10), (30, 10), (40, 5)] {
            fetch.receive(answer(offset, len));
        }
        assert!(fetch.is_complete());
        assert_eq!(fetch.next_wakeup(), None);
    }

    #[test]
    fn only_the_overdue_piece_is_asked_for_again_and_not_for_ever() {
        let mut fetch = fetch(20);
        fetch.requests(0);
        fetch.receive(answer(10, 10));
        assert_eq!(fetch.next_wakeup(), Some(100));
        assert_eq!(offsets(fetch.requests(99)), [] as [u64; 0]);
        for again in 1..u64::from(TRIES_MAX) {
            assert_eq!(offsets(fetch.requests(100 * again)), [0]);
        }
        assert_eq!(fetch.requests(100 * u64::from(TRIES_MAX)), None);
    }

    #[test]
    fn what_was_not_asked_for_exactly_does_not_count() {
        let mut fetch = fetch(20);
        fetch.requests(0);
        let mut foreign = answer(0, 10);
        foreign.digest = Digest([2; 32]);
        for data in [
            answer(0, 9),
            answer(0, 11),
            answer(5, 10),
            answer(20, 10),
            foreign,
        ] {
            assert_eq!(fetch.receive(data), Received::Nothing);
        }
        assert!(matches!(fetch.receive(answer(0, 10)), Received::Pieces(_)));
        assert_eq!(fetch.receive(answer(0, 10)), Received::Nothing);
    }
}
