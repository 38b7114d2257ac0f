//! What another thread than that of the rows may do while they are read: nothing in them needs it before the end.

use alloc::vec::Vec;

use fleetfold_schemas::OperatorId;
use minicbor::Decoder;

use super::{
    SnapshotError,
    reader::{RowError, check_time, out_of_range, rows, taken},
    rows::AnswerRow,
};
use crate::state::{AnswerId, Commands, Names};

/// A piece of it, handed over by [`Reader::section_beside`](super::Reader::section_beside).
#[derive(Debug)]
pub struct Work(pub(super) Task);

#[derive(Debug)]
pub(super) enum Task {
    /// To answers, nothing refers.
    Answers { section: u32, bytes: Vec<u8> },
    /// Of all devices. Rows refer to them by number.
    Index(Names),
}

/// What comes of it, for [`Reader::put_back`](super::Reader::put_back).
#[derive(Debug, Default)]
pub struct Beside {
    pub(super) answers: Answers,
    pub(super) names: Option<Names>,
}

impl Beside {
    /// Does the next piece of work.
    ///
    /// # Errors
    /// The snapshot says what cannot be.
    pub fn take(&mut self, Work(task): Work) -> Result<(), SnapshotError> {
        match task {
            Task::Answers { section, bytes } => self.answers.section(section, &bytes),
            Task::Index(mut names) => {
                names.index().map_err(|row| taken("device", row))?;
                self.names = Some(names);
                Ok(())
            }
        }
    }
}

/// Takes the sections of answers in their order.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub commands: Commands,
    /// Of the last answer.
    operator: Option<OperatorId>,
}

impl Answers {
    fn section(&mut self, section: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
        rows(section, bytes, |decoder| self.row(decoder))
    }

    fn row(&mut self, decoder: &mut Decoder<'_>) -> Result<(), RowError> {
        let row: AnswerRow<'_> = decoder.decode()?;
        let at = self.commands.len();
        check_time("answer", at, "time", Some(row.at))?;
        // Mostly that of the answer before.
        let operator = match self.operator.take() {
            Some(operator) if operator.as_str() == row.operator => operator,
            _ => OperatorId::parse(row.operator)
                .map_err(|_| out_of_range("answer", at, "operator"))?,
        };
        let id = AnswerId::parse(row.id).map_err(|_| out_of_range("answer", at, "id"))?;
        let is_new = self.commands.restore(row.at, &operator, id, row.answer);
        self.operator = Some(operator);
        if is_new {
            Ok(())
        } else {
            Err(taken("answer", at).into())
        }
    }
}
