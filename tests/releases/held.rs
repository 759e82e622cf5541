//! What clients and users hold of a release: secrets, tokens, codes and cookies, in clear text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::harness::{Browser, Registered, Stack, code_flow::Pair};

/// The cookies of a browser, without the prefix of their names.
const COOKIES: [&str; 3] = ["jeton-session", "jeton-device", "jeton-visit"];

/// Texts by name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Held(BTreeMap<String, String>);

impl Held {
    pub fn hold(&mut self, name: &str, text: &str) {
        assert_eq!(self.0.insert(name.to_owned(), text.to_owned()), None, "{name}");
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("the fixture has no {name}"))
    }

    pub fn hold_client(&mut self, name: &str, client: &Registered) {
        self.hold(&format!("{name}.id"), &client.id);
        self.hold(&format!("{name}.secret"), &client.secret);
    }

    pub fn client(&self, name: &str) -> Registered {
        let text = |member: &str| self.text(&format!("{name}.{member}")).to_owned();
        Registered { id: text("id"), secret: text("secret") }
    }

    pub fn hold_pair(&mut self, name: &str, pair: &Pair) {
        self.hold(&format!("{name}.access"), &pair.access);
        self.hold(&format!("{name}.refresh"), &pair.refresh);
    }

    pub fn hold_browser(&mut self, name: &str, browser: &Browser<'_>) {
        for cookie in COOKIES {
            if let Some(value) = browser.cookie(cookie) {
                self.hold(&format!("{name}.{cookie}"), &value);
            }
        }
    }

    /// Returns the browser with its cookies.
    pub fn browser<'a>(&self, stack: &'a Stack, name: &str) -> Browser<'a> {
        let browser = stack.browser();
        for cookie in COOKIES {
            if let Some(value) = self.0.get(&format!("{name}.{cookie}")) {
                browser.set_cookie(&format!("__Host-{cookie}"), value);
            }
        }
        browser
    }
}
