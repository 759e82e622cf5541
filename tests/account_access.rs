//! Access to a user's account: every route by every kind of user.

use shared::pages::Section;

use crate::harness::{
    AuthorizationRequest, Browser, HtmlForm, PASSWORD, Registered, Stack, TestUser,
    account::{RESET, reset_path},
};

const NEW: &str = "another long password";

/// A page of ada's, a form on it, and the fields that its user fills in.
type FilledForm = (&'static str, HtmlForm, Vec<(&'static str, &'static str)>);

/// Everything that ada has, and the forms on her pages that change it.
struct Account<'a> {
    stack: &'a Stack,
    ada: TestUser,
    browser: Browser<'a>,
    web: Registered,
    rs: Registered,
    access: String,
    personal: String,
    credentials: Registered,
    /// Another session of ada's.
    elsewhere: Browser<'a>,
    /// The forms that change something.
    forms: Vec<FilledForm>,
}

impl<'a> Account<'a> {
    async fn of_ada(stack: &'a Stack) -> Self {
        let (ada, browser) = stack.developer("ada").await;
        let (web, rs) = (stack.web().await, stack.resource_server().await);
        let code = browser.consent(&AuthorizationRequest::by(&web)).await;
        let access = stack.redeem(&web, code.code()).await.pair().access;
        let personal = browser.personal_token("backup tool", "never").await;
        let credentials = browser.credentials("service").await;
        let elsewhere = stack.browser();
        elsewhere.sign_in(&ada).await;
        let mut forms = Vec::new();
        for path in [Section::APPLICATIONS, Section::TOKENS, Section::CREDENTIALS, Section::SESSIONS] {
            let page = browser.get(path).await;
            page.is_page(200);
            let own = HtmlForm::all(&page, path).into_iter().filter(|form| form.action == path);
            forms.extend(own.map(|form| {
                let fields = if form.get("page").is_some() {
                    vec![("name", "new"), ("allow:write", "yes")]
                } else {
                    vec![]
                };
                (path, form, fields)
            }));
        }
        let page = browser.get(Section::PASSWORD).await;
        let form = HtmlForm::of(&page, Section::PASSWORD);
        forms.push((Section::PASSWORD, form, vec![("current", PASSWORD), ("new", NEW)]));
        assert_eq!(forms.len(), 7, "{forms:?}");
        Self { stack, ada, browser, web, rs, access, personal, credentials, elsewhere, forms }
    }

    /// Asserts that everything is as it was.
    async fn is_untouched(&self, by: &str) {
        let stack = self.stack;
        for token in [&self.access, &self.personal] {
            assert!(stack.is_active(&self.rs, token).await, "{by}");
        }
        stack.token(&self.credentials).await;
        for browser in [&self.browser, &self.elsewhere] {
            assert_eq!(browser.get(Section::SESSIONS).await.status, 200, "{by}");
        }
        let sub = self.ada.sub;
        let tokens = stack.app.personal_tokens.of_user(sub, stack.now()).await.unwrap();
        assert_eq!((tokens.len(), stack.app.clients.owned_by(sub).await.unwrap().len()), (1, 1), "{by}");
        let fresh = stack.browser().try_to_sign_in("/login", &self.ada.name, PASSWORD).await;
        assert_eq!(fresh.status, 303, "{by}");
        let consent = self.browser.redirected(&AuthorizationRequest::by(&self.web)).await;
        consent.code();
    }
}

#[tokio::test]
async fn one_user_never_reaches_what_another_has() {
    let stack = Stack::with_accounts().await;
    let account = Account::of_ada(&stack).await;
    let (_, eve) = stack.developer("eve").await;
    let (signed_out, plain) = (stack.browser(), stack.signed_in_user("mallory").await.1);
    let (gone, disabled) = (stack.signed_in_user("gone").await, stack.signed_in_user("disabled").await);
    stack.app.users.delete(gone.0.sub).await.unwrap();
    stack.app.users.disable(disabled.0.sub, stack.now()).await.unwrap();
    // Ada's forms with ada's ids and CSRF tokens, and the statuses of the responses: at a page of developers 403 in any case.
    for (kind, browser, refused) in [
        ("signed out", &signed_out, 303),
        ("another developer", &eve, 403),
        ("another user, no developer", &plain, 403),
        ("deleted", &gone.1, 303),
        ("disabled", &disabled.1, 303),
    ] {
        for (path, form, fields) in &account.forms {
            let response = browser.submit(form, fields).await;
            assert_eq!(response.status, refused, "{kind}: {path}: {}", response.text);
            if refused == 303 {
                assert_eq!(response.header("location"), Some("/login?to=account"), "{kind}: {path}");
            }
            let page = browser.get(path).await;
            let shown = match (refused, *path) {
                (303, _) => 303,
                (_, Section::CREDENTIALS) if kind.ends_with("no developer") => 403,
                _ => 200,
            };
            assert_eq!(page.status, shown, "{kind}: {path}");
            for own in
                ["backup tool", "service", "value=\"ada\"", "<strong>web</strong>", &account.credentials.id]
            {
                assert!(!page.text.contains(own), "{kind}: {path} shows {own}: {}", page.text);
            }
        }
        account.is_untouched(kind).await;
    }
}

