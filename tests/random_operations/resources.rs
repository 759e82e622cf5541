//! What administrators change in the registry of resources (RFC 8707), by the command.

use super::{
    journal::About,
    run::{NOTES, ORDERS, Run},
};

/// The scope of a resource that is registered for all that clients may have.
pub const WHOLE: &str = "read write";

impl Run {
    /// Returns the scope that a resource lists. `None`: it is not registered.
    pub fn listed(&self, resource: &str) -> Option<&'static str> {
        match resource {
            NOTES => self.notes,
            ORDERS => Some(WHOLE),
            _ => None,
        }
    }

    /// Returns the resource of a client's request that names this one, or none: the only one in the client's list is then
    /// meant. `Err`: the client gets no tokens.
    pub fn target(
        &self,
        client: usize,
        named: Option<&'static str>,
    ) -> Result<Option<&'static str>, &'static str> {
        let settings = &self.clients[client].settings;
        let resource = match (named, settings.resources) {
            (None, [only]) => Some(*only),
            (named, _) => named,
        };
        let is_registered = resource.is_none_or(|uri| self.listed(uri).is_some());
        if is_registered && settings.allow(resource) { Ok(resource) } else { Err("invalid_target") }
    }

    /// Deletes [`NOTES`], registers it again, or changes the scope that it lists. Grants for it live on.
    pub async fn change_resource(&mut self) {
        let narrow = Some("read");
        let (next, arguments): (_, &[&str]) = match self.notes {
            None => {
                (Some(WHOLE), &["create", NOTES, "--name", "Notes", "--scope", "read", "--scope", "write"])
            }
            Some(WHOLE) if self.dice.chance(50) => (narrow, &["update", NOTES, "--scope", "read"]),
            Some(WHOLE) => (None, &["delete", NOTES]),
            Some(_) => (Some(WHOLE), &["update", NOTES, "--scope", "read", "--scope", "write"]),
        };
        let ran = self.stack.jeton(&[&["resource"], arguments].concat(), "").await;
        assert_eq!(ran.code, 0, "{ran:?}");
        self.notes = next;
        let what = format!("`jeton resource {}`", arguments[0]);
        self.count(&what);
        self.note(About::Everything, what);
    }
}
