//! The plan for resources. The registry is one item, so all creations and updates are one write.

use shared::{
    audit::ResourceChange,
    oauth::ResourceUri,
    resources::{Registry, WriteError},
};

use super::{
    Undeclared,
    plan::{Action, Change, Plan},
};
use crate::admin::{
    configuration::{Declared, InvalidFile, Kind, Placed, ResourceProperties},
    connection::Admin,
    error::Error,
    resource,
};

pub(super) struct Resources {
    read: Registry,
    /// The registry with the declared resources.
    pub(super) declared: Registry,
    changed: Vec<(ResourceUri, ResourceChange)>,
    /// The resources that no file declares.
    extra: Vec<ResourceUri>,
}

impl Resources {
    pub(super) async fn plan(admin: &Admin, files: &Declared, plan: &mut Plan) -> Result<Self, Error> {
        let read = admin.app.resources.read().await?;
        let mut all = Self { declared: read.clone(), read, changed: Vec::new(), extra: Vec::new() };
        let Some(declared) = &files.resources else { return Ok(all) };
        for (uri, properties) in declared {
            plan.add(all.declare(uri, properties)?);
        }
        let stored = all.read.resources().iter().map(|resource| &resource.uri);
        let extra = stored.filter(|uri| !declared.keys().any(|key| key.canonical() == uri.canonical()));
        all.extra = extra.cloned().collect();
        Ok(all)
    }

    fn declare(
        &mut self,
        uri: &ResourceUri,
        properties: &Placed<ResourceProperties>,
    ) -> Result<Option<Change>, InvalidFile> {
        let stored = self.read.registered(uri).ok();
        let uri = stored.map_or(uri, |stored| &stored.uri);
        let resource = properties.value.resource(uri).map_err(|reason| properties.invalid(reason))?;
        let (change, kind, declared) = match stored {
            None => {
                let change = Change::new(Action::Create, Kind::Resource, uri);
                (change, ResourceChange::Created, self.declared.with(resource))
            }
            Some(stored) => {
                if *stored == resource {
                    return Ok(None);
                }
                let json = resource::description::json;
                let change = Change::update(Kind::Resource, uri, json(stored), json(&resource));
                (change, ResourceChange::Updated, self.declared.updated(resource))
            }
        };
        let uri = uri.clone();
        self.declared = declared.map_err(|reason| properties.invalid(reason))?;
        self.changed.push((uri, kind));
        Ok(Some(change))
    }

    /// Returns the deletion of the resources that no file declares.
    pub(super) fn deletions(&self) -> Vec<Change> {
        self.extra.iter().map(|uri| Change::new(Action::Delete, Kind::Resource, uri)).collect()
    }

    /// Returns the registry after all changes, which clients may refer to.
    pub(super) fn result(&self, undeclared: Undeclared) -> Result<Registry, WriteError> {
        match undeclared {
            Undeclared::Keep => Ok(self.declared.clone()),
            Undeclared::Delete => self.without_extra(&self.declared),
        }
    }

    fn without_extra(&self, registry: &Registry) -> Result<Registry, WriteError> {
        self.extra.iter().try_fold(registry.clone(), |registry, uri| registry.without(uri))
    }

    pub(super) async fn write(&self, admin: &Admin) -> Result<(), Error> {
        if self.changed.is_empty() {
            return Ok(());
        }
        admin.app.resources.replace(&self.read, &self.declared).await?;
        for (uri, change) in &self.changed {
            resource::audit(admin, uri, *change);
        }
        Ok(())
    }

    pub(super) async fn delete(&self, admin: &Admin) -> Result<(), Error> {
        if self.extra.is_empty() {
            return Ok(());
        }
        let now = admin.app.resources.read().await?;
        if now.resources() != self.declared.resources() {
            return Err(WriteError::Raced.into());
        }
        admin.app.resources.replace(&now, &self.without_extra(&now)?).await?;
        for uri in &self.extra {
            resource::audit(admin, uri, ResourceChange::Deleted);
        }
        Ok(())
    }
}
