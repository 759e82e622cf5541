//! A small browser: it keeps cookies, reads forms, and follows nothing by itself.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

use shared::{
    secret::Id,
    user::{Password, PasswordHash, User, password},
};

use super::{Answer, Asking, Call, Redirect, Stack};

/// The password of every [`Person`].
pub const PASSWORD: &str = "correct horse battery staple";

/// What is kept of it. Made once: hashing is slow, and meant to be.
static HASH: LazyLock<PasswordHash> =
    LazyLock::new(|| password::hash(Password::new(PASSWORD.to_owned()).unwrap()));

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their `sub`.
    pub sub: Id,
    /// What they sign in as.
    pub name: String,
}

impl Stack {
    /// Creates somebody with the password [`PASSWORD`].
    pub async fn somebody(&self, name: &str) -> Person {
        self.somebody_with(name, HASH.clone()).await
    }

    /// Creates somebody of whose password this is kept.
    pub async fn somebody_with(&self, name: &str, password: PasswordHash) -> Person {
        let user = User::new(Id::random(), name.parse().unwrap(), password, self.now());
        self.app.users.create(&user).await.unwrap();
        Person { sub: user.sub, name: name.to_owned() }
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser<'_> {
        Browser { stack: self, cookies: Mutex::default(), languages: String::new() }
    }

    /// The browser of somebody new, who has signed in.
    pub async fn signed_in(&self) -> Browser<'_> {
        let browser = self.browser();
        browser.sign_in(&self.somebody("ada").await).await;
        browser
    }
}

/// A browser.
pub struct Browser<'a> {
    stack: &'a Stack,
    cookies: Mutex<BTreeMap<String, String>>,
    /// What it sends as `Accept-Language`.
    languages: String,
}

impl Clone for Browser<'_> {
    fn clone(&self) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Self { stack: self.stack, cookies, languages: self.languages.clone() }
    }
}

impl Browser<'_> {
    /// The same browser, of somebody who prefers these languages.
    pub fn speaking(self, languages: &str) -> Self {
        Self { languages: languages.to_owned(), ..self }
    }

    /// Loads a page of the server's.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.stack.request("GET", path)).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.stack.post(path).form(fields)).await
    }

    /// Presses a button of a form: sends its fields, and the button's.
    pub async fn submit(&self, form: &HtmlForm, more: &[(&str, &str)]) -> Answer {
        let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.post(&form.action, &fields.chain(more.iter().copied()).collect::<Vec<_>>()).await
    }

    async fn send(&self, call: Call) -> Answer {
        let call =
            if self.languages.is_empty() { call } else { call.header("accept-language", &self.languages) };
        let cookies = self.cookies.lock().unwrap().clone();
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = if pairs.is_empty() { call } else { call.header("cookie", &pairs.join("; ")) };
        let answer = call.send().await;
        for cookie in answer.headers("set-cookie") {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if attributes.contains("Max-Age=0;") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The cookie called `name`, whatever its prefix.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find_map(|(known, value)| known.ends_with(name).then(|| value.clone()))
    }

    /// Puts a cookie there.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// Signs in, with nothing else in mind.
    pub async fn sign_in(&self, person: &Person) {
        let answer = self.try_to_sign_in("/login", &person.name, PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/login")), "{}", answer.text);
    }

    /// What is answered to this name and password, typed into the form at `path`.
    pub async fn try_to_sign_in(&self, path: &str, name: &str, password: &str) -> Answer {
        // Whoever is signed in, and has nothing to go on with, is not shown the form.
        let path = if path == "/login" { "/login?again" } else { path };
        let page = self.get(path).await;
        page.is_page(200);
        let form = HtmlForm::of(&page, "/login");
        self.submit(&form, &[("username", name), ("password", password)]).await
    }

    /// Signs out, on the page that says who is signed in.
    pub async fn sign_out(&self) -> Answer {
        let page = self.get("/login").await;
        self.submit(&HtmlForm::of(&page, "/logout"), &[]).await
    }

    /// What is answered to an authorization request.
    pub async fn authorize(&self, asking: &Asking) -> Answer {
        self.get(&asking.url()).await
    }

    /// Where an authorization request is sent on to, without a question.
    pub async fn redirected(&self, asking: &Asking) -> Redirect {
        Redirect::of(&self.authorize(asking).await)
    }

    /// The question that an authorization request leads to.
    pub async fn asked(&self, asking: &Asking) -> HtmlForm {
        let page = self.authorize(asking).await;
        page.is_page(200);
        HtmlForm::of(&page, "/oauth/authorize")
    }

    /// Agrees to everything that is asked for.
    pub async fn consent(&self, asking: &Asking) -> Redirect {
        Redirect::of(&self.submit(&self.asked(asking).await, &[("decision", "allow")]).await)
    }
}

/// A form on a page, as a browser would send it: hidden fields, and boxes that are ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HtmlForm {
    /// Where it goes.
    pub action: String,
    fields: Vec<(String, String)>,
}

impl HtmlForm {
    /// The form on `page` whose action begins with `action`.
    #[track_caller]
    pub fn of(page: &Answer, action: &str) -> Self {
        let form = Self::all(page, action).into_iter().next();
        form.unwrap_or_else(|| panic!("no form for {action}: {}", page.text))
    }

    /// The forms on `page` whose action begins with `action`.
    #[track_caller]
    pub fn all(page: &Answer, action: &str) -> Vec<Self> {
        let forms = page.text.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
        let start = format!("action=\"{action}");
        forms.filter(|form| form.contains(&start)).map(Self::read).collect()
    }

    /// The form on `page` that has the field `name`, of this value.
    #[track_caller]
    pub fn with_field(page: &Answer, name: &str, value: &str) -> Self {
        let form = Self::all(page, "").into_iter().find(|form| form.get(name) == Some(value));
        form.unwrap_or_else(|| panic!("no form with {name}={value}: {}", page.text))
    }

    /// The form on `page` that makes something new.
    #[track_caller]
    pub fn to_make(page: &Answer) -> Self {
        let form = Self::all(page, "").into_iter().find(|form| form.get("page").is_some());
        form.unwrap_or_else(|| panic!("no form to make anything: {}", page.text))
    }

    #[track_caller]
    fn read(form: &str) -> Self {
        assert!(form.starts_with("method=\"post\""), "{form}");
        let inputs = form.split("<input ").skip(1).map(|input| input.split('>').next().unwrap());
        let sent = inputs.filter(|input| input.contains("type=\"hidden\"") || input.contains(" checked"));
        let fields = sent.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        Self { action: attribute(form, "action"), fields }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// The form with a field edited, or added.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut edited = self.without(name);
        edited.fields.push((name.to_owned(), value.to_owned()));
        edited
    }

    /// The form without a field.
    pub fn without(&self, name: &str) -> Self {
        let fields = self.fields.iter().filter(|(known, _)| known != name).cloned().collect();
        Self { fields, ..self.clone() }
    }

    /// The form with another action.
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
