//! What a deployment remembers of a user's consents to one client, and whether the consent page must be shown
//! (RFC 6749 §10.2).

use super::{Ms, Values};

/// How long a consent is remembered.
const LIFETIME: Ms = 365 * 86_400_000;

/// A consent of the user.
#[derive(Clone, Debug)]
pub struct Consent {
    pub scope: Values,
    /// The resource that the scope is for. `None`: none in particular.
    pub resource: Option<&'static str>,
    pub agreed_at: Ms,
}

/// The consents of which the deployment remembers one, or `None`.
#[derive(Clone, Debug)]
pub struct Remembered(Vec<Option<Consent>>);

impl Default for Remembered {
    /// Nothing is remembered.
    fn default() -> Self {
        Self(vec![None])
    }
}

impl Remembered {
    /// Records that the user has agreed. `certain`: the deployment remembers this consent, and no earlier one.
    pub fn agree(&mut self, consent: Consent, certain: bool) {
        if certain {
            self.0.clear();
        }
        self.0.push(Some(consent));
    }

    /// Checks whether a request for `scope` at `resource` may lead to the consent page, or to no page.
    pub fn observe(&self, now: Ms, scope: &Values, resource: Option<&str>, page: bool) -> Result<(), String> {
        let counts = |known: &Consent| {
            scope.is_subset(&known.scope) && known.resource == resource && now < known.agreed_at + LIFETIME
        };
        if self.0.iter().any(|known| known.as_ref().is_some_and(counts) != page) {
            return Ok(());
        }
        Err(format!("{scope:?} at {resource:?}; the page was shown: {page}, but {self:?}"))
    }
}
