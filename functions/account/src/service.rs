//! Endpoints for programs of other services, each behind a compatibility switch.

use shared::{
    endpoint::{App, Call, Cors, Route},
    http::{Request, Response},
    oauth::Switch,
};

use crate::{expire, revoke_tokens};

/// An endpoint for programs of another service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Ona's `DELETE /user/expire`.
    Expire,
    /// Usergrid's `PUT …/revoketokens` and `…/revoketoken`.
    Revoke,
}

impl Service {
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path.rsplit_once('/') {
            Some(("/user", "expire")) => Some(Self::Expire),
            Some((_, "revoketokens" | "revoketoken")) => Some(Self::Revoke),
            Some(_) | None => None,
        }
    }

    pub(crate) const fn switch(self) -> Switch {
        match self {
            Self::Expire => Switch::UserExpire,
            Self::Revoke => Switch::UsergridRevoke,
        }
    }

    pub(crate) async fn serve(self, app: &App, request: Request) -> Response {
        // Any origin: a browser does not send these credentials by itself.
        let route = |methods| Route { methods, cors: Cors::AnyOrigin };
        match self {
            Self::Expire => Call::serve(app, request, route("DELETE"), expire::expire).await,
            Self::Revoke => Call::serve(app, request, route("PUT"), revoke_tokens::revoke).await,
        }
    }
}
