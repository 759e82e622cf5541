//! Test resources: their registration.

use shared::resources::Resource;

use super::{
    Registered, Stack,
    code_flow::{Pair, Request},
};

impl Stack {
    /// Registers a resource with the scope `read write` and the default scope `read`, open to self-registered clients.
    pub async fn resource(&self, uri: &str) -> Resource {
        self.resource_with(uri, |_| ()).await
    }

    /// Registers such a resource after a change of its properties.
    pub async fn resource_with(&self, uri: &str, change: impl FnOnce(&mut Resource)) -> Resource {
        let mut resource = Resource {
            uri: uri.parse().unwrap(),
            name: "Notes".to_owned(),
            scope: "read write".parse().unwrap(),
            default_scope: "read".parse().unwrap(),
            open: true,
        };
        change(&mut resource);
        let resource = resource.checked().unwrap();
        let registry = self.app.resources.read().await.unwrap();
        let changed = registry.with(resource.clone()).unwrap();
        self.app.resources.replace(&registry, &changed).await.unwrap();
        resource
    }

    /// Deletes a resource.
    pub async fn delete_resource(&self, resource: &Resource) {
        let registry = self.app.resources.read().await.unwrap();
        let changed = registry.without(&resource.uri).unwrap();
        self.app.resources.replace(&registry, &changed).await.unwrap();
    }

    /// Returns a code of `client` after a new user consented to the default request at `resource`.
    pub async fn code_at(&self, client: &Registered, resource: &Resource) -> String {
        let user = self.user("alice").await;
        let request = Request { resource: Some(resource.uri.as_str()), ..Request::default() };
        self.issue_code(client, user, request).await
    }

    /// Returns the first tokens of `client` for `resource`, with the scope `read write`.
    pub async fn pair_at(&self, client: &Registered, resource: &Resource) -> Pair {
        let code = self.code_at(client, resource).await;
        self.redeem(client, &code).await.pair()
    }
}
