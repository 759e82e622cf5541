//! Granting roles.

use shared::{audit::UserChange, secret::Id, status::Role};

use crate::admin::{connection::Admin, error::Error};

impl Admin {
    /// Gives the user a role. With OpenID Connect on (`JETON_SIGNING_KEYS`), an ID token must have room for all roles of the
    /// user, as `groups`.
    pub(in crate::admin) async fn grant_role(&self, user: Id, role: &Role) -> Result<(), Error> {
        if self.app.config.signing_keys.is_on() {
            self.app.users.grant_group(user, role).await?;
        } else {
            self.app.users.grant_role(user, role).await?;
        }
        self.audit_user(user, UserChange::RoleGranted);
        Ok(())
    }
}
