//! Who may do what.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{
    code::{Code, Rejection},
    id::OperatorId,
    operator::{Role, Tenants},
    password::{NewPassword, Password, PasswordHash, SecretText},
};

/// Somebody may log in from now on. Written as an object with `password` or `password_hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddOperator {
    pub operator: OperatorId,
    pub role: Role,
    pub tenants: Tenants,
    pub password: NewPassword,
}

/// What is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeOperator {
    pub operator: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
}

/// Written as an object with `password` or `password_hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPassword {
    pub operator: OperatorId,
    pub password: NewPassword,
}

/// The operator's access ends for good; its name is never given to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeOperator {
    pub operator: OperatorId,
    /// For the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer's `result` is an [`crate::operator::OperatorList`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListOperators {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAdd {
    operator: OperatorId,
    role: Role,
    #[serde(default, skip_serializing_if = "Tenants::is_all")]
    tenants: Tenants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<SecretText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPassword {
    operator: OperatorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<SecretText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_hash: Option<SecretText>,
}

impl NewPassword {
    fn read(plain: Option<SecretText>, hash: Option<SecretText>) -> Result<Self, Rejection> {
        match (plain, hash) {
            (Some(SecretText(plain)), None) => Password::new(plain).map(Self::Plain),
            (None, Some(SecretText(hash))) => PasswordHash::parse(&hash).map(Self::Hash),
            _ => Err(Rejection::new(
                Code::Malformed,
                "either `password` or `password_hash` is needed",
            )),
        }
    }

    fn write(&self) -> (Option<SecretText>, Option<SecretText>) {
        match self {
            Self::Plain(plain) => (Some(SecretText(plain.reveal().into())), None),
            Self::Hash(hash) => (None, Some(SecretText(hash.as_str().into()))),
        }
    }
}

impl TryFrom<WrittenAdd> for AddOperator {
    type Error = Rejection;

    fn try_from(written: WrittenAdd) -> Result<Self, Rejection> {
        Ok(Self {
            operator: written.operator,
            role: written.role,
            tenants: written.tenants,
            password: NewPassword::read(written.password, written.password_hash)?,
        })
    }
}

impl From<&AddOperator> for WrittenAdd {
    fn from(command: &AddOperator) -> Self {
        let (password, password_hash) = command.password.write();
        Self {
            operator: command.operator.clone(),
            role: command.role,
            tenants: command.tenants.clone(),
            password,
            password_hash,
        }
    }
}

impl TryFrom<WrittenPassword> for SetPassword {
    type Error = Rejection;

    fn try_from(written: WrittenPassword) -> Result<Self, Rejection> {
        Ok(Self {
            operator: written.operator,
            password: NewPassword::read(written.password, written.password_hash)?,
        })
    }
}

impl From<&SetPassword> for WrittenPassword {
    fn from(command: &SetPassword) -> Self {
        let (password, password_hash) = command.password.write();
        Self {
            operator: command.operator.clone(),
            password,
            password_hash,
        }
    }
}
