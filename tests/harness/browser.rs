//! A small browser: it stores cookies, reads forms, and follows no redirect by itself.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

use shared::{
    secret::Id,
    users::{Password, PasswordHash, User, password},
};

use super::{AuthorizationRequest, Call, Redirect, Response, Stack};

/// The password of every [`TestUser`].
pub const PASSWORD: &str = "correct horse battery staple";

/// The hash of [`PASSWORD`]. Computed once, because hashing is slow.
static HASH: LazyLock<PasswordHash> =
    LazyLock::new(|| password::hash(Password::new(PASSWORD.to_owned()).unwrap()));

/// A user who can sign in.
#[derive(Clone, Debug)]
pub struct TestUser {
    pub sub: Id,
    pub name: String,
}

impl Stack {
    /// Creates a user with the password [`PASSWORD`].
    pub async fn create_user(&self, name: &str) -> TestUser {
        self.create_user_with(name, HASH.clone()).await
    }

    /// Creates a user with this password hash.
    pub async fn create_user_with(&self, name: &str, password: PasswordHash) -> TestUser {
        let user = User::new(Id::random(), name.parse().unwrap(), password, self.now());
        self.app.users.create(&user).await.unwrap();
        TestUser { sub: user.sub, name: name.to_owned() }
    }

    /// Returns a new browser, without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            stack: self,
            cookies: Mutex::default(),
            languages: String::new(),
            user_agent: String::new(),
        }
    }

    /// Creates the user `ada`, and returns a browser that she has signed in with.
    pub async fn signed_in(&self) -> Browser<'_> {
        let browser = self.browser();
        browser.sign_in(&self.create_user("ada").await).await;
        browser
    }
}

pub struct Browser<'a> {
    stack: &'a Stack,
    cookies: Mutex<BTreeMap<String, String>>,
    /// The value of `Accept-Language`; empty: none.
    languages: String,
    /// The value of `User-Agent`; empty: none.
    user_agent: String,
}

impl Clone for Browser<'_> {
    fn clone(&self) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        let (languages, user_agent) = (self.languages.clone(), self.user_agent.clone());
        Self { stack: self.stack, cookies, languages, user_agent }
    }
}

impl Browser<'_> {
    /// Returns the same browser with these preferred languages.
    pub fn speaking(self, languages: &str) -> Self {
        Self { languages: languages.to_owned(), ..self }
    }

    /// Returns the same browser with this `User-Agent`.
    pub fn called(self, user_agent: &str) -> Self {
        Self { user_agent: user_agent.to_owned(), ..self }
    }

    /// Loads a page of the server.
    pub async fn get(&self, path: &str) -> Response {
        self.send(self.stack.request("GET", path)).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(self.stack.post(path).form(fields)).await
    }

    /// Sends a form: its hidden and checked fields, and `more`.
    pub async fn submit(&self, form: &HtmlForm, more: &[(&str, &str)]) -> Response {
        let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.post(&form.action, &fields.chain(more.iter().copied()).collect::<Vec<_>>()).await
    }

    async fn send(&self, call: Call) -> Response {
        let call =
            if self.languages.is_empty() { call } else { call.header("accept-language", &self.languages) };
        let call =
            if self.user_agent.is_empty() { call } else { call.header("user-agent", &self.user_agent) };
        let cookies = self.cookies.lock().unwrap().clone();
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = if pairs.is_empty() { call } else { call.header("cookie", &pairs.join("; ")) };
        let response = call.send().await;
        for cookie in response.headers("set-cookie") {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if attributes.contains("Max-Age=0;") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Returns the cookie with this `name`, with any prefix.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find_map(|(known, value)| known.ends_with(name).then(|| value.clone()))
    }

    /// Sets a cookie.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// Signs in, without an authorization request.
    pub async fn sign_in(&self, user: &TestUser) {
        let response = self.try_to_sign_in("/login", &user.name, PASSWORD).await;
        assert_eq!(
            (response.status, response.header("location")),
            (303, Some("/login")),
            "{}",
            response.text
        );
    }

    /// Sends this name and password in the login form at `path`.
    pub async fn try_to_sign_in(&self, path: &str, name: &str, password: &str) -> Response {
        // Without a query, a signed-in user gets no form.
        let path = if path == "/login" { "/login?again" } else { path };
        let page = self.get(path).await;
        page.is_page(200);
        let form = HtmlForm::of(&page, "/login");
        self.submit(&form, &[("username", name), ("password", password)]).await
    }

    /// Signs out, on the page of a signed-in user.
    pub async fn sign_out(&self) -> Response {
        let page = self.get("/login").await;
        self.submit(&HtmlForm::of(&page, "/logout"), &[]).await
    }

    /// Sends an authorization request.
    pub async fn authorize(&self, request: &AuthorizationRequest) -> Response {
        self.get(&request.url()).await
    }

    /// Sends an authorization request that redirects at once.
    pub async fn redirected(&self, request: &AuthorizationRequest) -> Redirect {
        Redirect::of(&self.authorize(request).await)
    }

    /// Sends an authorization request, and returns the form of its consent page.
    pub async fn consent_form(&self, request: &AuthorizationRequest) -> HtmlForm {
        let page = self.authorize(request).await;
        page.is_page(200);
        HtmlForm::of(&page, "/oauth/authorize")
    }

    /// Sends an authorization request, and allows it on the consent page.
    pub async fn consent(&self, request: &AuthorizationRequest) -> Redirect {
        Redirect::of(&self.submit(&self.consent_form(request).await, &[("decision", "allow")]).await)
    }
}

