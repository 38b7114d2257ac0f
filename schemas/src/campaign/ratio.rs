//! Shares, in basis points.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A ratio in basis points, 0 to 10,000; written as a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasisPoints(u16);

impl BasisPoints {
    pub const ALL: Self = Self(10_000);

    /// `None` above 10,000.
    #[must_use]
    pub const fn new(basis_points: u16) -> Option<Self> {
        if basis_points <= 10_000 {
            Some(Self(basis_points))
        } else {
            None
        }
    }

    #[must_use]
    pub const fn from_percent(percent: u8) -> Self {
        assert!(percent <= 100);
        Self(percent as u16 * 100)
    }

    /// `None` outside 0 to 100 or with more than two decimals.
    #[must_use]
    pub fn from_percent_f64(percent: f64) -> Option<Self> {
        let basis_points = percent * 100.0;
        let nearest = libm::round(basis_points);
        let is_exact = libm::fabs(basis_points - nearest) < 1e-6;
        if !(is_exact && (0.0..=10_000.0).contains(&nearest)) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 10,000"
        )]
        Some(Self(nearest as u16))
    }

    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// This share of `whole`, rounded up.
    #[must_use]
    pub const fn of_rounded_up(self, whole: u64) -> u64 {
        (whole * self.0 as u64).div_ceil(10_000)
    }

    /// Whether `part` of `whole` is at least this share.
    #[must_use]
    pub const fn is_reached_by(self, part: u64, whole: u64) -> bool {
        part * 10_000 >= self.0 as u64 * whole
    }

    /// Whether `part` of `whole` is more than this share; exactly on it is not.
    #[must_use]
    pub const fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        part * 10_000 > self.0 as u64 * whole
    }

    #[must_use]
    pub fn as_ratio(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole} %"),
            _ if rest % 10 == 0 => write!(f, "{whole}.{} %", rest / 10),
            _ => write!(f, "{whole}.{rest:02} %"),
        }
    }
}

impl Serialize for BasisPoints {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u16(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for BasisPoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = BasisPoints;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage from 0 to 100 with at most two decimals")
            }
            fn visit_u64<E: de::Error>(self, percent: u64) -> Result<BasisPoints, E> {
                u8::try_from(percent)
                    .ok()
                    .filter(|percent| *percent <= 100)
                    .map(BasisPoints::from_percent)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(percent), &self))
            }
            fn visit_i64<E: de::Error>(self, percent: i64) -> Result<BasisPoints, E> {
                match u64::try_from(percent) {
                    Ok(percent) => self.visit_u64(percent),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(percent), &self)),
                }
            }
            fn visit_f64<E: de::Error>(self, percent: f64) -> Result<BasisPoints, E> {
                BasisPoints::from_percent_f64(percent)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Float(percent), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
