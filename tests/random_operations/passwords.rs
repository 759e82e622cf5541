//! Guesses at a user's password, and its change, while the database works: the limits hold to the attempt.

use std::time::Duration;

use super::{
    accounts::{ATTEMPTS, Jar, WINDOW, cookies, submit_login},
    run::{PERCENT, Run},
};
use crate::harness::Response;

const WRONG: &str = "a wrong password";

impl Run {
    /// Begins a window of time in which no attempt was made.
    pub fn next_window(&mut self) {
        let left = WINDOW - self.now() % WINDOW;
        self.advance(Duration::from_millis(left));
    }

    /// An attacker guesses until the account is locked for unknown browsers. The user's own browser is not locked out.
    pub async fn guess(&mut self, user: usize, jar: usize) -> Result<String, String> {
        self.next_window();
        self.proxy.fail(0);
        let result = self.guess_and_sign_in(user, jar).await;
        self.proxy.fail(PERCENT);
        self.charge(user, ATTEMPTS + 1);
        result
    }

    async fn guess_and_sign_in(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let account = &self.accounts[user];
        let (name, password) = (account.user.name.as_str(), account.password.as_str());
        let status = |response: Option<Response>| response.map(|response| response.status);
        let (now, right) = (self.now(), !account.disabled);
        let browser = account.jars[jar].browser(&self.stack);
        let first = status(submit_login(&browser, name, password).await);
        if first != Some(if right { 303 } else { 400 }) {
            return Err(format!("the first attempt: {first:?}"));
        }
        let attacker = Jar::default().browser(&self.stack);
        let mut guesses = Vec::new();
        for _ in 0..ATTEMPTS {
            guesses.push(status(submit_login(&attacker, name, WRONG).await));
        }
        // The attempt of a disabled user's browser has failed, too, and counts if the browser is unknown.
        let locked = |guess: &&Option<u16>| **guess == Some(429);
        let early = guesses.iter().filter(locked).count();
        let in_order =
            guesses.is_sorted() && guesses.iter().all(|guess| [Some(400), Some(429)].contains(guess));
        let last = status(submit_login(&attacker, name, password).await);
        if !in_order || early > usize::from(!right) || last != Some(429) {
            return Err(format!("the guesses: {guesses:?}, then {last:?}"));
        }
        if !right {
            return Ok("disabled".to_owned());
        }
        let again = status(submit_login(&browser, name, password).await);
        let cookies = cookies(&browser);
        self.accounts[user].jars[jar].signed_in(now, cookies);
        if again == Some(303) { Ok("locked".to_owned()) } else { Err(format!("locked out: {again:?}")) }
    }

    /// The user changes the password in this browser, which ends everything else.
    pub async fn change_password(&mut self, user: usize, jar: usize) -> Result<String, String> {
        self.next_window();
        self.proxy.fail(0);
        let result = self.change_password_calmly(user, jar).await;
        self.proxy.fail(PERCENT);
        result
    }

    async fn change_password_calmly(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let (account, now) = (&self.accounts[user], self.now());
        let browser = account.jars[jar].browser(&self.stack);
        let new = self.new_password(user);
        let current = account.password.clone();
        let session = account.jars[jar].session.as_ref();
        let works = session.is_some_and(|session| session.works(now));
        if !works {
            return Ok("not signed in".to_owned());
        }
        let changed = browser.change_password(&current, &new, true).await;
        if changed.status != 200 {
            return Err(format!("{} {}", changed.status, changed.text));
        }
        let cookies = cookies(&browser);
        // The new session begins after everything else has ended.
        self.lose_user(user, "changes the password", true);
        let account = &mut self.accounts[user];
        account.password = new;
        account.jars[jar].signed_in(now, cookies);
        self.reject(user, &current).await?;
        Ok("changed".to_owned())
    }
}
