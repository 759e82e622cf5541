//! The users of the run: their browsers with sessions and device cookies.

use std::collections::BTreeMap;

use shared::secret::{self, Secret};

use super::{journal::About, run::Run};
use crate::harness::{
    Browser, HtmlForm, PASSWORD, Response, Stack, TestUser,
    oracle::{Ms, consent::Remembered, fact::Fact},
};

/// The percentage of steps that are a user's.
pub const PERCENT: usize = 25;
/// The most failed attempts to sign in to an account from unknown browsers.
pub const ATTEMPTS: u64 = 5;
/// The window of the attempts.
pub const WINDOW: Ms = 900_000;
/// The most increments of a counter by one attempt: three attempts of the SDK, each of which may be made twice.
const MOST_CHARGES: u64 = 6;
const BROWSERS: usize = 2;

pub const HOUR: Ms = 3_600_000;
/// The lifetime of a session, and how long it lasts without use.
const SESSION: (Ms, Ms) = (12 * HOUR, 2 * HOUR);
/// The lifetime of a device cookie.
pub const DEVICE: Ms = 180 * 24 * HOUR;
/// The precision of the last use of a session.
const USE: Ms = 60_000;

/// The cookies of a browser.
const COOKIES: [&str; 3] = ["jeton-visit", "jeton-device", "jeton-session"];

pub type Cookies = Vec<(&'static str, String)>;

/// A user's browser.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    cookies: Cookies,
    /// The session of the browser's session cookie.
    pub session: Option<Fact>,
    /// The browser's device cookie.
    pub device: Option<Fact>,
}

/// A user.
pub struct Account {
    pub user: TestUser,
    pub password: String,
    pub disabled: bool,
    /// Whether the user has the role of a developer.
    pub developer: bool,
    pub jars: Vec<Jar>,
    /// Personal tokens, with the names that they have on the page.
    pub tokens: Vec<(String, String, Fact)>,
    /// What the deployment remembers of the user's consents, by client id.
    pub consents: BTreeMap<String, Remembered>,
    /// The paths of the user's reset links.
    pub links: Vec<(String, Fact)>,
    /// The window of time of the last attempts to sign in, and the most that they may have been charged.
    pub charged: (Ms, u64),
}

impl Account {
    /// Creates the user with this number, in this step.
    pub async fn create(stack: &Stack, n: usize, step: usize) -> Self {
        Self {
            user: stack.create_user(&format!("ada-{n}-{step}")).await,
            password: PASSWORD.to_owned(),
            disabled: false,
            developer: false,
            jars: vec![Jar::default(); BROWSERS],
            tokens: Vec::new(),
            consents: BTreeMap::new(),
            links: Vec::new(),
            charged: (0, 0),
        }
    }

    /// Records that everything of the user has ended.
    pub fn lose_everything(&mut self) {
        let of_jars = self.jars.iter_mut().flat_map(|jar| [jar.session.as_mut(), jar.device.as_mut()]);
        let of_tokens = self.tokens.iter_mut().map(|(_, _, fact)| fact);
        let of_links = self.links.iter_mut().map(|(_, fact)| fact);
        of_jars.flatten().chain(of_tokens).chain(of_links).for_each(Fact::end);
        self.consents.clear();
    }
}

impl Jar {
    /// Returns a browser with these cookies.
    pub fn browser<'a>(&self, stack: &'a Stack) -> Browser<'a> {
        let browser = stack.browser();
        self.cookies.iter().for_each(|(name, value)| browser.set_cookie(name, value));
        browser
    }

    /// Records a sign-in at `now`, after which the browser has these cookies. A sign-in succeeds even if the device cookie
    /// cannot be stored.
    pub fn signed_in(&mut self, now: Ms, cookies: Cookies) {
        self.cookies = cookies;
        let mut session = Fact::until(now + SESSION.0);
        session.lasts(now + SESSION.1);
        self.session = Some(session);
        let mut device = Fact::until(now + DEVICE);
        device.perhaps_end();
        self.device = Some(device);
    }

    /// Returns the key of the session's item.
    fn key(&self) -> Option<String> {
        let (_, cookie) = self.cookies.iter().find(|(name, _)| *name == "jeton-session")?;
        Some(format!("s#{}", Secret::<secret::Session>::parse(cookie).ok()?.id()))
    }
}

