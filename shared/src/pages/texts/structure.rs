//! The list of all texts. A comment says where a text appears, if its name does not.

use crate::{oauth::openid_scope, pages::duration::HumanDuration};

#[derive(Debug)]
pub struct Texts {
    pub login: Login,
    pub consent: Consent,
    pub session: Session,
    pub account: Account,
    pub sessions: Sessions,
    pub new_password: NewPassword,
    pub form_post: FormPost,
    pub error: Errors,
    /// Formats a duration, such as `2 hours`.
    pub duration: fn(HumanDuration) -> String,
}

/// A phrase around a value that the page inserts.
#[derive(Clone, Copy, Debug)]
pub struct Phrase {
    pub before: &'static str,
    pub after: &'static str,
}

/// What happened, in a few words; and what to do, in a sentence or two.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    pub title: &'static str,
    pub text: &'static str,
}

#[derive(Debug)]
pub struct Login {
    /// The heading and the button.
    pub sign_in: &'static str,
    /// Before the application's name.
    pub to_continue_to: &'static str,
    pub username: &'static str,
    pub password: &'static str,
    /// The same for an unknown user name, a wrong password and a user who may not sign in.
    pub wrong_credentials: Message,
    pub expired_form: Message,
    pub too_many_attempts: &'static str,
    /// After `too_many_attempts`, around a duration.
    pub try_again_in: Phrase,
}

#[derive(Debug)]
pub struct Consent {
    /// Around the application's name.
    pub title: Phrase,
    /// Around the application's name.
    pub heading: Phrase,
    /// Before the list of permissions.
    pub asks_for: &'static str,
    /// Before the list of permissions at a resource, around the resource.
    pub asks_for_at: Phrase,
    /// In place of an empty list of permissions.
    pub asks_for_nothing: &'static str,
    /// In place of an empty list of permissions at a resource, around the resource.
    pub asks_for_access_to: Phrase,
    /// In place of the descriptions of OpenID Connect's scope values.
    pub openid: OpenId,
    /// Before `this_service`, `deleted_user` or the name of the user who owns the application.
    pub made_by: &'static str,
    pub this_service: &'static str,
    pub deleted_user: &'static str,
    /// Before `administrators`.
    pub registered_by: &'static str,
    pub administrators: &'static str,
    /// In place of the owner. On the login page and in the list of applications, too.
    pub registered_itself: &'static str,
    /// After `registered_itself`, around the destination of the redirect.
    pub goes_to: Phrase,
    /// In place of the end of `goes_to`, if the destination is a program on the user's computer. On the login page, too.
    pub on_this_computer: &'static str,
    /// Before the destination of the redirect.
    pub redirects_to: &'static str,
    /// Before the user's name.
    pub account: &'static str,
    /// Before the duration of the access.
    pub access_lasts: &'static str,
    /// After the duration of the access, around a shorter duration.
    pub less_if_unused: Phrase,
    /// In place of the duration of the access.
    pub until_revoked: &'static str,
    /// Before the buttons, if the redirect carries the access token (RFC 6749 §4.2).
    pub implicit: &'static str,
    /// Below the buttons.
    pub advice: &'static str,
    /// After `advice`, around the application's name.
    pub if_denied: Phrase,
    pub allow: &'static str,
    pub deny: &'static str,
    /// A button, around the user's name.
    pub sign_out: Phrase,
}

/// What the scope values of OpenID Connect mean. They name what the application learns, and no value of it.
#[derive(Debug)]
pub struct OpenId {
    pub openid: &'static str,
    pub profile: &'static str,
    pub email: &'static str,
    pub groups: &'static str,
}

impl OpenId {
    /// Returns the description of a scope value of OpenID Connect.
    pub fn describe(&self, value: &str) -> Option<&'static str> {
        match value {
            openid_scope::OPENID => Some(self.openid),
            openid_scope::PROFILE => Some(self.profile),
            openid_scope::EMAIL => Some(self.email),
            openid_scope::GROUPS => Some(self.groups),
            _ => None,
        }
    }
}

/// The pages after signing in and out.
#[derive(Debug)]
pub struct Session {
    pub signed_in: &'static str,
    /// Before the user's name.
    pub signed_in_as: &'static str,
    pub sign_out: &'static str,
    /// A button that ends the user's sessions in all browsers.
    pub sign_out_everywhere: &'static str,
    /// The heading of the page that asks.
    pub sign_out_question: &'static str,
    /// Around the name of the application that asks to sign the user out.
    pub requested_by: Phrase,
    pub stay_signed_in: &'static str,
    pub signed_out: &'static str,
    /// Below `signed_out`.
    pub applications_keep_access: &'static str,
    pub sign_in_again: &'static str,
}

