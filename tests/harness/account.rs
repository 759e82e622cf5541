//! People at the pages of their own account, and administrators beside them.

use shared::role::Role;

use super::{Answer, Browser, HtmlForm, Stack, browser::Person};

/// Where a person's tokens are.
pub const TOKENS: &str = "/account/tokens";
/// Where a developer's clients are.
pub const CREDENTIALS: &str = "/account/credentials";

impl Stack {
    /// A Jeton in which people may make tokens for `read` and `write`, and developers credentials for `orders`.
    pub async fn with_accounts() -> Self {
        Self::configured(|config| {
            config.account.personal_scopes = "read write".parse().unwrap();
            config.account.developer_scopes = "orders".parse().unwrap();
        })
        .await
    }

    /// Somebody new called `name`, and the browser they have signed in with.
    pub async fn at_home(&self, name: &str) -> (Person, Browser<'_>) {
        let (person, browser) = (self.somebody(name).await, self.browser());
        browser.sign_in(&person).await;
        (person, browser)
    }

    /// The same for a developer.
    pub async fn developer(&self, name: &str) -> (Person, Browser<'_>) {
        let (person, browser) = self.at_home(name).await;
        self.app.users.grant_role(person.sub, &Role::developer()).await.unwrap();
        (person, browser)
    }
}

impl Browser<'_> {
    /// What is answered to the form for a token of this name that may `read`.
    pub async fn ask_for_token(&self, name: &str, lasts: &str) -> Answer {
        let form = HtmlForm::to_make(&self.get(TOKENS).await);
        self.submit(&form.without("lasts"), &[("name", name), ("lasts", lasts), ("allow:read", "yes")]).await
    }

    /// A token of this person's.
    pub async fn personal_token(&self, name: &str, lasts: &str) -> String {
        let made = self.ask_for_token(name, lasts).await;
        made.is_page(200);
        shown(&made, 0)
    }

    /// What is answered to the form for credentials of this name.
    pub async fn ask_for_credentials(&self, name: &str) -> Answer {
        let form = HtmlForm::to_make(&self.get(CREDENTIALS).await);
        self.submit(&form, &[("name", name)]).await
    }

    /// Credentials of this developer's.
    pub async fn credentials(&self, name: &str) -> super::Registered {
        let made = self.ask_for_credentials(name).await;
        made.is_page(200);
        super::Registered { id: shown(&made, 0), secret: shown(&made, 1) }
    }
}

/// The part of a page that was made to be kept.
#[track_caller]
pub fn shown(page: &Answer, nth: usize) -> String {
    let part = page.text.split("<code>").nth(nth + 1).unwrap_or_else(|| panic!("{}", page.text));
    part.split("</code>").next().unwrap().to_owned()
}