impl Run {
    /// Lets a user do something in one of the browsers, and checks the response.
    pub async fn use_account(&mut self) -> Result<(), String> {
        let (user, jar) = self.browser_of_user();
        self.operations += 1;
        let (now, session) = (self.now(), self.accounts[user].jars[jar].session.as_ref());
        // Cookies of a session that has ended are used at times.
        let to_sign_in = session.is_none_or(|session| !session.may_work(now) && self.dice.chance(70));
        let (what, result) = match self.dice.below(103) {
            98.. => ("use a reset link", self.use_link(user).await),
            _ if to_sign_in => ("sign in", self.sign_in(user, jar).await),
            0..10 => ("use a session", self.use_session(user, jar).await),
            10..42 => ("decide about access", self.authorize(user, jar).await),
            42..52 => ("make a personal token", self.make_token(user, jar).await),
            52..66 => ("use a personal token", self.use_token(user).await),
            66..72 => ("end a personal token", self.end_token(user, jar).await),
            72..77 => ("sign out", self.sign_out(user, jar).await),
            77..82 => ("end another session", self.end_another(user, jar).await),
            82..94 => ("sign in", self.sign_in(user, jar).await),
            94..96 => ("change the password", self.change_password(user, jar).await),
            96..98 => ("guess", self.guess(user, jar).await),
        };
        let told = match &result {
            Ok(told) => told.clone(),
            Err(wrong) => wrong.clone(),
        };
        self.count(&format!("{what}: {}", told.split(';').next().unwrap_or_default()));
        self.note(About::User(user), format!("user {user}, browser {jar}: {what}: {told}"));
        result.map(drop).map_err(|wrong| {
            format!(
                "user {user}, browser {jar}: {what}: {wrong}\n{}",
                self.journal.about(&[About::User(user)])
            )
        })
    }

    /// Returns the numbers of a user and a browser, often of one that is signed in.
    fn browser_of_user(&mut self) -> (usize, usize) {
        let (now, accounts) = (self.now(), &self.accounts);
        let is_signed_in = |(user, jar): &(usize, usize)| {
            let session = accounts[*user].jars[*jar].session.as_ref();
            session.is_some_and(|session| session.may_work(now))
        };
        let all = (0..accounts.len()).flat_map(|user| (0..BROWSERS).map(move |jar| (user, jar)));
        let (all, signed_in) =
            (all.clone().collect::<Vec<_>>(), all.filter(is_signed_in).collect::<Vec<_>>());
        let any = signed_in.is_empty() || self.dice.chance(40);
        *self.dice.one(if any { &all } else { &signed_in })
    }

    /// Records what a response told about the session of a browser.
    pub fn observe_session(&mut self, user: usize, jar: usize, works: bool) -> Result<(), String> {
        let (now, browser) = (self.now(), &self.accounts[user].jars[jar]);
        let in_flight = browser.key().is_some_and(|key| self.proxy.is_on_the_way(&key));
        let Some(session) = &mut self.accounts[user].jars[jar].session else { return Ok(()) };
        session.observe(now, works, in_flight)?;
        if works && !in_flight {
            session.lasts(now + SESSION.1 - USE);
        }
        if in_flight {
            session.perhaps_end();
        }
        Ok(())
    }

    async fn sign_in(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let account = &self.accounts[user];
        let browser = account.jars[jar].browser(&self.stack);
        let right = !account.disabled;
        let response = submit_login(&browser, &account.user.name, &account.password).await;
        let (now, cookies) = (self.now(), cookies(&browser));
        let charged = self.charge(user, MOST_CHARGES);
        let account = &mut self.accounts[user];
        let Some(response) = response else { return Ok("no form".to_owned()) };
        let told = response.status.to_string();
        match response.status {
            303 if right => {
                account.jars[jar].signed_in(now, cookies);
                Ok(told)
            }
            400 if !right => Ok(told),
            429 if charged > ATTEMPTS => Ok(told),
            503 => {
                // A new session of a browser ends its former one.
                let of_jar = &mut account.jars[jar];
                [&mut of_jar.session, &mut of_jar.device].into_iter().flatten().for_each(Fact::perhaps_end);
                Ok(told)
            }
            _ => Err(format!("{told}; good standing: {right}, charged: {charged}")),
        }
    }

