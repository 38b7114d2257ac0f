//! Commands about operators.

use alloc::{format, string::ToString, vec::Vec};

use fleetfold_schemas::{
    OperatorId,
    code::{Code, Rejection},
    command::{AddOperator, ChangeOperator, RevokeOperator, SetPassword},
    operator::{Role, Tenants},
    password::{NewPassword, PasswordHash},
};

use crate::{
    Fact, State,
    fact::{OperatorAdded, OperatorChanged, OperatorPasswordSet, OperatorRevoked},
    state::Operator,
};

pub fn add(state: &State, command: &AddOperator, facts: &mut Vec<Fact>) -> Result<(), Rejection> {
    let operator = &command.operator;
    if let Some(held) = state.operators.get(operator) {
        return Err(Rejection::new(
            Code::OperatorExists,
            match held.standing() {
                Some(_) => format!("{operator} exists"),
                // What it did is on record under this name, and must stay its own.
                None => format!("{operator} has been revoked; a name is not given to another"),
            },
        ));
    }
    check_scope(command.role, &command.tenants)?;
    facts.push(
        OperatorAdded {
            operator: operator.clone(),
            role: command.role,
            password_hash: hashed(&command.password)?.as_str().to_string(),
            tenants: command.tenants.clone(),
        }
        .into(),
    );
    Ok(())
}

pub fn change(
    state: &State,
    command: &ChangeOperator,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let row = find(state, &command.operator)?;
    let role = command.role.unwrap_or(row.role);
    let tenants = command.tenants.as_ref().unwrap_or(&row.tenants);
    if (role, tenants) == (row.role, &row.tenants) {
        return Err(Rejection::new(
            Code::OperatorInvalid,
            format!(
                "{} is so already: nothing is to be changed",
                command.operator
            ),
        ));
    }
    check_scope(role, tenants)?;
    if role < Role::Admin {
        check_admins(state, &command.operator, row)?;
    }
    facts.push(
        OperatorChanged {
            operator: command.operator.clone(),
            role,
            tenants: tenants.clone(),
        }
        .into(),
    );
    Ok(())
}

pub fn set_password(
    state: &State,
    by: &OperatorId,
    command: &SetPassword,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    find(state, &command.operator)?;
    facts.push(
        OperatorPasswordSet {
            operator: command.operator.clone(),
            password_hash: hashed(&command.password)?.as_str().to_string(),
            by: by.clone(),
        }
        .into(),
    );
    Ok(())
}

pub fn revoke(
    state: &State,
    command: &RevokeOperator,
    facts: &mut Vec<Fact>,
) -> Result<(), Rejection> {
    let row = find(state, &command.operator)?;
    check_admins(state, &command.operator, row)?;
    facts.push(
        OperatorRevoked {
            operator: command.operator.clone(),
            reason: command.reason.clone(),
        }
        .into(),
    );
    Ok(())
}

fn find<'s>(state: &'s State, operator: &OperatorId) -> Result<&'s Operator, Rejection> {
    let Some(row) = state.operators.get(operator) else {
        return Err(Rejection::new(
            Code::UnknownOperator,
            format!("no operator {operator}"),
        ));
    };
    if row.standing().is_none() {
        return Err(Rejection::new(
            Code::InvalidTransition,
            format!("{operator} has been revoked"),
        ));
    }
    Ok(row)
}

/// An admin could give itself what its scope withholds.
fn check_scope(role: Role, tenants: &Tenants) -> Result<(), Rejection> {
    if role == Role::Admin && !tenants.is_all() {
        return Err(Rejection::new(
            Code::OperatorInvalid,
            "an admin manages operators and keys of everybody, and can't be confined to tenants",
        ));
    }
    Ok(())
}

/// Somebody must be left who can add operators.
fn check_admins(state: &State, operator: &OperatorId, row: &Operator) -> Result<(), Rejection> {
    let is_admin = |row: &Operator| row.standing() == Some(Role::Admin);
    let admins = state.operators.values().filter(|row| is_admin(row)).count();
    if is_admin(row) && admins == 1 {
        return Err(Rejection::new(
            Code::LastAdmin,
            format!("{operator} is the only admin; make another one first"),
        ));
    }
    Ok(())
}

/// The shell hashes passwords on their way here: a plain one must not come near the log.
fn hashed(password: &NewPassword) -> Result<&PasswordHash, Rejection> {
    match password {
        NewPassword::Hash(hash) => Ok(hash),
        NewPassword::Plain(_) => Err(Rejection::new(
            Code::PasswordRefused,
            "the password has not been hashed",
        )),
    }
}
