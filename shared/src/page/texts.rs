//! What pages say, in every language: a file each, and a text that is missing does not compile.

mod account;
mod english;
mod french;

pub(super) use account::Account;

use super::span::Span;
use crate::language::Language;

/// A sentence around something that is shown in bold.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// What comes before it.
    pub before: &'static str,
    /// What comes after it.
    pub after: &'static str,
}

/// What happened, and what to do about it.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// What happened, in a few words.
    pub title: &'static str,
    /// A sentence or two.
    pub text: &'static str,
}

/// Everything that pages say.
#[derive(Debug)]
pub struct Texts {
    /// On the login page.
    pub login: Login,
    /// On the consent page.
    pub consent: Consent,
    /// On what follows signing in or out with nothing else in mind.
    pub session: Session,
    /// On the pages of a person's own account.
    pub account: Account,
    /// On the page that sends an answer as a form; the application's name is within.
    pub back_to: Around,
    /// Its button.
    pub go_on: &'static str,
    /// On pages that say what went wrong.
    pub problem: Problems,
    /// A span of time.
    pub span: fn(Span) -> String,
}

/// On the login page.
#[derive(Debug)]
pub struct Login {
    /// Its heading and its button.
    pub sign_in: &'static str,
    /// Before the application's name.
    pub to_continue_to: &'static str,
    /// Of a field.
    pub username: &'static str,
    /// Of a field.
    pub password: &'static str,
    /// The same for an unknown name, a wrong password and a person who may not sign in.
    pub wrong: Told,
    /// The form is not this browser's, or too old.
    pub stale: Told,
    /// There were too many attempts: what happened, and around a span, how long to wait.
    pub too_many: (&'static str, Around),
}

/// On the consent page.
#[derive(Debug)]
pub struct Consent {
    /// Its heading, around the application's name.
    pub question: Around,
    /// Its title, around the application's name.
    pub title: Around,
    /// Before the list of what is asked for.
    pub asks_for: &'static str,
    /// In place of that list.
    pub asks_for_nothing: &'static str,
    /// Before the name of whoever made it.
    pub made_by: &'static str,
    /// Who made an application whose owner was deleted.
    pub somebody_gone: &'static str,
    /// Who made the deployment's own application.
    pub this_service: &'static str,
    /// Before who registered it, if it is not known who made it.
    pub registered_by: &'static str,
    /// Who that is.
    pub administrators: &'static str,
    /// Before where the person will be sent.
    pub leads_to: &'static str,
    /// Before the name of the person.
    pub account: &'static str,
    /// Before how long it lasts.
    pub lasts: &'static str,
    /// After that, around how long it may be out of use.
    pub less_if_unused: Around,
    /// How long it lasts, if it has no end.
    pub until_revoked: &'static str,
    /// What it means that the application gets its access by redirect (RFC 6749 §4.2).
    pub at_once: &'static str,
    /// What not to do.
    pub only_if: &'static str,
    /// What declining does, around the application's name.
    pub if_denied: Around,
    /// A button.
    pub allow: &'static str,
    /// A button.
    pub deny: &'static str,
    /// A button, around the person's name.
    pub sign_out: Around,
}

/// On what follows signing in or out.
#[derive(Debug)]
pub struct Session {
    /// A title and heading.
    pub signed_in: &'static str,
    /// Before the person's name.
    pub signed_in_as: &'static str,
    /// A button.
    pub sign_out: &'static str,
    /// A button: in every browser.
    pub sign_out_everywhere: &'static str,
    /// A title and heading.
    pub signed_out: &'static str,
    /// What that means for applications.
    pub signed_out_means: &'static str,
    /// A link.
    pub sign_in_again: &'static str,
}

/// On pages that say what went wrong.
#[derive(Debug)]
pub struct Problems {
    /// The client is unknown or disabled.
    pub unknown_application: Told,
    /// The redirect URI is not registered.
    pub unknown_address: Told,
    /// The request is not well-formed.
    pub unreadable: Told,
    /// The consent page is too old, or of another request.
    pub stale_page: Told,
    /// The page needs a role.
    pub not_for_you: Told,
    /// The deployment does not offer this.
    pub not_offered: Told,
    /// The form that signs out is too old.
    pub still_signed_in: Told,
    /// An application's access is not ended completely.
    pub unfinished: Told,
    /// The server cannot answer.
    pub unavailable: Told,
    /// A link.
    pub try_again: &'static str,
    /// Before the request's id.
    pub request: &'static str,
}

impl Texts {
    /// Everything that pages say in this language.
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::TEXTS,
            Language::French => &french::TEXTS,
        }
    }
}
