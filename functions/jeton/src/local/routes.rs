//! Which function answers which path: what `template.yaml` says for AWS.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use shared::lambda::Handler;

/// Every route: its path, in which `{name}` stands for any one segment, and the function that answers all methods of it, so that a wrong one gets a 405.
pub const ROUTES: &[(&str, Handler)] = &[
    ("/", |app, request| Box::pin(account::handle(app, request))),
    ("/account", |app, request| Box::pin(account::handle(app, request))),
    ("/account/tokens", |app, request| Box::pin(account::handle(app, request))),
    ("/account/credentials", |app, request| Box::pin(account::handle(app, request))),
    ("/user/expire", |app, request| Box::pin(account::handle(app, request))),
    ("/{org}/{app}/users/{user}/revoketokens", |app, request| Box::pin(account::handle(app, request))),
    ("/{org}/{app}/users/{user}/revoketoken", |app, request| Box::pin(account::handle(app, request))),
    ("/login", |app, request| Box::pin(login::handle(app, request))),
    ("/logout", |app, request| Box::pin(login::handle(app, request))),
    ("/oauth/authorize", |app, request| Box::pin(authorize::handle(app, request))),
    ("/oauth/token", |app, request| Box::pin(token::handle(app, request))),
    ("/oauth/revoke", |app, request| Box::pin(revoke::handle(app, request))),
    ("/oauth/introspect", |app, request| Box::pin(introspect::handle(app, request))),
    ("/.well-known/oauth-authorization-server", |app, request| Box::pin(metadata::handle(app, request))),
];

/// The route that `path` takes: one without parameters before any other, as the gateway has it.
pub fn route_of(path: &str) -> Option<&'static (&'static str, Handler)> {
    let exact = ROUTES.iter().find(|(route, _)| *route == path);
    exact.or_else(|| ROUTES.iter().find(|(route, _)| matches(route, path)))
}

fn matches(route: &str, path: &str) -> bool {
    let (route, path) = (route.split('/'), path.split('/'));
    route.clone().count() == path.clone().count()
        && route.zip(path).all(|(route, segment)| match name(route) {
            Some(_) => !segment.is_empty(),
            None => route == segment,
        })
}

/// What stands in `path` for the parameters of `route`, decoded.
pub(super) fn parameters(route: &str, path: &str) -> BTreeMap<String, String> {
    let pairs = route.split('/').zip(path.split('/'));
    let named = pairs.filter_map(|(route, segment)| Some((name(route)?, percent_decode_str(segment))));
    named.map(|(name, value)| (name.to_owned(), value.decode_utf8_lossy().into_owned())).collect()
}

/// The name of a parameter, if the segment is one.
fn name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_for_one_segment_that_is_not_empty() {
        let route = "/{org}/{app}/users/{user}/revoketokens";
        assert!(matches(route, "/a/b/users/ada/revoketokens"));
        for path in ["/a/b/users//revoketokens", "/a/users/ada/revoketokens", "/a/b/users/ada/revoketokens/"]
        {
            assert!(!matches(route, path), "{path}");
        }
        assert_eq!(parameters(route, "/a/b/users/%C3%A9%2Fx/revoketokens")["user"], "é/x");
        assert!(route_of("/login").is_some() && route_of("/nothing/here").is_none());
    }
}
