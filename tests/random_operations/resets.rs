//! Passwords that an administrator has users set by reset links, or sets: everything else of the user ends with the old
//! password.

use super::{
    accounts::{HOUR, Jar, submit_login},
    run::{PERCENT, Run},
};
use crate::harness::{
    Browser, HtmlForm,
    account::{RESET, reset_path},
    oracle::{Ms, fact::Fact},
};

/// How long a reset link works.
const LIFETIME: Ms = HOUR / 6;

/// The page of a link that does not work.
const INVALID: &str = "This link does not work";

impl Run {
    /// An administrator makes a reset link for a user. An earlier one no longer works.
    pub async fn make_link(&mut self, user: usize) {
        if self.accounts[user].disabled {
            return;
        }
        let (sub, now) = (self.accounts[user].user.sub, self.stack.now());
        let token = self.stack.app.users.create_reset_link(sub, now).await.unwrap();
        let links = &mut self.accounts[user].links;
        for (_, link) in links.iter_mut() {
            link.end();
        }
        links.push((reset_path(&token), Fact::until(now.millis() + LIFETIME)));
        self.count("a reset link");
    }

    /// A browser loads the page of one of the user's reset links, at times of a new one, and mostly sets a password, at
    /// times twice at once.
    pub async fn use_link(&mut self, user: usize) -> Result<String, String> {
        if self.dice.chance(40) {
            self.make_link(user).await;
        }
        let Some(newest) = self.accounts[user].links.len().checked_sub(1) else {
            return Ok("none".to_owned());
        };
        let nth = newest.saturating_sub(*self.dice.one(&[0, 0, 0, 1, 2]));
        let path = self.accounts[user].links[nth].0.clone();
        let browser = self.stack.browser();
        let page = browser.get(&path).await;
        let works = match page.status {
            200 => true,
            400 if page.text.contains(INVALID) => false,
            503 => return Ok("503".to_owned()),
            _ => return Err(format!("{} {}", page.status, page.text)),
        };
        let now = self.now();
        self.accounts[user].links[nth].1.observe(now, works, false)?;
        if !works {
            return Ok("the link does not work".to_owned());
        }
        if self.dice.chance(30) {
            return Ok("the page".to_owned());
        }
        let (form, new) = (HtmlForm::of(&page, RESET), self.new_password(user));
        self.proxy.fail(0);
        let set = set_passwords(&browser, &form, &new, self.dice.chance(50)).await;
        self.proxy.fail(PERCENT);
        // Everything else has ended, and the link, too.
        let old = std::mem::replace(&mut self.accounts[user].password, set?);
        self.lose_user(user, "resets the password", false);
        self.proxy.fail(0);
        let again = self.stack.browser().get(&path).await;
        self.proxy.fail(PERCENT);
        if again.status != 400 || !again.text.contains(INVALID) {
            return Err(format!("the link was used, and shows: {} {}", again.status, again.text));
        }
        self.reject(user, &old).await?;
        Ok("set".to_owned())
    }

    /// Returns a password that the user never had.
    pub fn new_password(&self, user: usize) -> String {
        format!("{}, changed in step {}", &self.accounts[user].password[..7], self.steps)
    }

    /// Checks that the user cannot sign in by `password` from an unknown browser, while the database works.
    pub async fn reject(&mut self, user: usize, password: &str) -> Result<(), String> {
        self.next_window();
        self.proxy.fail(0);
        let stranger = Jar::default().browser(&self.stack);
        let rejected = submit_login(&stranger, &self.accounts[user].user.name, password).await;
        self.proxy.fail(PERCENT);
        self.charge(user, 1);
        match rejected.map(|response| response.status) {
            Some(400) => Ok(()),
            status => Err(format!("the old password: {status:?}")),
        }
    }
}

/// Sends the form of a reset link, at times `twice` at once with two passwords. Returns the password that was set: a link
/// works once.
async fn set_passwords(
    browser: &Browser<'_>,
    form: &HtmlForm,
    new: &str,
    twice: bool,
) -> Result<String, String> {
    let (one, other) = (new.to_owned(), format!("{new}, too"));
    let second = async {
        if twice { Some(browser.clone().submit(form, &[("new", &other)]).await.status) } else { None }
    };
    let (first, field) = (browser.clone(), [("new", one.as_str())]);
    let (first, second) = tokio::join!(first.submit(form, &field), second);
    let again = browser.submit(form, &field).await;
    match (first.status, second, again.status) {
        (200, None | Some(400), 400) => Ok(one),
        (400, Some(200), 400) => Ok(other),
        other => Err(format!("the link was used: {other:?}")),
    }
}
