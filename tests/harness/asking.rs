//! Authorization requests, and the redirects that answer them.

use super::{Answer, Registered, Stack};

/// The challenge of RFC 7636, appendix B; its verifier is [`super::person::VERIFIER`].
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization request being put together.
#[derive(Clone, Debug)]
pub struct Asking(Vec<(String, String)>);

impl Asking {
    /// What `client` sends if it does everything right: for `read`, without naming its only redirect URI.
    pub fn by(client: &Registered) -> Self {
        let right = [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("scope", "read"),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Self(right.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// With this value in place of any other.
    pub fn with(&self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Without the parameter.
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// With this value beside any other.
    pub fn and(&self, name: &str, value: &str) -> Self {
        let mut all = self.clone();
        all.0.push((name.to_owned(), value.to_owned()));
        all
    }

    /// Without its challenge.
    pub fn without_pkce(&self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    /// Its names and values.
    pub fn parameters(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// As a query.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.parameters()).finish()
    }

    /// Where a browser is sent with it.
    pub fn url(&self) -> String {
        format!("/oauth/authorize?{}", self.query())
    }
}

/// An answer that sends the browser to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The header, as it is.
    pub location: String,
    /// What is before the answer's own parameters.
    pub to: String,
    parameters: Vec<(String, String)>,
}

impl Redirect {
    /// The redirect that `answer` is (RFC 9700 §4.12: a 303), or the form that stands for one.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.is_not_stored();
        answer.is_for_no_script();
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let location = answer.header("location").unwrap().to_owned();
        let begins = ["?code=", "&code=", "?error=", "&error=", "#code=", "#access_token=", "#error="];
        let at = begins.iter().filter_map(|begins| location.find(begins)).min().unwrap_or(location.len());
        let query = location.get(at + 1..).unwrap_or_default();
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { to: location[..at].to_owned(), parameters, location }
    }

    /// The value of a parameter, which is there once if at all.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} is there twice: {}", self.location);
        value
    }

    /// The code that it brings.
    #[track_caller]
    pub fn code(&self) -> &str {
        assert_eq!(self.get("error"), None, "{}", self.location);
        self.get("code").unwrap()
    }

    /// Holds it to being an error of RFC 6749 §4.1.2.1 from `stack`, with the state that [`Asking::by`] sent.
    #[track_caller]
    pub fn is_error(&self, stack: &Stack, code: &str) {
        self.is_error_without_state(stack, code);
        assert_eq!(self.get("state"), Some("xyz"), "{}", self.location);
    }

    /// The same for a request whose state nobody can tell.
    #[track_caller]
    pub fn is_error_without_state(&self, stack: &Stack, code: &str) {
        assert_eq!((self.get("error"), self.get("code")), (Some(code), None), "{}", self.location);
        assert_eq!(self.get("iss"), Some(stack.url.as_str()), "RFC 9207 §2");
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        assert!(self.get("error_description").unwrap().chars().all(allowed), "{}", self.location);
    }
}
