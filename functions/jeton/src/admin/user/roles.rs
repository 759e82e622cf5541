//! Granting roles.

use shared::{audit::UserChange, openid::Claims, secret::Id, status::Role};

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

    /// Returns the warning that ID tokens have no room for the roles of the user called `name`, where the environment lacks
    /// `JETON_SIGNING_KEYS` and there are signing keys all the same.
    pub(super) async fn groups_warning(&self, name: &str) -> Result<Option<String>, Error> {
        if self.app.config.signing_keys.is_on() {
            return Ok(None);
        }
        let (user, status) = self.user_and_status(name).await?;
        if Claims::has_room_for(&status.roles) || self.app.signing_keys.read().await?.keys().is_empty() {
            return Ok(None);
        }
        let (name, most) = (&user.username, Claims::MOST_GROUPS);
        Ok(Some(format!(
            "The roles of {name} exceed {most} bytes as JSON: ID tokens have no `groups`, only UserInfo has."
        )))
    }
}