    /// Charges an attempt at `user`, and returns the most that attempts in this window may have been charged.
    pub fn charge(&mut self, user: usize, most: u64) -> u64 {
        let window = self.now() / WINDOW;
        let charged = &mut self.accounts[user].charged;
        *charged = if charged.0 == window { (window, charged.1 + most) } else { (window, most) };
        charged.1
    }

    async fn use_session(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let response = self.accounts[user].jars[jar].browser(&self.stack).get("/account/sessions").await;
        self.told_session(user, jar, &response)
    }

    /// Records whether a page of the account was shown: the session works. Returns the status.
    pub fn told_session(&mut self, user: usize, jar: usize, page: &Response) -> Result<String, String> {
        match (page.status, page.header("location")) {
            (200, None) => self.observe_session(user, jar, true)?,
            (303, Some(to)) if to.starts_with("/login") => self.observe_session(user, jar, false)?,
            (503, None) => {}
            _ => return Err(format!("{} {}", page.status, page.text)),
        }
        Ok(page.status.to_string())
    }

    async fn sign_out(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let browser = self.accounts[user].jars[jar].browser(&self.stack);
        let page = browser.get("/account/sessions").await;
        let out = if page.status == 200 {
            Some(browser.submit(&HtmlForm::of(&page, "/logout"), &[]).await)
        } else {
            None
        };
        let told = self.told_session(user, jar, &page)?;
        let Some(out) = out else { return Ok(told) };
        let session = self.accounts[user].jars[jar].session.as_mut().unwrap();
        match out.status {
            200 | 303 => session.end(),
            503 => session.perhaps_end(),
            _ => return Err(out.text),
        }
        Ok(format!("out: {}", out.status))
    }

    /// Ends the session of the user's next browser, from this one.
    async fn end_another(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let other = (jar + 1) % BROWSERS;
        let Some(key) = self.accounts[user].jars[other].key() else { return Ok("none".to_owned()) };
        let id = key.trim_start_matches("s#").to_owned();
        let browser = self.accounts[user].jars[jar].browser(&self.stack);
        let page = browser.get("/account/sessions").await;
        let forms = if page.status == 200 { HtmlForm::all(&page, "/account/sessions") } else { Vec::new() };
        let form = forms.into_iter().find(|form| form.get("end") == Some(&id));
        let ended = match &form {
            Some(form) => Some(browser.submit(form, &[]).await),
            None => None,
        };
        let told = self.told_session(user, jar, &page)?;
        let (lists, now) = (form.is_some(), self.now());
        let Some(session) = self.accounts[user].jars[other].session.as_mut() else { return Ok(told) };
        match ended.map(|response| response.status) {
            None if page.status == 200 && session.works(now) => {
                return Err("the page does not list the other session".to_owned());
            }
            None => return Ok(told),
            Some(303) => session.end(),
            Some(503) => session.perhaps_end(),
            Some(status) => return Err(format!("{status}, listed: {lists}")),
        }
        Ok("ended".to_owned())
    }
}

/// Returns the cookies of `browser`.
pub fn cookies(browser: &Browser<'_>) -> Cookies {
    COOKIES.iter().filter_map(|name| Some((*name, browser.cookie(name)?))).collect()
}

/// Sends the login form. `None`: the page has none.
pub async fn submit_login(browser: &Browser<'_>, name: &str, password: &str) -> Option<Response> {
    let page = browser.get("/login?again").await;
    if page.status != 200 {
        return None;
    }
    let form = HtmlForm::of(&page, "/login");
    Some(browser.submit(&form, &[("username", name), ("password", password)]).await)
}
