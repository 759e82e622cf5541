//! Changes of a grant's state.

use super::Grant;
use crate::dynamodb::{self, Update};

/// A change of a grant's state: one conditional write.
///
/// The precondition and the change are written twice. Production runs `update`. The model checker runs the other two,
/// and a test compares them with `update`.
pub trait Transition {
    /// Returns whether the change may be made to `grant`.
    fn precondition(&self, grant: &Grant) -> bool;

    /// Makes the change to `grant`.
    fn apply(&self, grant: &mut Grant);

    /// Returns the precondition and the change as a DynamoDB update.
    fn update(&self) -> Result<Update, dynamodb::Error>;
}
