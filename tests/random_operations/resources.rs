//! What administrators change in the registry of resources (RFC 8707), by the command.

use super::{
    journal::About,
    run::{NOTES, ORDERS, Run},
};

/// The scope of a resource that is registered for all that clients may have.
const WHOLE: &str = "read write";

/// What is registered as [`NOTES`].
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// The scope that the resource lists.
    scope: &'static str,
    /// Whether clients that registered themselves may have tokens for it.
    open: bool,
}

impl Notes {
    /// The registration at the start.
    pub const FIRST: Self = Self { scope: WHOLE, open: true };
}

impl Run {
    /// Returns the scope that a resource lists. `None`: it is not registered.
    pub fn listed(&self, resource: &str) -> Option<&'static str> {
        match resource {
            NOTES => self.notes.map(|notes| notes.scope),
            ORDERS => Some(WHOLE),
            _ => None,
        }
    }

    /// Returns the scope that a client may have at a resource, or at none in particular. `None`: no tokens.
    pub fn most(&self, client: usize, resource: Option<&str>) -> Option<&'static str> {
        let of = &self.clients[client];
        if of.self_registered.is_none() {
            return of.settings.allow(resource).then_some(of.settings.scope);
        }
        let resource = resource?;
        self.listed(resource).filter(|_| self.is_open(resource))
    }

    /// Returns whether clients that registered themselves may have tokens for a resource.
    pub fn is_open(&self, resource: &str) -> bool {
        resource == ORDERS || self.notes.is_some_and(|notes| notes.open)
    }

    /// Returns the resource of a client's request that names this one, or none: the only one in the client's list is then
    /// meant, or the only open one if the client registered itself. `Err`: the client gets no tokens.
    pub fn target(
        &self,
        client: usize,
        named: Option<&'static str>,
    ) -> Result<Option<&'static str>, &'static str> {
        let of = &self.clients[client];
        let resource = match (named, of.settings.resources) {
            (None, _) if of.self_registered.is_some() => (!self.is_open(NOTES)).then_some(ORDERS),
            (None, [only]) => Some(*only),
            (named, _) => named,
        };
        let is_registered = resource.is_none_or(|uri| self.listed(uri).is_some());
        let allowed = is_registered && self.most(client, resource).is_some();
        if allowed { Ok(resource) } else { Err("invalid_target") }
    }

    /// Deletes [`NOTES`], registers it again, or changes the scope that it lists. Grants for it live on.
    pub async fn change_resource(&mut self) {
        const CREATE: [&str; 8] = ["create", NOTES, "--name", "Notes", "--scope", "read", "--scope", "write"];
        let (next, arguments): (_, &[&str]) = match self.notes {
            None if self.dice.chance(50) => (Some(Notes::FIRST), &[CREATE.as_slice(), &["--open"]].concat()),
            None => (Some(Notes { open: false, ..Notes::FIRST }), &CREATE),
            Some(notes) if self.dice.chance(35) => {
                let to = if notes.open { "--open=false" } else { "--open" };
                (Some(Notes { open: !notes.open, ..notes }), &["update", NOTES, to])
            }
            Some(notes @ Notes { scope: WHOLE, .. }) if self.dice.chance(50) => {
                (Some(Notes { scope: "read", ..notes }), &["update", NOTES, "--scope", "read"])
            }
            Some(Notes { scope: WHOLE, .. }) => (None, &["delete", NOTES]),
            Some(notes) => {
                let whole = &["update", NOTES, "--scope", "read", "--scope", "write"];
                (Some(Notes { scope: WHOLE, ..notes }), whole)
            }
        };
        let ran = self.stack.jeton(&[&["resource"], arguments].concat(), "").await;
        assert_eq!(ran.code, 0, "{ran:?}");
        self.notes = next;
        let what = format!("`jeton resource {}`", arguments.join(" "));
        self.count(&what);
        self.note(About::Everything, what);
    }
}
