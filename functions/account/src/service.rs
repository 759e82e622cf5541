//! Endpoints for programs of other services, each behind a compatibility switch.

use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{Request, Response},
    oauth::Switch,
};

use crate::{
    error::Error,
    expire,
    revoke_tokens::{self, Tokens},
};

/// An endpoint for programs of another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Ona's `DELETE /user/expire`.
    Expire,
    /// Usergrid's `PUT …/revoketokens` and `…/revoketoken`.
    Revoke(Tokens),
}

impl Service {
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path.rsplit_once('/') {
            Some(("/user", "expire")) => Some(Self::Expire),
            Some((_, "revoketokens")) => Some(Self::Revoke(Tokens::All)),
            Some((_, "revoketoken")) => Some(Self::Revoke(Tokens::One)),
            Some(_) | None => None,
        }
    }

    pub(crate) const fn switch(self) -> Switch {
        match self {
            Self::Expire => Switch::UserExpire,
            Self::Revoke(_) => Switch::UsergridRevoke,
        }
    }

    pub(crate) async fn serve(self, app: &App, request: Request) -> Response {
        let methods = match self {
            Self::Expire => "DELETE",
            Self::Revoke(_) => "PUT",
        };
        // Any origin: a browser does not send these credentials by itself.
        Call::serve(app, request, Route { methods, cors: Cors::AnyOrigin }, respond).await
    }
}

async fn respond(call: &Call<'_>) -> Result<Response, Error> {
    match Service::at(call.request.uri().path()) {
        Some(Service::Revoke(tokens)) => revoke_tokens::revoke(call, tokens).await,
        Some(Service::Expire) | None => expire::expire(call).await,
    }
}
