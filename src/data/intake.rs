//! Where the records of one source go, and what is checked on the way.

use super::pile::Pile;
use super::report::{Fault, Reason, SourceReport};
use super::rules::Rules;
use super::{DataError, IdMap};

/// Where the records of one source go.
pub(super) struct Intake<'a, U, I> {
    pub(super) users: &'a mut IdMap<U>,
    pub(super) items: &'a mut IdMap<I>,
    pub(super) pile: &'a mut Pile,
    pub(super) gate: Gate<'a>,
}

/// Checks values, and counts what cannot be used.
pub(super) struct Gate<'a> {
    pub(super) rules: &'a Rules,
    pub(super) report: SourceReport,
}

impl Gate<'_> {
    /// The value with its weight, or the fault in it: the reason, and what was expected.
    #[inline]
    pub(super) fn weigh(&self, value: f32) -> Result<f32, (Reason, String)> {
        let weighted = value * self.report.weight;
        if !weighted.is_finite() {
            return Err((Reason::NotFinite, self.expected_finite()));
        }
        if value < self.rules.low || value > self.rules.high {
            let expected = format!("a value from {} to {}", self.rules.low, self.rules.high);
            return Err((Reason::OutOfRange, expected));
        }
        Ok(weighted)
    }

    #[cold]
    fn expected_finite(&self) -> String {
        match self.report.weight {
            1.0 => "a finite number".into(),
            weight => format!("a number that is finite when multiplied by the weight {weight}"),
        }
    }

    /// Counts a record that cannot be used, or ends a strict reading.
    #[cold]
    pub(super) fn refuse(&mut self, fault: Fault) -> Result<(), DataError> {
        if self.rules.lenient {
            self.report.drop_record(fault);
            return Ok(());
        }
        let origin = self.report.file.clone().unwrap_or_else(|| self.report.name.clone());
        Err(DataError::Record { origin, fault })
    }
}
