//! What administrators change in the registry of resources (RFC 8707), by the command.

use super::{
    journal::About,
    run::{NOTES, Run},
};

/// The scope of a resource that is registered for all that clients may have.
pub const WHOLE: &str = "read write";

impl Run {
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
