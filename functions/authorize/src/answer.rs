//! The authorization response (RFC 6749 §4.1.2, RFC 9207): back to the client, by way of the browser.

use shared::{
    http::{Call, Response},
    page::{self, FormPostPage, View},
    secret::{AuthorizationCode, Secret},
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
        }
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
