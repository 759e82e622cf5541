//! The consent page.

use std::time::Duration;

use askama::Template;

use super::{Application, CsrfToken, View, duration::HumanDuration};
use crate::resources::Resource;

#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    pub view: View<'a>,
    /// The client that requests access.
    pub application: Application,
    /// `None`: the client registered itself.
    pub owner: Option<Owner>,
    pub username: &'a str,
    /// The resource that the access is for. `None`: none in particular.
    pub resource: Option<&'a Resource>,
    /// The requested scope, one entry a value.
    pub permissions: Vec<Permission<'a>>,
    /// Whether the response carries the access token itself (RFC 6749 §4.2).
    pub implicit: bool,
    pub access_duration: AccessDuration,
    /// The query of the authorization request.
    pub query: &'a str,
    pub page_id: &'a str,
    pub csrf: CsrfToken,
    pub logout_csrf: CsrfToken,
}

/// A requested scope value.
#[derive(Debug)]
pub struct Permission<'a> {
    pub value: &'a str,
    /// The administrators' description of the value, or the page's own of a value of OpenID Connect.
    pub description: Option<String>,
    /// Whether the user can only allow it: `openid`.
    pub is_fixed: bool,
}

/// The owner of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The deployment itself: a first-party client.
    Deployment,
    /// A third party, for which an administrator registered the client.
    Administrators,
    /// A user, by user name.
    User(String),
    /// A user whose account was deleted.
    DeletedUser,
}

/// How long a consent gives access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessDuration {
    For(Duration),
    /// For `at_most`, or until the access is not used for `unused`.
    WhileUsed {
        unused: Duration,
        at_most: Duration,
    },
    /// Until the access is revoked (a compatibility switch).
    UntilRevoked,
}

impl ConsentPage<'_> {
    /// Returns the label of `owner`, and its name.
    fn labelled<'o>(&self, owner: &'o Owner) -> (&'static str, &'o str) {
        let texts = &self.view.texts.consent;
        match owner {
            Owner::Deployment => (texts.made_by, texts.this_service),
            Owner::Administrators => (texts.registered_by, texts.administrators),
            Owner::User(name) => (texts.made_by, name),
            Owner::DeletedUser => (texts.made_by, texts.deleted_user),
        }
    }

    fn access_duration_text(&self) -> String {
        let text = |duration| (self.view.texts.duration)(HumanDuration::of(duration));
        match self.access_duration {
            AccessDuration::For(duration) => text(duration),
            AccessDuration::UntilRevoked => self.view.texts.consent.until_revoked.to_owned(),
            AccessDuration::WhileUsed { unused, at_most } => {
                let less = self.view.texts.consent.less_if_unused;
                format!("{}{}{}{}", text(at_most), less.before, text(unused), less.after)
            }
        }
    }
}