#[tokio::test]
async fn a_user_reaches_nothing_of_another_with_csrf_tokens_of_their_own() {
    let stack = Stack::with_accounts().await;
    let account = Account::of_ada(&stack).await;
    let (eve_user, eve) = stack.developer("eve").await;
    eve.personal_token("of eve", "never").await;
    eve.credentials("of eve").await;
    let elsewhere = stack.browser();
    elsewhere.sign_in(&eve_user).await;
    let code = eve.consent(&AuthorizationRequest::by(&account.web)).await;
    stack.redeem(&account.web, code.code()).await;
    for (path, form, fields) in &account.forms {
        // Every CSRF token that eve's page has, on ada's ids.
        for own in HtmlForm::all(&eve.get(path).await, "") {
            let forged = form.with("csrf", own.get("csrf").unwrap());
            // These forms name the same application, or nothing that ada has: they change what eve has.
            let is_own = own.without("csrf") == form.without("csrf") || form.get("page").is_some();
            if own.action == *path && !is_own {
                eve.submit(&forged, fields).await.is_page(403);
            }
        }
    }
    account.is_untouched("eve, with tokens of her own").await;
    // Eve's own form for the same application ends eve's grant alone.
    let form = HtmlForm::with_field(&eve.get(Section::APPLICATIONS).await, "end", &account.web.id);
    assert_eq!(eve.submit(&form, &[]).await.status, 303);
    account.is_untouched("eve, who ended her own access").await;
}

#[tokio::test]
async fn a_form_is_no_good_without_its_csrf_token_or_in_another_session_of_the_same_user() {
    let stack = Stack::with_accounts().await;
    let account = Account::of_ada(&stack).await;
    for (path, form, fields) in &account.forms {
        let others = account.forms.iter().filter(|(_, other, _)| other != form);
        let others: Vec<String> = others.map(|(_, other, _)| other.get("csrf").unwrap().to_owned()).collect();
        for csrf in ["", "00", &"0".repeat(64)].into_iter().map(str::to_owned).chain(others) {
            let response = account.browser.submit(&form.with("csrf", &csrf), fields).await;
            assert_eq!(response.status, 403, "{path} {csrf}: {}", response.text);
        }
        assert_eq!(account.browser.submit(&form.without("csrf"), fields).await.status, 403, "{path}");
        assert_eq!(account.elsewhere.submit(form, fields).await.status, 403, "{path}");
    }
    account.is_untouched("ada without the right CSRF token").await;
}

#[tokio::test]
async fn a_reset_link_is_good_for_its_own_user_in_any_browser() {
    let stack = Stack::with_accounts().await;
    let account = Account::of_ada(&stack).await;
    let (eve, browser) = stack.developer("eve").await;
    let link = stack.app.users.create_reset_link(eve.sub, stack.now()).await.unwrap();
    // In ada's browser, too, it is eve's password that it sets.
    let page = account.browser.get(&reset_path(&link)).await;
    page.is_page(200);
    assert!(page.text.contains("value=\"eve\"") && !page.text.contains("value=\"ada\""), "{}", page.text);
    account.browser.reset_password(&page, NEW).await.is_page(200);
    account.is_untouched("eve's link").await;
    assert_eq!(browser.get(Section::APPLICATIONS).await.status, 303);
    // Without a link the page shows nothing to any user.
    for browser in [&account.browser, &browser, &stack.browser()] {
        browser.get(RESET).await.is_page(400);
        browser.post(RESET, &[("new", NEW)]).await.is_page(400);
    }
}
