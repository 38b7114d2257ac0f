//! Reading the answers, to which nothing refers: so another thread than that of the other rows may.

use fleetfold_schemas::OperatorId;
use minicbor::Decoder;

use super::{
    SnapshotError,
    reader::{RowError, check_time, out_of_range, rows, taken},
    rows::AnswerRow,
};
use crate::state::{AnswerId, Commands};

/// Takes the sections of answers in their order.
#[derive(Debug, Default)]
pub struct Answers {
    pub(super) commands: Commands,
    /// Of the last answer.
    operator: Option<OperatorId>,
}

impl Answers {
    /// Takes the section of this number, which [`Reader::section_beside`](super::Reader::section_beside) handed over.
    ///
    /// # Errors
    /// It says what cannot be.
    pub fn section(&mut self, section: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
        rows(section, bytes, |decoder| self.row(decoder))
    }

    pub(super) fn row(&mut self, decoder: &mut Decoder<'_>) -> Result<(), RowError> {
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
