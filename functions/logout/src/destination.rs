//! The destination of the browser after the logout: a post-logout redirect URI of the client (§3).

use shared::{
    clients::Client,
    endpoint::front_channel::LONGEST_STATE,
    http::Query,
    oauth::redirect_uri,
    pages::{Back, ErrorKind, ErrorPage},
};

/// The destination of the browser after the logout.
pub(crate) enum Destination {
    /// A page of this server: the request names no other, or no client whose it would be.
    None,
    /// The client has not registered the `post_logout_redirect_uri` of the request.
    Unregistered,
    /// A registered URI of the client, with the client's `state`.
    Registered(Back),
}

impl Destination {
    /// Returns the destination of the request `query` by `client`.
    pub(crate) fn of(query: &Query, client: Option<&Client>) -> Result<Self, ErrorPage> {
        let state = query.get("state")?;
        if state.is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(ErrorPage::new(ErrorKind::MalformedRequest, String::from("the state is too long")));
        }
        let (Some(uri), Some(client)) = (query.get("post_logout_redirect_uri")?, client) else {
            return Ok(Self::None);
        };
        // Compared as strings, the port included (§3).
        if !client.post_logout_redirect_uris.iter().any(|registered| registered == uri) {
            return Ok(Self::Unregistered);
        }
        let fields: Vec<_> = state.map(|state| ("state", state.to_owned())).into_iter().collect();
        let destination = redirect_uri::destination(uri).to_owned();
        Ok(Self::Registered(Back { destination, url: redirect_uri::with_query(uri, &fields) }))
    }
}
