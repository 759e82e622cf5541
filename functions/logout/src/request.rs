//! The logout request (§2).

use std::sync::Arc;

use lambda_http::http::StatusCode;
use shared::{
    clients::Client,
    endpoint::{Call, SignedIn},
    http::{self, Query, Response},
    oauth::ClientId,
    openid::hint::Hint,
    pages::{ErrorKind, ErrorPage, SignedOutPage, WayBack},
};

use crate::destination::Destination;

/// Maximum bytes in a request.
pub(crate) const LONGEST_LOGOUT: usize = 6_144;

/// A logout request. `logout_hint` is ignored: a browser has one signed-in user at a time.
pub(crate) struct LogoutRequest {
    /// The `id_token_hint` with its client, if it is valid.
    proof: Option<(Hint, Arc<Client>)>,
    destination: Destination,
}

impl LogoutRequest {
    /// Reads a request. A parameter that is not valid counts as absent (§4), but one that is repeated or too long makes the
    /// whole request unreadable.
    pub(crate) async fn read(call: &Call<'_>, query: &Query) -> Result<Self, ErrorPage> {
        if query.repeats() {
            return Err(ErrorPage::new(ErrorKind::MalformedRequest, String::from("a parameter is repeated")));
        }
        let id: Option<ClientId> = query.get("client_id")?.and_then(|id| id.parse().ok());
        let proof = match query.get("id_token_hint")? {
            Some(text) => verify(call, text, query.get("client_id")?).await?,
            None => None,
        };
        let client = match (&proof, id) {
            (Some((_, client)), _) => Some(Arc::clone(client)),
            (None, Some(id)) => {
                call.set_client(&id);
                call.app.clients.registered(&id, call.now).await?
            }
            (None, None) => None,
        };
        let destination = Destination::of(query, client.as_deref())?;
        Ok(Self { proof, destination })
    }

    /// Returns whether the request proves that it is about the session of `user`: its ID token was issued for the same
    /// sign-in.
    pub(crate) fn is_of(&self, user: &SignedIn) -> bool {
        let auth_time = user.authenticated_at.seconds();
        self.proof.as_ref().is_some_and(|(hint, _)| hint.sub == user.user && hint.auth_time == auth_time)
    }

    /// Returns the name of the client whose ID token the request has. Any website can send a `client_id`.
    pub(crate) fn client_name(&self) -> Option<&str> {
        self.proof.as_ref().map(|(_, client)| client.name.as_str())
    }

    /// Returns the response once the user is signed out (§3): a redirect to the client, if the request has its ID token, or
    /// else a page.
    pub(crate) fn response(&self, call: &Call<'_>) -> Response {
        let (view, is_proven) = (call.view(), self.proof.is_some());
        let (status, way_back) = match &self.destination {
            Destination::Registered(back) if is_proven => return http::see_other(&back.url),
            Destination::Registered(back) => (StatusCode::OK, WayBack::Link(back)),
            Destination::None => (StatusCode::OK, WayBack::None),
            Destination::Unregistered => {
                call.log_failure("invalid_request", "the post-logout redirect URI is not registered", false);
                (StatusCode::BAD_REQUEST, WayBack::Unregistered)
            }
        };
        view.show(status, &SignedOutPage { view, way_back })
    }
}

/// Returns the hint in `text` with its client. `None`: it is not an ID token of this server, or its key's hints no longer
/// count; or its client is deleted or disabled, or not the one that the request names (§2).
async fn verify(
    call: &Call<'_>,
    text: &str,
    named: Option<&str>,
) -> Result<Option<(Hint, Arc<Client>)>, ErrorPage> {
    let Ok(hint) = call.verify_hint(text).await? else { return Ok(None) };
    if named.is_some_and(|named| named != hint.aud.as_str()) {
        return Ok(None);
    }
    call.set_client(&hint.aud);
    let client = call.app.clients.registered(&hint.aud, call.now).await?;
    Ok(client.map(|client| (hint, client)))
}
