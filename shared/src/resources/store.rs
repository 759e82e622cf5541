//! The registry of resources: one item of the clients table.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::Resource;
use crate::{
    dynamodb::{self, Item, Outcome, Table, Update, stored},
    oauth::{RequestedResource, ResourceUri},
    time::Timestamp,
};

/// The key of the registry.
const REGISTRY: &str = "resources";
/// The age below which a cached registry is final.
const FINAL: Duration = Duration::from_secs(1);
/// The attribute of each resource's identifier.
const URI: &str = "uri";

stored! {
    /// The item `resources`: every protected resource of the deployment.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Registry {
        /// `resources`.
        key: String = "pk",
        /// The version of this format: 1.
        version: u8 = "v",
        /// The number of changes. A write is made only to the revision that it read.
        revision: u64 = "n",
        /// The resources, sorted by URI. A List of Maps.
        resources: Vec<Resource> = "resources",
    }
}

/// The reason why the registry was not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("there is no resource {0}; see `jeton resource list`")]
    Unknown(ResourceUri),
    /// The same URI, or one that differs in the slash at its end only.
    #[error("there is a resource {0} already")]
    Exists(ResourceUri),
    #[error("a deployment has {} resources at most", Registry::MOST)]
    TooMany,
    #[error("the resources were changed by another administrator at the same time; try again")]
    Raced,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl Registry {
    /// The most resources of a deployment.
    pub const MOST: usize = 64;

    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Returns the resource that is registered as `uri`.
    pub fn get(&self, uri: &ResourceUri) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.uri == *uri)
    }

    /// Returns the resource with this URI, which may have one slash more or less at its end.
    pub fn registered(&self, uri: &ResourceUri) -> Result<&Resource, WriteError> {
        let found = self.resources.iter().find(|resource| resource.uri.canonical() == uri.canonical());
        found.ok_or_else(|| WriteError::Unknown(uri.clone()))
    }

    /// Returns the resource that a request names. An origin without a path names the only resource under it, because some
    /// clients ask for the origin although the metadata names a path.
    pub fn named(&self, requested: &RequestedResource) -> Option<&Resource> {
        let same = self.resources.iter().find(|resource| requested.is(&resource.uri));
        same.or_else(|| only(self.resources.iter().filter(|resource| requested.is_origin_of(&resource.uri))))
    }

    /// Returns the only resource that is open to self-registered clients; or the number of those that are, if it is not 1.
    pub fn only_open(&self) -> Result<&Resource, usize> {
        let open = || self.resources.iter().filter(|resource| resource.open);
        only(open()).ok_or_else(|| open().count())
    }

    /// Returns the registry with one more resource.
    pub fn with(&self, resource: Resource) -> Result<Self, WriteError> {
        if let Ok(same) = self.registered(&resource.uri) {
            return Err(WriteError::Exists(same.uri.clone()));
        }
        if self.resources.len() >= Self::MOST {
            return Err(WriteError::TooMany);
        }
        let mut changed = self.clone();
        changed.resources.push(resource);
        changed.resources.sort_by(|one, other| one.uri.cmp(&other.uri));
        Ok(changed)
    }

    /// Returns the registry with `resource` in place of the one with the same URI.
    pub fn updated(&self, resource: Resource) -> Result<Self, WriteError> {
        let mut changed = self.clone();
        let known = changed.resources.iter_mut().find(|known| known.uri == resource.uri);
        let known = known.ok_or_else(|| WriteError::Unknown(resource.uri.clone()))?;
        *known = resource;
        Ok(changed)
    }

    /// Returns the registry without the resource `uri`.
    pub fn without(&self, uri: &ResourceUri) -> Result<Self, WriteError> {
        let mut changed = self.clone();
        changed.resources.retain(|known| known.uri != *uri);
        if changed.resources.len() == self.resources.len() {
            return Err(WriteError::Unknown(uri.clone()));
        }
        Ok(changed)
    }
}

/// Returns the resources of the item, each with all of its attributes.
fn maps(registry: &Item) -> Vec<Item> {
    let list = registry.get("resources").and_then(|list| list.as_l().ok());
    list.into_iter().flatten().filter_map(|map| map.as_m().ok().cloned()).collect()
}

