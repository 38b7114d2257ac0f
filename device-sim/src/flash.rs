//! What survives a power cut: the small record, the bytes in the slots, and the only ways to change them.
//!
//! A [`Mutation`] is atomic: it happened or it did not. Nothing else changes persistent state, so power can be lost
//! between any two mutations and nowhere else. A real device keeps [`Record`] in a journalled page pair and applies an
//! append by writing the bytes first and the record after them.

mod area;
mod record;

pub use area::{Content, Digests, Pool};
pub use record::{
    Asked, Asking, DeltaOffer, Mutation, OpenJob, Record, SlotState, Source, Step, WhyBack,
};

use std::sync::Arc;

use fleetfold_schemas::device::{Image, Slot};

use crate::delta::{self, DeltaError};

/// A place for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Slot(Slot),
    /// Where a delta is kept until the new image has been rebuilt from it.
    Delta,
}

/// The persistent memory of a simulated device.
#[derive(Debug, Clone)]
pub struct Flash {
    record: Record,
    slot_a: Content,
    slot_b: Content,
    delta: Content,
}

impl Flash {
    /// As it leaves the factory: one image, in slot A, confirmed.
    #[must_use]
    pub fn factory(image: Image, bytes: Arc<[u8]>, installed_sequence: u64) -> Self {
        Self {
            record: Record::factory(image, installed_sequence),
            slot_a: Content::Whole(bytes),
            slot_b: Content::default(),
            delta: Content::default(),
        }
    }

    /// With counters that go on after an earlier life, so that nobody takes this one for a replay of it.
    #[must_use]
    pub fn with_past(mut self, boots: u64) -> Self {
        self.record.epoch = boots;
        self.record.logins = boots;
        self
    }

    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    #[must_use]
    pub fn content(&self, area: Area) -> &Content {
        match area {
            Area::Slot(Slot::A) => &self.slot_a,
            Area::Slot(Slot::B) => &self.slot_b,
            Area::Delta => &self.delta,
        }
    }

    fn content_mut(&mut self, area: Area) -> &mut Content {
        match area {
            Area::Slot(Slot::A) => &mut self.slot_a,
            Area::Slot(Slot::B) => &mut self.slot_b,
            Area::Delta => &mut self.delta,
        }
    }

    /// Makes one mutation. `pool` lets devices that hold the same bytes share them.
    pub fn apply(&mut self, mutation: &Mutation, pool: &Pool) {
        match mutation {
            Mutation::Erase(area) => *self.content_mut(*area) = Content::default(),
            Mutation::Append {
                area,
                offset,
                bytes,
            } => {
                let expected = self.record.job.as_ref().map(|job| job.artifact().0);
                self.content_mut(*area).write(
                    *offset,
                    bytes,
                    expected.and_then(|digest| pool.get(digest)),
                );
            }
            _ => {}
        }
        self.record.apply(mutation);
    }

    /// BLAKE3, SHA-256 and length of what an area holds.
    pub fn digest(&mut self, area: Area, pool: &Pool) -> Digests {
        pool.digest(self.content_mut(area))
    }

    /// Rebuilds an image into `into` from the image in the other slot and the delta that was fetched.
    ///
    /// Not a [`Mutation`]: until [`Mutation::SlotWritten`] says otherwise, what a slot holds means nothing.
    pub fn apply_delta(
        &mut self,
        format: &str,
        into: Slot,
        image_bytes: u64,
        pool: &Pool,
    ) -> Result<(), DeltaError> {
        let old = self.content(Area::Slot(into.other())).bytes();
        let patch = self.delta.bytes();
        let limits = delta::Limits::for_image(image_bytes);
        let new = pool.rebuilt(&old, &patch, || delta::apply(format, &old, &patch, limits))?;
        *self.content_mut(Area::Slot(into)) = Content::Whole(new);
        Ok(())
    }
}
