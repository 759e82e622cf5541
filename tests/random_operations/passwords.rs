//! Guesses at a user's password, and its change, while the database works: the limits hold to the attempt.

use std::time::Duration;

use super::{
    accounts::{ATTEMPTS, Jar, WINDOW, cookies, submit_login},
    run::{PERCENT, Run},
};

const WRONG: &str = "a wrong password";

impl Run {
    /// Begins a window of time in which no attempt was made.
    fn next_window(&mut self) {
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
        let attacker = Jar::default().browser(&self.stack);
        let mut statuses = Vec::new();
        for _ in 0..ATTEMPTS {
            statuses.push(submit_login(&attacker, name, WRONG).await.map(|response| response.status));
        }
        statuses.push(submit_login(&attacker, name, password).await.map(|response| response.status));
        if statuses[..5] != [Some(400); 5] || statuses[5] != Some(429) {
            return Err(format!("{statuses:?}"));
        }
        let browser = account.jars[jar].browser(&self.stack);
        let status = submit_login(&browser, name, password).await.map(|response| response.status);
        let (now, right) = (self.now(), !account.disabled);
        let device = account.jars[jar].device.as_ref();
        let known = device.is_some_and(|device| device.works(now));
        let unknown = !device.is_some_and(|device| device.may_work(now));
        match status {
            Some(303) if right && !unknown => {
                let cookies = cookies(&browser);
                self.accounts[user].jars[jar].signed_in(now, cookies);
            }
            Some(429) if !known || !right => {}
            Some(400) if !right && !unknown => {}
            _ => return Err(format!("{status:?}, known: {known}, unknown: {unknown}, right: {right}")),
        }
        Ok(format!("{status:?}"))
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
        let new = format!("{}, changed in step {}", &account.password[..7], self.steps);
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
        let stranger = Jar::default().browser(&self.stack);
        let old = submit_login(&stranger, &self.accounts[user].user.name, &current).await;
        let status = old.map(|response| response.status);
        self.charge(user, 1);
        if status == Some(400) { Ok("changed".to_owned()) } else { Err(format!("the old password: {status:?}")) }
    }
}