/// A form on a page, as a browser would send it: with its hidden fields and checked boxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlForm {
    pub action: String,
    fields: Vec<(String, String)>,
}

impl HtmlForm {
    /// Returns the form on `page` whose action begins with `action`.
    #[track_caller]
    pub fn of(page: &Response, action: &str) -> Self {
        let form = Self::all(page, action).into_iter().next();
        form.unwrap_or_else(|| panic!("no form for {action}: {}", page.text))
    }

    /// Returns the forms on `page` whose action begins with `action`.
    #[track_caller]
    pub fn all(page: &Response, action: &str) -> Vec<Self> {
        let forms = page.text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
        let start = format!("action=\"{action}");
        forms.filter(|form| form.contains(&start)).map(Self::read).collect()
    }

    /// Returns the form on `page` that has the field `name` with this `value`.
    #[track_caller]
    pub fn with_field(page: &Response, name: &str, value: &str) -> Self {
        let form = Self::all(page, "").into_iter().find(|form| form.get(name) == Some(value));
        form.unwrap_or_else(|| panic!("no form with {name}={value}: {}", page.text))
    }

    /// Returns the form on `page` that creates something new.
    #[track_caller]
    pub fn to_make(page: &Response) -> Self {
        let form = Self::all(page, "").into_iter().find(|form| form.get("page").is_some());
        form.unwrap_or_else(|| panic!("no form to create anything: {}", page.text))
    }

    #[track_caller]
    fn read(form: &str) -> Self {
        assert!(form.starts_with("method=\"post\""), "{form}");
        let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap());
        let inputs = inputs.filter(|input| input.contains("type=\"hidden\"") || input.contains(" checked"));
        let fields = inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        Self { action: attribute(form, "action"), fields }
    }

    /// Returns the value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// Returns the form with a field changed or added.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut edited = self.without(name);
        edited.fields.push((name.to_owned(), value.to_owned()));
        edited
    }

    /// Returns the form without a field.
    pub fn without(&self, name: &str) -> Self {
        let fields = self.fields.iter().filter(|(known, _)| known != name).cloned().collect();
        Self { fields, ..self.clone() }
    }

    /// Returns the form with another action.
    pub fn to(&self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self.clone() }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let start = format!("{name}=\"");
    let value = tag.split_once(&start).unwrap_or_else(|| panic!("no {name}: {tag}")).1;
    let mut value = value.split('"').next().unwrap().to_owned();
    for (escaped, character) in
        [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
    {
        value = value.replace(escaped, character);
    }
    value
}
