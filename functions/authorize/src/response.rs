//! The authorization response (RFC 6749 §4.1.2, RFC 9207), which the browser takes to the client.

use std::time::Duration;

use form_urlencoded::Serializer;
use shared::{
    endpoint::Call,
    http::{self, Response},
    oauth::{Scope, redirect_uri},
    pages::{Back, ErrorKind, ErrorPage, FormPostPage},
    secret::{AccessToken, AuthorizationCode, Secret},
};

use crate::{
    destination::{Destination, ResponseMode},
    error::Error,
};

impl Destination {
    /// Sends a code (§4.1.2).
    pub(crate) fn send_code(&self, call: &Call<'_>, code: &Secret<AuthorizationCode>) -> Response {
        self.send(call, vec![("code", code.expose().to_owned())])
    }

    /// Sends an access token, which expires after `expires_in` if it expires. It never sends a refresh token (§4.2.2).
    pub(crate) fn send_token(
        &self,
        call: &Call<'_>,
        token: &Secret<AccessToken>,
        expires_in: Option<Duration>,
        scope: &Scope,
    ) -> Response {
        let mut fields =
            vec![("access_token", token.expose().to_owned()), ("token_type", "Bearer".to_owned())];
        fields.extend(expires_in.map(|expires_in| ("expires_in", expires_in.as_secs().to_string())));
        if !scope.is_empty() {
            fields.push(("scope", scope.to_string()));
        }
        self.send(call, fields)
    }

    /// Logs and sends an error (§4.1.2.1).
    pub(crate) fn send_error(&self, call: &Call<'_>, error: &Error) -> Response {
        call.log_failure(error.code().as_str(), &error.to_string(), matches!(error, Error::Table(_)));
        self.send(call, error.fields())
    }

    /// Returns the page that tells the user of an error, with a link that sends it to the client. `query` is the request.
    pub(crate) fn show_error(&self, error: Error, query: &str) -> ErrorPage {
        let fields = self.completed(error.fields());
        let url = match self.mode {
            ResponseMode::Query => Some(redirect_uri::with_query(&self.redirect_uri, &fields)),
            ResponseMode::Fragment => Some(self.with_fragment(&fields)),
            ResponseMode::FormPost => None, // a link cannot post
        };
        let destination = redirect_uri::destination(&self.redirect_uri).to_owned();
        match error {
            Error::Table(error) => ErrorPage::from(error).with_retry(format!("/oauth/authorize?{query}")),
            error => ErrorPage::new(ErrorKind::UncheckedApplication, error.to_string())
                .with_link(url.map(|url| Back { destination, url })),
        }
    }

    /// Adds the client's `state` and the issuer (RFC 9207 §2).
    fn completed(&self, mut fields: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
        fields.extend(self.state.clone().map(|state| ("state", state)));
        fields.push(("iss", self.issuer.to_string()));
        fields
    }

    fn send(&self, call: &Call<'_>, fields: Vec<(&'static str, String)>) -> Response {
        let fields = self.completed(fields);
        match self.mode {
            ResponseMode::FormPost => {
                let (view, client_name) = (call.view(), &self.client.name);
                FormPostPage { view, client_name, action: &self.redirect_uri, fields: &fields }.response()
            }
            ResponseMode::Query => http::see_other(&redirect_uri::with_query(&self.redirect_uri, &fields)),
            ResponseMode::Fragment => http::see_other(&self.with_fragment(&fields)),
        }
    }

    /// Returns the redirect URI with `fields` as its fragment, which browsers send to no server (§4.2.2, OAuth 2.0
    /// Multiple Response Types §5). A registered redirect URI has no fragment of its own.
    fn with_fragment(&self, fields: &[(&'static str, String)]) -> String {
        let fragment = Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("{}#{fragment}", self.redirect_uri)
    }
}
