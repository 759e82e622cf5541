//! Claims in the users table.

use super::Claims;
use crate::{
    dynamodb::{self, Table},
    secret::Id,
};

/// The claims in the users table. [`users::Store`](crate::users::Store) changes them.
#[derive(Debug)]
pub struct Store(Table);

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// Reads the claims of `user`.
    pub async fn find(&self, user: Id) -> Result<Claims, dynamodb::Error> {
        Ok(self.0.get(&Claims::key(user)).await?.unwrap_or_else(|| Claims::none(user)))
    }
}
