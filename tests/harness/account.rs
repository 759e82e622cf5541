//! Users at the pages of their own account.

use shared::{
    pages::Section,
    secret::{ResetLink, Secret},
    status::Role,
};

use super::{Browser, HtmlForm, Response, Stack, browser::TestUser};

/// The page of a user's personal tokens.
pub const TOKENS: &str = "/account/tokens";
/// The page of a developer's credentials.
pub const CREDENTIALS: &str = "/account/credentials";

/// The page behind a reset link.
pub const RESET: &str = "/reset-password";

/// Returns the path and query of the reset link with this `token`.
pub fn reset_path(token: &Secret<ResetLink>) -> String {
    format!("{RESET}?token={}", token.expose())
}

impl Stack {
    /// Returns a stack in which users may create tokens for `read` and `write`, and developers credentials for
    /// `orders`.
    pub async fn with_accounts() -> Self {
        Self::configured(|config| {
            config.account.personal_scopes = "read write".parse().unwrap();
            config.account.developer_scopes = "orders".parse().unwrap();
        })
        .await
    }

    /// Creates a user, and returns a browser that the user has signed in with.
    pub async fn signed_in_user(&self, name: &str) -> (TestUser, Browser<'_>) {
        let (user, browser) = (self.create_user(name).await, self.browser());
        browser.sign_in(&user).await;
        (user, browser)
    }

    /// Creates a developer, and returns a browser that the developer has signed in with.
    pub async fn developer(&self, name: &str) -> (TestUser, Browser<'_>) {
        let (user, browser) = self.signed_in_user(name).await;
        self.app.users.grant_role(user.sub, &Role::developer()).await.unwrap();
        (user, browser)
    }
}

impl Browser<'_> {
    /// Sends the form for a token with this name and the scope `read`.
    pub async fn request_token(&self, name: &str, lasts: &str) -> Response {
        let form = HtmlForm::to_make(&self.get(TOKENS).await);
        self.submit(&form.without("lasts"), &[("name", name), ("lasts", lasts), ("allow:read", "yes")]).await
    }

    /// Creates a personal token of the signed-in user.
    pub async fn personal_token(&self, name: &str, lasts: &str) -> String {
        let page = self.request_token(name, lasts).await;
        page.is_page(200);
        shown(&page, 0)
    }

    /// Changes the password of the signed-in user.
    pub async fn change_password(&self, current: &str, new: &str, everything: bool) -> Response {
        let page = self.get(Section::PASSWORD).await;
        page.is_page(200);
        let form = HtmlForm::of(&page, Section::PASSWORD);
        let form = if everything { form } else { form.without("everything") };
        self.submit(&form, &[("current", current), ("new", new)]).await
    }

    /// Sends the form on `page`, which a reset link led to.
    pub async fn reset_password(&self, page: &Response, new: &str) -> Response {
        self.submit(&HtmlForm::of(page, RESET), &[("new", new)]).await
    }

    /// Sends the form for credentials with this name.
    pub async fn request_credentials(&self, name: &str) -> Response {
        let form = HtmlForm::to_make(&self.get(CREDENTIALS).await);
        self.submit(&form, &[("name", name)]).await
    }

    /// Creates credentials of the signed-in developer.
    pub async fn credentials(&self, name: &str) -> super::Registered {
        let page = self.request_credentials(name).await;
        page.is_page(200);
        super::Registered { id: shown(&page, 0), secret: shown(&page, 1) }
    }
}

/// Returns the `nth` secret or id on a page that shows a secret once.
#[track_caller]
pub fn shown(page: &Response, nth: usize) -> String {
    let part = page.text.split("<code>").nth(nth + 1).unwrap_or_else(|| panic!("{}", page.text));
    part.split("</code>").next().unwrap().to_owned()
}
