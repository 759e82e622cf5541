//! Personal tokens: a user makes, uses and ends them.

use super::{accounts::HOUR, run::Run};
use crate::harness::{
    HtmlForm,
    account::{TOKENS, shown},
    oracle::fact::Fact,
};

impl Run {
    pub async fn make_token(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let (name, now) = (format!("token {}", self.steps), self.now());
        let browser = self.accounts[user].jars[jar].browser(&self.stack);
        let page = browser.get(TOKENS).await;
        // A user may have a limited number of tokens: the page then has no form for another one.
        if page.status == 200 && !page.text.contains("name=\"page\"") {
            return Ok("no form".to_owned());
        }
        let made = if page.status == 200 {
            let form = HtmlForm::to_make(&page).without("lasts");
            Some(browser.submit(&form, &[("name", &name), ("lasts", "30"), ("allow:read", "yes")]).await)
        } else {
            None
        };
        let told = self.told_session(user, jar, &page)?;
        let Some(made) = made else { return Ok(told) };
        if made.status == 200 {
            let fact = Fact::until(now + 30 * 24 * HOUR);
            self.accounts[user].tokens.push((name, shown(&made, 0), fact));
        }
        if [200, 503].contains(&made.status) { Ok(format!("made: {}", made.status)) } else { Err(made.text) }
    }

    pub async fn use_token(&mut self, user: usize) -> Result<String, String> {
        if self.accounts[user].tokens.is_empty() {
            return Ok("none".to_owned());
        }
        let nth = self.dice.below(self.accounts[user].tokens.len());
        let token = self.accounts[user].tokens[nth].1.clone();
        let call = self.stack.post("/oauth/introspect").basic(&self.servers[0]).form(&[("token", &token)]);
        let (response, now) = (call.send().await, self.now());
        if response.status == 503 {
            return Ok("503".to_owned());
        }
        let active = response.json()["active"] == true;
        let in_flight = self.proxy.is_on_the_way("\"t#");
        self.accounts[user].tokens[nth].2.observe(now, active, in_flight)?;
        Ok(format!("active: {active}"))
    }

    pub async fn end_token(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let account = &self.accounts[user];
        let browser = account.jars[jar].browser(&self.stack);
        let page = browser.get(TOKENS).await;
        let listed = |name: &str| page.text.split_once(&format!("<strong>{name}</strong>"));
        let nth = (0..account.tokens.len()).find(|nth| listed(&account.tokens[*nth].0).is_some());
        let ended = match nth {
            Some(nth) if page.status == 200 => {
                let (_, after) = listed(&account.tokens[nth].0).unwrap();
                let id = after.split("name=\"end\" value=\"").nth(1).unwrap().split('"').next().unwrap();
                let response = browser.submit(&HtmlForm::with_field(&page, "end", id), &[]).await;
                Some((nth, response))
            }
            _ => None,
        };
        let told = self.told_session(user, jar, &page)?;
        let Some((nth, response)) = ended else { return Ok(told) };
        let fact = &mut self.accounts[user].tokens[nth].2;
        match response.status {
            303 => fact.end(),
            503 => fact.perhaps_end(),
            _ => return Err(response.text),
        }
        Ok(format!("ended: {}", response.status))
    }
}
