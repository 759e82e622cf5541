//! Authorization requests, and the redirects that they lead to.

use shared::{
    grants::Grant,
    secret::{AuthorizationCode, Secret},
};

use super::{Registered, Response, Stack};

/// The challenge of RFC 7636, appendix B; its verifier is [`super::code_flow::VERIFIER`].
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A builder of an authorization request.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest(Vec<(String, String)>);

impl AuthorizationRequest {
    /// Returns a valid request of `client`: for the scope `read`, without its only redirect URI.
    pub fn by(client: &Registered) -> Self {
        let valid = [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("scope", "read"),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Self(valid.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// Sets a parameter.
    pub fn with(&self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Removes a parameter.
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(known, _)| known != name).cloned().collect())
    }

    /// Adds a parameter, even if the request has one of that name.
    pub fn and(&self, name: &str, value: &str) -> Self {
        let mut all = self.clone();
        all.0.push((name.to_owned(), value.to_owned()));
        all
    }

    /// Removes the challenge and its method.
    pub fn without_pkce(&self) -> Self {
        self.without("code_challenge").without("code_challenge_method")
    }

    pub fn parameters(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.parameters()).finish()
    }

    /// Returns the URL that the client sends the browser to.
    pub fn url(&self) -> String {
        format!("/oauth/authorize?{}", self.query())
    }
}

impl Stack {
    /// Returns the stored grant of the code in `redirect`.
    pub async fn grant_of(&self, redirect: &Redirect) -> Grant {
        let id = Secret::<AuthorizationCode>::parse(redirect.code()).unwrap().id();
        self.app.grants.find(id).await.unwrap().unwrap()
    }
}

/// A redirect to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The `Location` header.
    pub location: String,
    /// The location without the parameters of the response.
    pub to: String,
    parameters: Vec<(String, String)>,
}

impl Redirect {
    /// Reads the redirect of `response`, which must be a 303 (RFC 9700 §4.12).
    #[track_caller]
    pub fn of(response: &Response) -> Self {
        assert_eq!(response.status, 303, "{}", response.text);
        response.is_not_stored();
        response.is_for_no_script();
        assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
        let location = response.header("location").unwrap().to_owned();
        let begins = ["?code=", "&code=", "?error=", "&error=", "#code=", "#access_token=", "#error="];
        let at = begins.iter().filter_map(|begins| location.find(begins)).min().unwrap_or(location.len());
        let query = location.get(at + 1..).unwrap_or_default();
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { to: location[..at].to_owned(), parameters, location }
    }

    /// Returns the value of a parameter; a repeated parameter is an error.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} is repeated: {}", self.location);
        value
    }

    /// Returns the authorization code.
    #[track_caller]
    pub fn code(&self) -> &str {
        assert_eq!(self.get("error"), None, "{}", self.location);
        self.get("code").unwrap()
    }

    /// Asserts that it is an error of RFC 6749 §4.1.2.1 from `stack`, with the state that [`AuthorizationRequest::by`] sent.
    #[track_caller]
    pub fn is_error(&self, stack: &Stack, code: &str) {
        self.is_error_without_state(stack, code);
        assert_eq!(self.get("state"), Some("xyz"), "{}", self.location);
    }

    /// Checks the same without the state.
    #[track_caller]
    pub fn is_error_without_state(&self, stack: &Stack, code: &str) {
        assert_eq!((self.get("error"), self.get("code")), (Some(code), None), "{}", self.location);
        assert_eq!(self.get("iss"), Some(stack.url.as_str()), "RFC 9207 §2");
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        assert!(self.get("error_description").unwrap().chars().all(allowed), "{}", self.location);
    }
}
