//! The plan for clients. It leaves out the clients of developers, and those that registered themselves.

use std::collections::BTreeMap;

use shared::{
    audit::ClientChange,
    clients::{Client, Listed, Registration, WriteError},
    oauth::{AuthMethod, ClientId, GrantType, ResourceUri},
    resources::{self, Registry},
    secret::{ClientSecret, Id, Secret},
    status::Status,
};

use super::{
    plan::{Action, Change, Plan},
    secrets::Secrets,
};
use crate::admin::{
    client::{self, description},
    configuration::{ClientProperties, Declared, InvalidFile, Kind, Placed},
    connection::Admin,
    error::Error,
};

#[derive(Default)]
pub(super) struct Clients {
    created: Vec<Created>,
    /// The clients as they were read, and as they are declared.
    updated: Vec<(Client, Client)>,
    disabled: Vec<ClientId>,
    enabled: Vec<ClientId>,
    /// The clients that no file declares, as they were read.
    extra: Vec<Client>,
}

struct Created {
    client: Client,
    status: Status,
    secret: Option<Secret<ClientSecret>>,
}

/// The clients of the deployment, by their ids.
type Stored = BTreeMap<ClientId, (Client, Status)>;

impl Clients {
    pub(super) async fn plan(
        admin: &Admin,
        files: &Declared,
        registry: &Registry,
        plan: &mut Plan,
    ) -> Result<Self, Error> {
        let Some(declared) = &files.clients else { return Ok(Self::default()) };
        let all = admin.app.clients.list(Listed::Administered).await?.clients;
        let mut stored: Stored = all.into_iter().map(|entry| (entry.0.id.clone(), entry)).collect();
        let mut clients = Self::default();
        for (id, properties) in declared {
            let change = match stored.remove(id) {
                Some(entry) => clients.update(entry, properties, registry)?,
                None => Some(clients.create(admin, id, properties, registry).await?),
            };
            plan.add(change);
        }
        let rest = stored.into_values().map(|(client, _)| client);
        clients.extra = rest.filter(|client| client.owner.is_none()).collect();
        Ok(clients)
    }

    async fn create(
        &mut self,
        admin: &Admin,
        id: &ClientId,
        properties: &Placed<ClientProperties>,
        registry: &Registry,
    ) -> Result<Change, Error> {
        let registration = registered(properties, registry)?;
        let accepted = registration.accept(id.clone(), admin.app.clock.now());
        let (client, secret) = accepted.map_err(|reason| properties.invalid(reason))?;
        match admin.app.clients.table().get::<Status>(&Status::key(id)).await? {
            None => {}
            Some(status) if status.deleted => {
                return Err(properties.invalid(WriteError::Deleted(id.clone())).into());
            }
            // Another administrator has created it since the clients were listed.
            Some(_) => return Err(WriteError::Raced(id.clone()).into()),
        }
        // A token's `sub` is the id of a client or of a user: no client may have the `sub` of a user.
        if let Ok(sub) = id.as_str().parse::<Id>()
            && admin.app.users.table().get::<Status>(&Status::key(sub)).await?.is_some()
        {
            return Err(properties.invalid("this is the sub of a user").into());
        }
        let status = Status { disabled: properties.value.disabled, ..Status::new(id, &client.name) };
        self.created.push(Created { client, status, secret });
        Ok(Change::new(Action::Create, Kind::Client, id))
    }

    fn update(
        &mut self,
        (read, status): (Client, Status),
        properties: &Placed<ClientProperties>,
        registry: &Registry,
    ) -> Result<Option<Change>, InvalidFile> {
        if read.owner.is_some() {
            return Err(properties.invalid("the client belongs to a developer"));
        }
        let registration = registered(properties, registry)?;
        let client = registration.update(&read).map_err(|reason| properties.invalid(reason))?;
        let declared = Status { disabled: properties.value.disabled, ..status.clone() };
        let (old, new) = (sorted(&read), sorted(&client));
        if (&old, &status) == (&new, &declared) {
            return Ok(None);
        }
        let json = |client, status| description::json(client, status, read.created_at);
        let change = Change::update(Kind::Client, &read.id, json(&old, &status), json(&new, &declared));
        match (status.disabled, declared.disabled) {
            (false, true) => self.disabled.push(read.id.clone()),
            (true, false) => self.enabled.push(read.id.clone()),
            (false, false) | (true, true) => {}
        }
        if old != new {
            self.updated.push((read, client));
        }
        Ok(Some(change))
    }

    /// Returns the deletion of the clients that no file declares.
    pub(super) fn deletions(&self) -> Vec<Change> {
        self.extra.iter().map(|client| Change::new(Action::Delete, Kind::Client, &client.id)).collect()
    }

    pub(super) async fn write(&self, admin: &Admin, secrets: &mut Secrets) -> Result<(), Error> {
        for created in &self.created {
            created.write(admin, secrets).await?;
        }
        client::disable(admin, &self.disabled).await?;
        for (read, client) in &self.updated {
            admin.app.clients.update(read, client).await?;
            admin.audit_client(&client.id, ClientChange::Updated);
        }
        for id in &self.enabled {
            admin.app.clients.enable(id).await?;
            admin.audit_client(id, ClientChange::Enabled);
        }
        Ok(())
    }

    pub(super) async fn delete(&self, admin: &Admin) -> Result<(), Error> {
        for client in &self.extra {
            admin.app.clients.delete_read(client).await?;
            admin.audit_client(&client.id, ClientChange::Deleted);
        }
        Ok(())
    }
}

impl Created {
    /// Creates the client. Its secret is recorded before, so that no interruption loses it.
    async fn write(&self, admin: &Admin, secrets: &mut Secrets) -> Result<(), Error> {
        let Self { client, status, secret } = self;
        if let Some(secret) = secret {
            secrets.record(&client.id, secret)?;
        }
        match admin.app.clients.create_with(client, status).await {
            Ok(()) => {}
            // Another administrator has created the client. After any other error, the client may exist with this secret.
            Err(WriteError::Exists(id) | WriteError::Deleted(id)) => {
                if secret.is_some() {
                    secrets.retract(&id)?;
                }
                return Err(WriteError::Raced(id).into());
            }
            Err(error) => return Err(error.into()),
        }
        admin.audit_client(&client.id, ClientChange::Created);
        Ok(())
    }
}

/// Returns the declared registration, with its resources as they are registered.
fn registered(
    properties: &Placed<ClientProperties>,
    registry: &Registry,
) -> Result<Registration, InvalidFile> {
    let invalid = |error: resources::WriteError| properties.invalid(error);
    let spelt = |uris: Vec<ResourceUri>| client::registered(registry, uris).map_err(invalid);
    let registration = properties.value.registration();
    let (resources, serves) = (registration.resources.clone(), registration.serves.clone());
    Ok(Registration { resources: spelt(resources)?, serves: spelt(serves)?, ..registration })
}

/// Returns the client with its sets in one order: DynamoDB returns the members of a String Set in any.
fn sorted(client: &Client) -> Client {
    let mut client = client.clone();
    client.auth_methods.sort_by_key(AuthMethod::to_string);
    client.grant_types.sort_by_key(GrantType::to_string);
    client.resources.sort();
    client.serves.sort();
    client
}
