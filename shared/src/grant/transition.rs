//! What can happen to a grant.

use super::Grant;
use crate::table::{self, Update};

/// One thing that can happen to a grant: one conditional write.
///
/// The three functions say the same thing. [`Transition::update`] is what happens; the other two are what the model
/// checker runs, and what a differential test compares it with.
pub trait Transition {
    /// Whether it may happen to `grant`: the condition.
    fn holds(&self, grant: &Grant) -> bool;

    /// What it makes of `grant`: the change.
    fn apply(&self, grant: &mut Grant);

    /// Both, as DynamoDB is told.
    fn update(&self) -> Result<Update, table::Error>;
}
