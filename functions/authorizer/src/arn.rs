//! Amazon Resource Names of a REST API's methods.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// The name of a method and path of a REST API: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
#[derive(Clone, Debug, PartialEq, Eq, DeserializeFromStr, SerializeDisplay)]
pub(crate) struct Arn {
    /// Everything before the method: partition, region, account, API and stage.
    stage: String,
    pub(crate) method: String,
    /// The path, with its first slash.
    pub(crate) path: String,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an ARN is arn:…:API/STAGE/METHOD/PATH")]
pub(crate) struct InvalidArn;

impl Arn {
    /// Returns the name of `method` and `path` at this ARN's stage.
    pub(crate) fn with(&self, method: &str, path: String) -> Self {
        Self { stage: self.stage.clone(), method: method.to_owned(), path }
    }

    /// Returns whether IAM matches only this name with it: IAM reads `*` and `?` as any characters, and `$` as the
    /// start of a variable.
    pub(crate) fn is_literal(&self) -> bool {
        !self.path.contains(['*', '?', '$'])
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let mut parts = text.splitn(4, '/');
        let (Some(api), Some(stage), Some(method)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidArn);
        };
        if !api.starts_with("arn:") {
            return Err(InvalidArn);
        }
        Ok(Self {
            stage: format!("{api}/{stage}"),
            method: method.to_owned(),
            path: format!("/{}", parts.next().unwrap_or_default()),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.stage, self.method, self.path)
    }
}
