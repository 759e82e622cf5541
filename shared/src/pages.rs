//! The pages that a user sees.
//!
//! A page is a struct and a template of the same name, which askama escapes. Pages need no JavaScript and load nothing:
//! their one style sheet is inside them, and the content security policy allows that style sheet by its digest.

mod account;
mod application;
mod consent;
mod csrf;
mod duration;
mod error_page;
mod form_post;
mod login;
mod new_password;
mod page_id;
mod session;
mod sessions;
mod texts;
mod theme;
mod view;

pub use account::{
    AccountPage, CreateError, CreatedValue, CredentialsPage, Lifetime, ListedApplication, ListedCredential,
    ListedToken, PersonalTokensPage, SecretOncePage, Section,
};
pub use application::Application;
pub use consent::{AccessDuration, ConsentPage, Owner, Permission};
pub use csrf::CsrfToken;
pub use error_page::{Back, ErrorKind, ErrorPage};
pub use form_post::FormPostPage;
pub use login::{LoginError, LoginPage};
pub use new_password::{
    ChangePasswordPage, NewPasswordError, PasswordChangedPage, PasswordResetPage, ResetPasswordPage,
};
pub use page_id::{is_page_expired, new_page_id};
pub use session::{SignOutPage, SignedInPage, SignedOutPage, WayBack};
pub use sessions::{Ago, ListedSession, SessionsPage};
pub use texts::Texts;
pub use theme::Theme;
pub use view::View;
