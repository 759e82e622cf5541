//! The routes of the functions, as in `template.yaml`.

use shared::endpoint::lambda::Handler;

/// Every route: its path, and the function that answers all methods of it, so that a wrong method gets 405.
pub const ROUTES: &[(&str, Handler)] = &[
    ("/", |app, request| Box::pin(account::handle(app, request))),
    ("/account", |app, request| Box::pin(account::handle(app, request))),
    ("/account/tokens", |app, request| Box::pin(account::handle(app, request))),
    ("/account/credentials", |app, request| Box::pin(account::handle(app, request))),
    ("/account/sessions", |app, request| Box::pin(account::handle(app, request))),
    ("/account/password", |app, request| Box::pin(login::handle(app, request))),
    ("/user/expire", |app, request| Box::pin(account::handle(app, request))),
    ("/{org}/{app}/users/{user}/revoketokens", |app, request| Box::pin(account::handle(app, request))),
    ("/{org}/{app}/users/{user}/revoketoken", |app, request| Box::pin(account::handle(app, request))),
    ("/login", |app, request| Box::pin(login::handle(app, request))),
    ("/logout", |app, request| Box::pin(login::handle(app, request))),
    ("/reset-password", |app, request| Box::pin(login::handle(app, request))),
    ("/oauth/authorize", |app, request| Box::pin(authorize::handle(app, request))),
    ("/oauth/token", |app, request| Box::pin(token::handle(app, request))),
    ("/oauth/revoke", |app, request| Box::pin(revoke::handle(app, request))),
    ("/oauth/introspect", |app, request| Box::pin(introspect::handle(app, request))),
    ("/oauth/logout", |app, request| Box::pin(logout::handle(app, request))),
    ("/oauth/register", |app, request| Box::pin(register::handle(app, request))),
    ("/oauth/userinfo", |app, request| Box::pin(userinfo::handle(app, request))),
    ("/.well-known/openid-configuration", |app, request| Box::pin(discovery::handle(app, request))),
    ("/.well-known/jwks.json", |app, request| Box::pin(discovery::handle(app, request))),
    ("/.well-known/oauth-authorization-server", |app, request| Box::pin(metadata::handle(app, request))),
];
