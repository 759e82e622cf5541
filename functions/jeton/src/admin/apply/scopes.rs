//! The plan for descriptions of scope values.

use std::collections::BTreeMap;

use shared::{audit::ScopeChange, clients::Description, config::Language, dynamodb};

use super::plan::{Action, Change, Plan};
use crate::admin::{
    configuration::{Declared, Kind, Placed},
    connection::Admin,
    error::Error,
    scope,
};

#[derive(Default)]
pub(super) struct Scopes {
    /// The description that was read, if there was one, and the declared one.
    changed: Vec<(Option<Description>, Description)>,
    /// The descriptions that no file declares.
    extra: Vec<Description>,
}

impl Scopes {
    pub(super) async fn plan(admin: &Admin, files: &Declared, plan: &mut Plan) -> Result<Self, Error> {
        let Some(declared) = &files.scopes else { return Ok(Self::default()) };
        let read = admin.app.descriptions.list().await?;
        let mut read: BTreeMap<_, _> = read.into_iter().map(|one| (one.value.clone(), one)).collect();
        let mut changed = Vec::new();
        for (value, texts) in declared {
            let (old, new) = (read.remove(value), description(value, texts)?);
            let new = match &old {
                None => new,
                Some(old) => new.with_unknown_languages_of(old),
            };
            let change = match &old {
                None => Some(Change::new(Action::Create, Kind::Scope, value)),
                Some(old) if *old == new => None,
                Some(old) => Some(Change::update(Kind::Scope, value, scope::texts(old), scope::texts(&new))),
            };
            if change.is_some() {
                changed.push((old, new));
            }
            plan.add(change);
        }
        Ok(Self { changed, extra: read.into_values().collect() })
    }

    /// Returns the deletion of the descriptions that no file declares.
    pub(super) fn deletions(&self) -> Vec<Change> {
        self.extra.iter().map(|one| Change::new(Action::Delete, Kind::Scope, &one.value)).collect()
    }

    pub(super) async fn write(&self, admin: &Admin) -> Result<(), Error> {
        for (old, new) in &self.changed {
            if !admin.app.descriptions.replace(old.as_ref(), new).await? {
                return Err(raced());
            }
            scope::audit(admin, &new.value, ScopeChange::Described);
        }
        Ok(())
    }

    pub(super) async fn delete(&self, admin: &Admin) -> Result<(), Error> {
        for description in &self.extra {
            if !admin.app.descriptions.delete_read(description).await? {
                return Err(raced());
            }
            scope::audit(admin, &description.value, ScopeChange::Deleted);
        }
        Ok(())
    }
}

fn description(value: &str, texts: &Placed<BTreeMap<Language, String>>) -> Result<Description, Error> {
    let all = texts.value.iter().map(|(language, text)| (*language, text.as_str()));
    let description = Description::in_languages(value, all);
    Ok(description.map_err(|reason| texts.invalid(reason))?)
}

fn raced() -> Error {
    dynamodb::Error::Conflict("a description that was changed at the same time; run the command again").into()
}
