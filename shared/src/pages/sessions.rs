//! The page of the browsers that a user is signed in with.

use std::time::Duration;

use askama::Template;

use super::{CsrfToken, Section, Texts, View, duration::HumanDuration};
use crate::users::user_agent::UserAgent;

#[derive(Debug, Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage<'a> {
    pub view: View<'a>,
    pub section: Section,
    /// The session of this browser comes first.
    pub sessions: &'a [ListedSession],
    pub logout_csrf: CsrfToken,
}

#[derive(Clone, Debug)]
pub struct ListedSession {
    pub id: String,
    pub user_agent: UserAgent,
    /// When the user signed in.
    pub signed_in: Ago,
    pub last_used: Ago,
    /// Token of the form that ends the session. `None`: it is the session of this browser, which the user signs out of.
    pub csrf: Option<CsrfToken>,
}

impl ListedSession {
    /// Returns the names of the browser and its operating system, such as `Firefox on Linux`.
    fn label(&self, texts: &Texts) -> String {
        let browser = self.user_agent.browser.as_deref().unwrap_or(texts.sessions.unknown_browser);
        let system = self.user_agent.system.as_deref();
        system.map_or_else(|| browser.to_owned(), |system| format!("{browser}{}{system}", texts.sessions.on))
    }
}

/// The time since a past moment.
#[derive(Clone, Copy, Debug)]
pub struct Ago(pub Duration);

impl Ago {
    /// Returns the time in whole minutes or more, such as `5 minutes ago`.
    fn text(self, texts: &Texts) -> String {
        if self.0 < Duration::from_mins(1) {
            return texts.sessions.just_now.to_owned();
        }
        let minutes = Duration::from_mins(self.0.as_secs() / 60);
        let phrase = texts.sessions.ago;
        format!("{}{}{}", phrase.before, (texts.duration)(HumanDuration::of(minutes)), phrase.after)
    }
}
