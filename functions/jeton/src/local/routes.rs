//! Which function answers which path: what `template.yaml` says for AWS.

use shared::lambda::Handler;

/// Every route: its path, and the function that answers all methods of it, so that a wrong one gets a 405.
pub const ROUTES: &[(&str, Handler)] = &[
    ("/account", |app, request| Box::pin(account::handle(app, request))),
    ("/account/tokens", |app, request| Box::pin(account::handle(app, request))),
    ("/account/credentials", |app, request| Box::pin(account::handle(app, request))),
    ("/login", |app, request| Box::pin(login::handle(app, request))),
    ("/logout", |app, request| Box::pin(login::handle(app, request))),
    ("/oauth/authorize", |app, request| Box::pin(authorize::handle(app, request))),
    ("/oauth/token", |app, request| Box::pin(token::handle(app, request))),
    ("/oauth/revoke", |app, request| Box::pin(revoke::handle(app, request))),
    ("/oauth/introspect", |app, request| Box::pin(introspect::handle(app, request))),
    ("/.well-known/oauth-authorization-server", |app, request| Box::pin(metadata::handle(app, request))),
];
