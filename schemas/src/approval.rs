//! Approval by a second person: what a site asks for, and what operators see of it.

use alloc::{format, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    campaign::Hours,
    id::{Digest, OperatorId},
};

/// More people than a site will ever gather for one rollout.
pub const APPROVALS_MAX: u8 = 10;

/// How many other people must approve what one has asked for. What ends or stops work never needs any: pausing, canceling
/// and taking a device out are for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalPolicy {
    /// `campaign.start`, and `campaign.promote`, which starts a campaign.
    #[serde(skip_serializing_if = "is_zero")]
    pub start: u8,
    /// What brings the release to more devices: `campaign.advance` and `campaign.expedite`.
    #[serde(skip_serializing_if = "is_zero")]
    pub advance: u8,
    #[serde(skip_serializing_if = "is_zero")]
    pub resume: u8,
    /// `campaign.rollback`. What a campaign does by itself was approved with its start.
    #[serde(skip_serializing_if = "is_zero")]
    pub rollback: u8,
    /// How long a request stays open.
    #[serde(skip_serializing_if = "is_a_week")]
    pub expires_hours: Hours,
}

const A_WEEK: Hours = Hours::of(7 * 24);

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self {
            start: 0,
            advance: 0,
            resume: 0,
            rollback: 0,
            expires_hours: A_WEEK,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
const fn is_zero(count: &u8) -> bool {
    *count == 0
}

fn is_a_week(span: &Hours) -> bool {
    *span == A_WEEK
}

impl ApprovalPolicy {
    /// What it asks for, by its keys.
    #[must_use]
    pub const fn counts(&self) -> [(&'static str, u8); 4] {
        [
            ("start", self.start),
            ("advance", self.advance),
            ("resume", self.resume),
            ("rollback", self.rollback),
        ]
    }

    /// # Errors
    /// The key at fault, and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, count) in self.counts() {
            if count > APPROVALS_MAX {
                return Err((
                    key,
                    format!("{count} approvals: 0 to {APPROVALS_MAX} are possible"),
                ));
            }
        }
        if self.expires_hours.ms() == 0 {
            return Err(("expires_hours", "must be above 0".into()));
        }
        Ok(())
    }
}

/// A request that waits for people, as a campaign's status tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalStatus {
    /// Its position in the log, which names it.
    pub request: u64,
    /// What is asked for: the command's name without `campaign.`.
    pub action: String,
    /// The same in one sentence, with how many approvals are there.
    pub text: String,
    /// Who asks.
    pub by: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of the campaign's description: what an approval covers.
    pub digest: Digest,
    pub needed: u8,
    /// Who has approved so far.
    pub given: Vec<OperatorId>,
    pub asked_ms: u64,
    /// When it ends without having been carried out.
    pub expires_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_bounded_and_says_nothing_of_what_is_not_asked_for() {
        let read = |json: &str| serde_json::from_str::<ApprovalPolicy>(json);
        let policy = read(r#"{"start": 2, "expires_hours": "3d"}"#).unwrap();
        assert_eq!(policy.check(), Ok(()));
        assert_eq!((policy.start, policy.advance), (2, 0));
        assert_eq!(policy.expires_hours, Hours::of(72));
        let nothing = serde_json::to_string(&ApprovalPolicy::default()).unwrap();
        assert_eq!(nothing, "{}");
        for (wrong, key) in [
            (r#"{"resume": 11}"#, "resume"),
            (r#"{"expires_hours": 0}"#, "expires_hours"),
        ] {
            assert_eq!(read(wrong).unwrap().check().unwrap_err().0, key);
        }
        assert!(read(r#"{"pause": 1}"#).is_err());
        assert!(read(r#"{"start": -1}"#).is_err());
    }
}
