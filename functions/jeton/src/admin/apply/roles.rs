//! The plan for roles: a declared role has the declared users, and no others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use shared::{
    audit::UserChange,
    openid::Claims,
    secret::Id,
    status::{Role, Status},
    users::{User, UserName},
};

use super::plan::{Action, Change, Plan};
use crate::admin::{
    configuration::{Declared, InvalidFile, Kind, Placed},
    connection::Admin,
    error::Error,
};

#[derive(Default)]
pub(super) struct Roles {
    granted: Vec<(Id, Role)>,
    removed: Vec<(Id, Role)>,
    /// The roles that no file declares, with the users who have them.
    extra: BTreeMap<Role, Vec<Id>>,
}

/// All users, by the lower-case form of their names.
type Users = BTreeMap<String, (User, Status)>;

impl Roles {
    pub(super) async fn plan(admin: &Admin, files: &Declared, plan: &mut Plan) -> Result<Self, Error> {
        let Some(declared) = &files.roles else { return Ok(Self::default()) };
        let all = admin.app.users.list().await?;
        let users: Users = all.into_iter().map(|entry| (entry.0.username.key(), entry)).collect();
        let mut roles = Self::default();
        for (user, status) in users.values() {
            for role in status.roles.iter().filter(|role| !declared.contains_key(role)) {
                roles.extra.entry(role.clone()).or_default().push(user.sub);
            }
        }
        for (role, names) in declared {
            let change = roles.declare(role, names, &users)?;
            if change.as_ref().is_some_and(|change| change.action == Action::Create) && !has_meaning(role) {
                plan.warnings.push(format!("{role} is a new role, to which Jeton gives no meaning."));
            }
            plan.add(change);
        }
        roles.check_room(admin, declared, &users)?;
        Ok(roles)
    }

    fn declare(
        &mut self,
        role: &Role,
        names: &Placed<Vec<UserName>>,
        users: &Users,
    ) -> Result<Option<Change>, InvalidFile> {
        let mut wanted = BTreeSet::new();
        for name in &names.value {
            if !users.contains_key(&name.key()) {
                return Err(names.invalid(format_args!("there is no user {name}")));
            }
            wanted.insert(name.key());
        }
        let has = |name: &&String| users.get(*name).is_some_and(|(_, status)| status.has(role));
        let present: BTreeSet<_> = users.keys().filter(has).cloned().collect();
        let of = |name: &String| users.get(name).map(|(user, _)| (user.sub, role.clone()));
        self.granted.extend(wanted.difference(&present).filter_map(of));
        self.removed.extend(present.difference(&wanted).filter_map(of));
        if wanted == present {
            return Ok(None);
        }
        if present.is_empty() {
            return Ok(Some(Change::new(Action::Create, Kind::Role, role)));
        }
        let spelt = |names: &BTreeSet<String>| -> Vec<&UserName> {
            names.iter().filter_map(|name| users.get(name)).map(|(user, _)| &user.username).collect()
        };
        let (old, new) = (json!({ "users": spelt(&present) }), json!({ "users": spelt(&wanted) }));
        Ok(Some(Change::update(Kind::Role, role, old, new)))
    }

    /// Checks that no user gets more roles than one may have, or, with OpenID Connect on, than an ID token has room for.
    fn check_room(
        &self,
        admin: &Admin,
        declared: &BTreeMap<Role, Placed<Vec<UserName>>>,
        users: &Users,
    ) -> Result<(), InvalidFile> {
        for (sub, role) in &self.granted {
            let of_user = |changes: &'_ [(Id, Role)]| -> BTreeSet<Role> {
                changes.iter().filter(|(of, _)| of == sub).map(|(_, role)| role.clone()).collect()
            };
            let user = users.values().find(|(user, _)| user.sub == *sub);
            let Some(((user, status), names)) = user.zip(declared.get(role)) else { continue };
            let (granted, removed) = (of_user(&self.granted), of_user(&self.removed));
            let stay = status.roles.iter().filter(|role| !removed.contains(*role));
            let roles: Vec<_> = stay.chain(&granted).collect();
            let name = &user.username;
            if roles.len() > Role::MOST {
                let reason = format!("user {name} would have more than {} roles", Role::MOST);
                return Err(names.invalid(reason));
            }
            if admin.app.config.signing_keys.is_on() && !Claims::has_room_for(roles) {
                let most = Claims::MOST_GROUPS;
                let reason = format!("user {name} would have roles of more than {most} bytes in an ID token");
                return Err(names.invalid(reason));
            }
        }
        Ok(())
    }

    /// Returns the removal of the roles that no file declares.
    pub(super) fn deletions(&self) -> Vec<Change> {
        self.extra.keys().map(|role| Change::new(Action::Delete, Kind::Role, role)).collect()
    }

    /// Removes roles, then grants them, so that no user has too many between the two.
    pub(super) async fn write(&self, admin: &Admin) -> Result<(), Error> {
        remove(admin, self.removed.iter().map(|(sub, role)| (*sub, role))).await?;
        for (sub, role) in &self.granted {
            admin.grant_role(*sub, role).await?;
        }
        Ok(())
    }

    pub(super) async fn delete(&self, admin: &Admin) -> Result<(), Error> {
        let of = |(role, users): (_, &'_ Vec<Id>)| users.iter().map(|sub| (*sub, role)).collect::<Vec<_>>();
        remove(admin, self.extra.iter().flat_map(of)).await
    }
}

/// Returns whether Jeton itself lets users with the role do more than others.
fn has_meaning(role: &Role) -> bool {
    [Role::developer(), Role::admin()].contains(role)
}

async fn remove(admin: &Admin, roles: impl Iterator<Item = (Id, &Role)>) -> Result<(), Error> {
    for (sub, role) in roles {
        admin.app.users.remove_role(sub, role).await?;
        admin.audit_user(sub, UserChange::RoleRemoved);
    }
    Ok(())
}
