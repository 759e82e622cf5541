//! The destination of the authorization response: a redirect URI of a registered client (RFC 6749 §3.1.2).

use std::sync::Arc;

use shared::{
    clients::Client,
    endpoint::{Call, front_channel::LONGEST_STATE},
    http::Query,
    oauth::{ClientId, Issuer, Switch},
};

use crate::error::NoDestination;

/// A registered redirect URI of a client in good standing. Only [`Destination::find`] makes one, so no redirect happens
/// before both are proven.
#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: String,
    /// Whether the request has a `redirect_uri`, which the token request must then repeat (RFC 6749 §4.1.3).
    pub(crate) redirect_uri_sent: bool,
    pub(crate) state: Option<String>,
    pub(crate) mode: ResponseMode,
    /// Whether `response_type=token` is supported: by this client, or by the deployment for other clients. The flag
    /// separates `unauthorized_client` from `unsupported_response_type`.
    pub(crate) supports_implicit: bool,
    pub(crate) issuer: Issuer,
}

/// How the response reaches the client (OAuth 2.0 Multiple Response Types §2.1 and §5, Form Post §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    /// In the query: the default for a code; never used for a token.
    Query,
    /// In the fragment: the default for a token (RFC 6749 §4.2.2).
    Fragment,
    /// As a form that the browser posts.
    FormPost,
}

impl Destination {
    /// Finds the client and the redirect URI of `query` (§4.1.2.1).
    pub(crate) async fn find(call: &Call<'_>, query: &Query) -> Result<Self, NoDestination> {
        let id: Option<ClientId> = query.get("client_id").ok().flatten().and_then(|id| id.parse().ok());
        let id = id.ok_or(NoDestination::NoClientId)?;
        call.set_client(&id);
        let client = call.app.clients.registered(&id, call.now).await?;
        let client = client.ok_or_else(|| NoDestination::of_unknown(&id))?;
        let requested = query.get("redirect_uri").map_err(|_| NoDestination::RepeatedRedirectUri)?;
        let unregistered = if requested.is_some() {
            NoDestination::UnknownRedirectUri
        } else {
            NoDestination::NoRedirectUri
        };
        let redirect_uri = client.redirect_uri(requested).ok_or(unregistered)?.to_owned();
        let is_implicit = query.get("response_type") == Ok(Some("token"));
        let supports_implicit = client.compat.has(Switch::Implicit)
            || is_implicit && call.app.config.compat.has(Switch::Implicit);
        let state = query.get("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE);
        let mode = match query.get("response_mode") {
            Ok(Some("form_post")) => ResponseMode::FormPost,
            Ok(Some("fragment")) => ResponseMode::Fragment,
            _ if supports_implicit && is_implicit => ResponseMode::Fragment, // §4.2.2.1: errors, too
            _ => ResponseMode::Query,
        };
        Ok(Self {
            redirect_uri,
            redirect_uri_sent: requested.is_some(),
            state: state.map(str::to_owned),
            mode,
            supports_implicit,
            issuer: call.issuer()?,
            client,
        })
    }

    /// Returns whether the response would go to a website or an application that registered itself: to anyone's, until
    /// the user has seen where it goes (RFC 9700 §4.11.2). A program at a loopback address, which alone may have `http`,
    /// runs on this computer already.
    pub(crate) fn is_unchecked(&self) -> bool {
        self.client.is_self_registered() && !self.redirect_uri.starts_with("http://")
    }
}
