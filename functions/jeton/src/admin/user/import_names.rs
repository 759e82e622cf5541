//! The user names that an import has read.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

use shared::users::UserName;

/// The reason why a user name is not added.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum RefusedName {
    #[error("the user name is the same as in line {0}")]
    OfLine(u64),
    #[error("one run imports at most {} users: put the others into another file", Names::MOST)]
    TooMany,
}

/// The user names that an import has read, each with its line.
///
/// # Design
/// A second user with the same name, which is often an unverified e-mail address, would be counted as one that exists, and
/// be lost. Instead of names, keyed hashes of 64 bits are stored: less than 256 MiB for the most users. Two names with the
/// same hash, one chance in a million for the most users, make a bad line and no more.
#[derive(Default)]
pub(super) struct Names {
    hasher: RandomState,
    lines: HashMap<u64, u64>,
}

impl Names {
    /// The most users.
    pub(super) const MOST: usize = 5_000_000;

    /// Adds the name of the user in `line`, unless an earlier line has it.
    pub(super) fn add(&mut self, name: &UserName, line: u64) -> Result<(), RefusedName> {
        let hash = self.hasher.hash_one(name.key());
        if let Some(first) = self.lines.get(&hash) {
            return Err(RefusedName::OfLine(*first));
        }
        if self.lines.len() == Self::MOST {
            return Err(RefusedName::TooMany);
        }
        self.lines.insert(hash, line);
        Ok(())
    }
}
