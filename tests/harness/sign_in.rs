//! A user who signs in to a client with OpenID Connect.

use super::{AuthorizationRequest, Browser, PASSWORD, Redirect, Registered, Stack, TestUser};

/// A browser that ada has signed in with, and a client that signs users in.
pub struct SignIn<'a> {
    stack: &'a Stack,
    pub rp: Registered,
    pub ada: TestUser,
    pub browser: Browser<'a>,
    /// For `openid` alone.
    pub request: AuthorizationRequest,
}

impl<'a> SignIn<'a> {
    pub async fn at(stack: &'a Stack) -> Self {
        let (rp, ada, browser) =
            (stack.relying_party().await, stack.create_user("ada").await, stack.browser());
        browser.sign_in(&ada).await;
        let request = AuthorizationRequest::by(&rp).with("scope", "openid");
        Self { stack, rp, ada, browser, request }
    }

    /// Returns one in which ada has allowed the request.
    pub async fn consented(stack: &'a Stack) -> Self {
        let user = Self::at(stack).await;
        user.browser.consent(&user.request).await.code();
        user
    }

    /// Allows the request, and returns the scope of its grant.
    pub async fn granted(&self, request: &AuthorizationRequest) -> String {
        let redirect = self.browser.consent(&request.with("prompt", "consent")).await;
        self.stack.grant_of(&redirect).await.scope.to_string()
    }

    /// Allows the request after another sign-in, which it must require.
    pub async fn again(&self, request: &AuthorizationRequest) -> Redirect {
        let login = self.browser.redirected(request).await.location;
        assert!(login.starts_with("/login?"), "{login}");
        let response = self.browser.try_to_sign_in(&login, &self.ada.name, PASSWORD).await;
        Redirect::of(&self.browser.get(&Redirect::of(&response).location).await)
    }

    /// Returns an `id_token_hint` of ada.
    pub async fn hint(&self) -> String {
        self.stack.hint(&self.rp, self.ada.sub).await
    }

    /// Sends a request with this hint and `prompt=none`.
    pub async fn silent(&self, hint: &str) -> Redirect {
        self.browser.redirected(&self.request.with("prompt", "none").with("id_token_hint", hint)).await
    }

    /// Asserts that the server ignores `text`, and that a request with it and `prompt=none` gets no code.
    pub async fn is_unverifiable(&self, text: &str) {
        let silent = self.silent(text).await;
        assert_eq!(silent.get("error"), Some("login_required"), "{text:.3000}");
        silent.is_error(self.stack, "login_required");
        self.browser.redirected(&self.request.with("id_token_hint", text)).await.code();
    }
}
