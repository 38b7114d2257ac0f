//! The versions that a campaign's devices came from, each kept once.

use alloc::vec::Vec;
use core::num::NonZeroU8;

use fleetfold_schemas::Version;

/// A fleet runs a handful of versions. More than these are told apart by no report, and one that made up a version for
/// each of its devices would make every offer slow.
pub const SOURCES_MAX: usize = 100;

/// Versions by number, in the order in which they were first met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    versions: Vec<Version>,
}

/// All versions after the last that is told apart.
const OTHERS: NonZeroU8 = NonZeroU8::MAX;

impl Sources {
    /// Of no more than [`SOURCES_MAX`] versions.
    pub(crate) fn of(versions: Vec<Version>) -> Option<Self> {
        (versions.len() <= SOURCES_MAX).then_some(Self { versions })
    }

    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The number of a version, given to it now if it is new.
    pub(crate) fn take(&mut self, version: &Version) -> NonZeroU8 {
        let known = self.versions.iter().position(|known| known == version);
        let at = match known {
            Some(at) => at,
            None if self.versions.len() == SOURCES_MAX => return OTHERS,
            None => {
                self.versions.push(version.clone());
                self.versions.len() - 1
            }
        };
        let number = u8::try_from(at + 1).ok().and_then(NonZeroU8::new);
        number.expect("there are few versions")
    }

    /// `None`: one of the others.
    #[must_use]
    pub fn get(&self, number: NonZeroU8) -> Option<&Version> {
        self.versions.get(usize::from(number.get()) - 1)
    }

    /// Whether this is the number of a version, or of the others.
    pub(crate) fn has(&self, number: NonZeroU8) -> bool {
        self.get(number).is_some() || (number == OTHERS && self.versions.len() == SOURCES_MAX)
    }
}