/// Returns the attributes of `changed`, and those in `stored` that `read`, the same resource as this version reads it, lacks.
fn merged(stored: &[Item], read: Option<&Resource>, changed: &Resource) -> Result<Item, dynamodb::Error> {
    let known = read.map(dynamodb::item).transpose()?.unwrap_or_default();
    let mut item = dynamodb::item(changed)?;
    let same = stored.iter().find(|map| map.get(URI) == item.get(URI));
    let unknown = same.into_iter().flatten().filter(|(name, _)| !known.contains_key(*name));
    let unknown: Vec<_> = unknown.map(|(name, value)| (name.clone(), value.clone())).collect();
    item.extend(unknown);
    Ok(item)
}

/// Returns the only element, if there is exactly one.
fn only<T>(mut elements: impl Iterator<Item = T>) -> Option<T> {
    let first = elements.next();
    first.filter(|_| elements.next().is_none())
}

/// The registry in the clients table, with a cache.
#[derive(Debug)]
pub struct Store {
    table: Table,
    cache_age: Duration,
    cache: Mutex<Option<(Timestamp, Arc<Registry>)>>,
}

impl Store {
    /// Returns the registry in `table`, cached for `cache_age`.
    pub const fn new(table: Table, cache_age: Duration) -> Self {
        Self { table, cache_age, cache: Mutex::new(None) }
    }

    /// Returns the resources, possibly from the cache.
    pub async fn registry(&self, now: Timestamp) -> Result<Arc<Registry>, dynamodb::Error> {
        match self.cached(now, self.cache_age) {
            Some(registry) => Ok(registry),
            None => self.read_into_cache(now).await,
        }
    }

    /// Returns what `select` finds in the registry. If it finds nothing in the cache, the resource may be new or changed:
    /// then the registry is read, but at most once a second, because anyone can name unknown resources.
    pub async fn find<T, E>(
        &self,
        now: Timestamp,
        select: impl Fn(&Registry) -> Result<T, E>,
    ) -> Result<Result<T, E>, dynamodb::Error> {
        if let Some(registry) = self.cached(now, self.cache_age) {
            let found = select(&registry);
            if found.is_ok() || self.cached(now, self.cache_age.min(FINAL)).is_some() {
                return Ok(found);
            }
        }
        Ok(select(&*self.read_into_cache(now).await?))
    }

    /// Reads the registry consistently.
    pub async fn read(&self) -> Result<Registry, dynamodb::Error> {
        Ok(self.table.get(REGISTRY).await?.unwrap_or_default())
    }

    /// Changes the registry, as it was read, to `changed`. Attributes of later versions stay, also those of each resource.
    pub async fn replace(&self, read: &Registry, changed: &Registry) -> Result<(), WriteError> {
        let next = read.revision + 1;
        // The item itself. If it is of a later revision than `read`, the condition fails.
        let stored = dynamodb::get_all(&[(&self.table, REGISTRY.to_owned())]).await?.pop().flatten();
        let stored = maps(&stored.unwrap_or_default());
        let merged = |resource: &Resource| merged(&stored, read.get(&resource.uri), resource);
        let resources = changed.resources.iter().map(merged).collect::<Result<_, _>>()?;
        let update = Update::or_create::<Registry>(
            "#revision = :read",
            "SET #version = :version, #revision = :next, #resources = :resources",
        )
        .value("read", &read.revision)?
        .value("version", &1)?
        .value("next", &next)?
        .maps("resources", resources);
        match self.table.update::<Registry>(REGISTRY, update).await? {
            Outcome::Applied(_) => Ok(()),
            // The response to the SDK's first attempt got lost, and its second attempt found that change.
            Outcome::ConditionFailed(Some(there))
                if there.revision == next && there.resources == changed.resources =>
            {
                Ok(())
            }
            Outcome::ConditionFailed(_) => Err(WriteError::Raced),
        }
    }

    async fn read_into_cache(&self, now: Timestamp) -> Result<Arc<Registry>, dynamodb::Error> {
        let registry = Arc::new(self.read().await?);
        if !self.cache_age.is_zero() {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            *cache = Some((now, Arc::clone(&registry)));
        }
        Ok(registry)
    }

    /// Returns the registry if it was read less than `age` ago.
    fn cached(&self, now: Timestamp, age: Duration) -> Option<Arc<Registry>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, registry) = cache.as_ref()?;
        (*read_at <= now && now.since(*read_at) < age).then(|| Arc::clone(registry))
    }
}
