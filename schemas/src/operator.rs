//! Operators: what each may do, and for whom.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    campaign::list::any_or_some,
    id::{Name, OperatorId},
};

/// What an operator may do, each more than the one before. The numbers are those of stored facts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads, and sets its own password.
    #[n(0)]
    Viewer,
    /// Commands.
    #[n(1)]
    Operator,
    /// Also approves what others have asked for.
    #[n(2)]
    Approver,
    /// Also manages operators and keys, and reads the log.
    #[n(3)]
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

/// Whose devices and campaigns an operator may see and command. On the wire `"*"`, a tenant, or a list of tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Tenants {
    #[default]
    #[n(0)]
    All,
    /// Not empty; in ascending order, each once.
    #[n(1)]
    Only(#[n(0)] Vec<Name>),
}

/// Who a thing belongs to, so that it can be held against [`Tenants`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// It concerns everybody.
    Everybody,
    /// It concerns these tenants and nobody else. Without any, it is only for operators of all tenants.
    Tenants(Vec<Name>),
}

impl Tenants {
    /// Whether an operator with this scope may see and command what belongs to these.
    #[must_use]
    pub fn include(&self, owners: &Owners) -> bool {
        match (self, owners) {
            (Self::All, _) | (_, Owners::Everybody) => true,
            (Self::Only(own), Owners::Tenants(owners)) => {
                !owners.is_empty() && owners.iter().all(|owner| own.contains(owner))
            }
        }
    }

    /// Whether this tenant is one of them.
    #[must_use]
    pub fn has(&self, tenant: &Name) -> bool {
        match self {
            Self::All => true,
            Self::Only(own) => own.contains(tenant),
        }
    }

    #[must_use]
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

impl core::fmt::Display for Tenants {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::All => f.pad("*"),
            Self::Only(names) => {
                for (at, name) in names.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{name}")?;
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Tenants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("*"),
            Self::Only(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Tenants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(mut names) = any_or_some::<Name, _>(deserializer)? else {
            return Ok(Self::All);
        };
        if names.is_empty() {
            return Err(de::Error::custom("no tenant at all; `*` stands for all"));
        }
        names.sort_unstable();
        names.dedup();
        Ok(Self::Only(names))
    }
}

/// An operator as the answer to `operator.list` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorStatus {
    pub operator: OperatorId,
    pub role: Role,
    pub tenants: Tenants,
    /// When the operator's access ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<u64>,
}

/// The `result` of `operator.list`, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorList {
    pub operators: Vec<OperatorStatus>,
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn a_scope_is_a_star_a_tenant_or_several_and_never_empty() {
        let read = |json: &str| serde_json::from_str::<Tenants>(json).map_err(|e| e.to_string());
        assert_eq!(read(r#""*""#), Ok(Tenants::All));
        assert_eq!(read(r#""acme""#), Ok(Tenants::Only(vec![name("acme")])));
        let two = Tenants::Only(vec![name("acme"), name("zeta")]);
        assert_eq!(read(r#"["zeta","acme","zeta"]"#).as_ref(), Ok(&two));
        assert_eq!(serde_json::to_string(&two).unwrap(), r#"["acme","zeta"]"#);
        for wrong in ["[]", r#"["*","acme"]"#, r#"["a b"]"#, "7", "null"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_scoped_operator_is_for_what_belongs_to_its_tenants_alone() {
        let own = Tenants::Only(vec![name("acme"), name("beta")]);
        let of = |names: &[&str]| Owners::Tenants(names.iter().map(|text| name(text)).collect());
        for (owners, is_included) in [
            (of(&["acme"]), true),
            (of(&["acme", "beta"]), true),
            (of(&["acme", "zeta"]), false),
            (of(&["zeta"]), false),
            (of(&[]), false),
            (Owners::Everybody, true),
        ] {
            assert_eq!(own.include(&owners), is_included, "{owners:?}");
            assert!(Tenants::All.include(&owners));
        }
    }
}
