//! An image, in pieces, each acknowledged when it is on the engine's disk.

use std::collections::VecDeque;

use bytes::Bytes;
use fleetfold_schemas::{
    id::Digest,
    topic::{OperatorTopic, Topic},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    OperatorClient, Refused, WORDS_WAIT,
    driver::{Outgoing, Request, Waiting},
    error::UploadError,
};

/// A quarter of the largest packet that the broker takes.
pub const UPLOAD_PIECE_BYTES: usize = 256 * 1024;
/// Pieces under way: one is sent while another is synced, and a lost connection repeats a megabyte at most.
const PIECES_MAX: usize = 4;

impl OperatorClient {
    /// Brings an image into the engine's store and returns the digest that it is named by there.
    ///
    /// `progress` is told after each acknowledged piece how many bytes are safe. One that is there already is uploaded
    /// again; the engine keeps one copy.
    pub async fn upload(
        &self,
        image: impl Into<Bytes>,
        mut progress: impl FnMut(u64),
    ) -> Result<Digest, UploadError> {
        let image = image.into();
        let digest = Digest::of(&image);
        let _only = self.uploading.lock().await;
        let (to, mut refusals) = mpsc::unbounded_channel();
        self.requests
            .send(Request::UploadRefusals(to))
            .map_err(|_| UploadError::Closed)?;

        let mut pieces = VecDeque::new();
        let mut safe = 0;
        // The end of the image is an empty piece.
        let ends = (0..image.len())
            .step_by(UPLOAD_PIECE_BYTES)
            .chain([image.len()]);
        for offset in ends {
            let end = image.len().min(offset + UPLOAD_PIECE_BYTES);
            if pieces.len() >= PIECES_MAX
                && let Some(oldest) = pieces.pop_front()
            {
                safe += self.piece_is_safe(oldest, &mut refusals).await?;
                progress(safe);
            }
            let piece = image.slice(offset..end);
            pieces.push_back(self.send_piece(digest, offset as u64, piece)?);
        }
        for oldest in pieces {
            safe += self.piece_is_safe(oldest, &mut refusals).await?;
            progress(safe);
        }
        Ok(digest)
    }

    fn send_piece(
        &self,
        digest: Digest,
        offset: u64,
        payload: Bytes,
    ) -> Result<Piece, UploadError> {
        let upload = OperatorTopic::Upload(digest, offset);
        let (sender, acknowledged) = oneshot::channel();
        let bytes = payload.len() as u64;
        let outgoing = Outgoing {
            topic: Topic::Operator(self.operator.clone(), upload).to_string(),
            payload,
            waiting: Waiting::Acknowledgement(sender),
        };
        self.requests
            .send(Request::Publish(outgoing))
            .map_err(|_| UploadError::Closed)?;
        Ok(Piece {
            acknowledged,
            bytes,
        })
    }

    /// Waits for the PUBACK of a piece and returns its size.
    async fn piece_is_safe(
        &self,
        piece: Piece,
        refusals: &mut mpsc::UnboundedReceiver<Refused>,
    ) -> Result<u64, UploadError> {
        let acknowledged = tokio::select! {
            biased;
            Some(refused) = refusals.recv() => return Err(UploadError::Rejected(refused)),
            acknowledged = timeout(self.reply_timeout, piece.acknowledged) => acknowledged,
        };
        match acknowledged {
            Ok(Ok(Ok(()))) => Ok(piece.bytes),
            Ok(Ok(Err(UploadError::Rejected(refused)))) => {
                let said = timeout(WORDS_WAIT, refusals.recv()).await;
                Err(UploadError::Rejected(
                    said.ok().flatten().unwrap_or(refused),
                ))
            }
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => Err(UploadError::Closed),
            Err(_) => Err(UploadError::NoAnswer {
                after: self.reply_timeout,
            }),
        }
    }
}

struct Piece {
    acknowledged: oneshot::Receiver<Result<(), UploadError>>,
    bytes: u64,
}
