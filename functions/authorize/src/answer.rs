//! The authorization response (RFC 6749 §4.1.2, RFC 9207): back to the client, by way of the browser.

use std::time::Duration;

use shared::{
    http::{Call, Response},
    page::{self, FormPostPage, View},
    scope::Scope,
    secret::{AccessToken, AuthorizationCode, Secret},
};

use crate::{
    error::Error,
    request::{Destination, ResponseMode},
};

impl Destination {
    /// Sends the code (§4.1.2).
    pub(crate) fn send_code(&self, call: &Call<'_>, code: &Secret<AuthorizationCode>) -> Response {
        self.send(call, vec![("code", code.expose().to_owned())])
    }

    /// Sends an access token that has `left` to live, if it has an end; no refresh token ever (§4.2.2).
    pub(crate) fn send_token(
        &self,
        call: &Call<'_>,
        token: &Secret<AccessToken>,
        left: Option<Duration>,
        scope: &Scope,
    ) -> Response {
        let mut fields =
            vec![("access_token", token.expose().to_owned()), ("token_type", "Bearer".to_owned())];
        fields.extend(left.map(|left| ("expires_in", left.as_secs().to_string())));
        if !scope.is_empty() {
            fields.push(("scope", scope.to_string()));
        }
        self.send(call, fields)
    }

    /// Sends an error (§4.1.2.1).
    pub(crate) fn send_error(&self, call: &Call<'_>, error: &Error) -> Response {
        let code = ("error", error.code().as_str().to_owned());
        self.send(call, vec![code, ("error_description", error.description().to_owned())])
    }

    /// Every answer says who it is from (RFC 9207 §2), and repeats the client's state.
    fn send(&self, call: &Call<'_>, mut fields: Vec<(&'static str, String)>) -> Response {
        fields.extend(self.state.clone().map(|state| ("state", state)));
        fields.push(("iss", self.issuer.to_string()));
        match self.mode {
            ResponseMode::FormPost => {
                let (client_name, action) = (&self.client.name, &self.redirect_uri);
                let view = View::of(call);
                view.show_and_submit(&FormPostPage { view, client_name, action, fields: &fields })
            }
            ResponseMode::Query => page::see_other(&self.with_query(&fields)),
            ResponseMode::Fragment => page::see_other(&self.with_fragment(&fields)),
        }
    }

    /// The redirect URI with `fields` as its fragment, which browsers send to no server (§4.2.2, OAuth 2.0 Multiple
    /// Response Types §5). A registered redirect URI has no fragment of its own.
    fn with_fragment(&self, fields: &[(&'static str, String)]) -> String {
        let fragment = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("{}#{fragment}", self.redirect_uri)
    }

    /// The redirect URI as it is registered, with `fields` added to its query (§3.1.2): nothing of it is normalised.
    fn with_query(&self, fields: &[(&'static str, String)]) -> String {
        let separator = match self.redirect_uri.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("{}{separator}{query}", self.redirect_uri)
    }
}