/// The pages of the user's own account.
#[derive(Debug)]
pub struct Account {
    pub title: &'static str,
    pub applications: &'static str,
    /// Before the list of applications.
    pub applications_lead: &'static str,
    pub no_applications: &'static str,
    pub tokens: &'static str,
    pub tokens_lead: &'static str,
    pub no_tokens: &'static str,
    pub credentials: &'static str,
    pub credentials_lead: &'static str,
    pub no_credentials: &'static str,
    pub name: &'static str,
    pub permissions: &'static str,
    /// The column of the day since which an application has access.
    pub since: &'static str,
    /// The column of the day of creation.
    pub created: &'static str,
    /// The column of the day of expiry.
    pub expires: &'static str,
    pub last_used: &'static str,
    /// In place of a day.
    pub never: &'static str,
    pub token: &'static str,
    pub client_id: &'static str,
    pub client_secret: &'static str,
    pub end_access: &'static str,
    pub revoke: &'static str,
    pub delete: &'static str,
    pub new_token: &'static str,
    pub new_credentials: &'static str,
    /// Before the choice of lifetimes.
    pub lifetime: &'static str,
    /// A lifetime.
    pub until_revoked: &'static str,
    /// After a lifetime of some hours, and after the name of such a token, in parentheses.
    pub temporary: &'static str,
    pub create_token: &'static str,
    pub create_credentials: &'static str,
    /// Before a secret that is shown this once.
    pub keep_safe: &'static str,
    pub done: &'static str,
    /// Before one of the four errors that follow.
    pub not_created: &'static str,
    pub invalid_name: &'static str,
    pub no_scope: &'static str,
    pub no_lifetime: &'static str,
    pub too_many: &'static str,
}

/// The page of the sessions that a user has.
#[derive(Debug)]
pub struct Sessions {
    pub title: &'static str,
    /// Before the list.
    pub lead: &'static str,
    /// The column of browsers.
    pub browser: &'static str,
    /// Between the names of a browser and of its operating system.
    pub on: &'static str,
    pub unknown_browser: &'static str,
    /// After the name of the browser that shows the page.
    pub this_browser: &'static str,
    /// The column of the time of sign-in.
    pub signed_in: &'static str,
    /// Around a duration.
    pub ago: Phrase,
    /// In place of a duration of less than a minute.
    pub just_now: &'static str,
    pub end: &'static str,
}

/// The pages on which a user sets a new password.
#[derive(Debug)]
pub struct NewPassword {
    /// The heading of the form, its button and the link to it.
    pub change: &'static str,
    pub current: &'static str,
    pub new: &'static str,
    /// Below the field of the new password and after `too_short`, around a number.
    pub length: Phrase,
    /// Before the form: what ends with and without the checked box.
    pub ends_sessions: &'static str,
    /// A checked box.
    pub end_everything: &'static str,
    /// The title of the errors that follow.
    pub not_changed: &'static str,
    pub wrong_password: &'static str,
    pub too_short: &'static str,
    pub too_long: &'static str,
    pub expired_form: &'static str,
    pub changed: &'static str,
    /// Below `changed`.
    pub sessions_ended: &'static str,
    /// After `sessions_ended`, if the box was checked.
    pub everything_ended: &'static str,
    /// After `sessions_ended`, if it was not.
    pub access_stays: &'static str,
    /// After a new password, to a developer. A link to the credentials follows.
    pub credentials_stay: &'static str,
    /// The heading of the form behind a reset link, and its button.
    pub set: &'static str,
    /// Before that form.
    pub reset_ends: &'static str,
    /// After that form was accepted.
    pub is_set: &'static str,
    /// Below `is_set`.
    pub reset_ended: &'static str,
}

/// The page that posts an authorization response to an application.
#[derive(Debug)]
pub struct FormPost {
    /// The title and heading, around the application's name.
    pub back_to: Phrase,
    pub go_on: &'static str,
}

#[derive(Debug)]
pub struct Errors {
    pub unknown_application: Message,
    /// For an application that registered itself.
    pub ended_registration: Message,
    /// For an application that registered itself.
    pub unchecked_application: Message,
    /// The text of a link, before the destination of the redirect.
    pub return_to: &'static str,
    pub unknown_address: Message,
    pub malformed_request: Message,
    pub expired_page: Message,
    pub developers_only: Message,
    pub not_offered: Message,
    pub still_signed_in: Message,
    pub access_not_ended: Message,
    pub invalid_link: Message,
    pub password_changed_meanwhile: Message,
    pub unavailable: Message,
    pub try_again: &'static str,
    /// Before the id of the request.
    pub request: &'static str,
}
