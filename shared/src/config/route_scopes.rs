//! The scopes that routes of the protected APIs require.
//!
//! # Design
//! A request matches entries in three ways: by the gateway's route, by its own method and path, and by its path as the
//! most lenient backend may read it (see [`loose`]). The caller needs the scopes of all three. So a wide route of the
//! gateway, `*`, or another spelling of a path never opens a route that is listed more strictly.

mod loose;
mod parse;
mod route;

pub use parse::InvalidRouteScopes;
pub use route::Route;

use crate::oauth::Scope;
use route::{METHODS, Segment, fits, split};

/// Routes with the scopes that they require: `GET /orders=read; POST /orders=read write; GET /health=; *=admin`.
///
/// A route is written as API Gateway writes it: `METHOD /path/{parameter}`, `ANY /path`, `/path/{proxy+}`, `$default`.
/// An empty scope accepts any valid token. `*` is every route that is not listed; without it, they are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteScopes {
    listed: Vec<(Route, Scope)>,
    otherwise: Option<Scope>,
}

/// The entry for a request that matches no listed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// The entry of `$default`, else of `*`.
    Default,
    /// The entry of `*`.
    Star,
    /// No entry: the request is refused.
    Refused,
}

impl RouteScopes {
    /// Returns the scope that `route` requires; `None`: every request is refused.
    pub fn needed(&self, route: &Route) -> Option<&Scope> {
        self.listed(route).map(|(_, scope)| scope).or(self.otherwise.as_ref())
    }

    /// Returns the entry of `route`: under its own method, else under `ANY`.
    fn listed(&self, route: &Route) -> Option<&(Route, Scope)> {
        let has = |wanted: &Route| self.listed.iter().find(|(listed, _)| listed == wanted);
        has(route).or_else(|| match route {
            Route::Path(_, path) => has(&Route::Path(None, path.clone())),
            Route::Default => None,
        })
    }

    /// Returns the scope that a request of `method` for `path` requires, however a backend reads `path`; `None`: the
    /// request is refused.
    pub fn needed_at(&self, method: &str, path: &str, unlisted: Unlisted) -> Option<Scope> {
        // Some backends take `post` for `POST`.
        if !METHODS.contains(&method) {
            return None;
        }
        let unlisted = match unlisted {
            Unlisted::Default => self.needed(&Route::Default),
            Unlisted::Star => self.otherwise.as_ref(),
            Unlisted::Refused => None,
        };
        let strictly = self.leading_to(method, path).map(|(_, scope)| scope).or(unlisted)?;
        let loosely = self.needed_loosely(method, &loose::segments(path)?).or_else(|| unlisted.cloned())?;
        Some(strictly.with(&loosely))
    }

    /// Returns the scope of the nearest entry for a path that was read loosely; of several equally near entries, the
    /// scopes of all.
    fn needed_loosely(&self, method: &str, segments: &[String]) -> Option<Scope> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let fitting = self.listed.iter().filter_map(|(route, scope)| match route {
            Route::Path(only, template) if only.is_none_or(|only| only == method) => {
                let template: Vec<_> = template.iter().map(Segment::loosened).collect();
                fits(&template, &segments).then_some(((template, only.is_none()), scope))
            }
            Route::Path(..) | Route::Default => None,
        });
        let fitting: Vec<_> = fitting.collect();
        let nearest = fitting.iter().map(|(nearness, _)| nearness).min()?;
        let all = fitting.iter().filter(|(nearness, _)| nearness == nearest);
        Some(all.fold(Scope::default(), |needed, (_, scope)| needed.with(scope)))
    }

    /// Returns whether a request of `method` for `path` matches `route`, and no other listed route. Also true for a path
    /// that matches no listed route, if `route` is not listed either.
    pub fn leads_to(&self, method: &str, path: &str, route: &Route) -> bool {
        self.leading_to(method, path) == self.listed(route)
    }

    /// Returns the listed route that API Gateway chooses for a request: literal segments before parameters, the method
    /// itself before `ANY`.
    fn leading_to(&self, method: &str, path: &str) -> Option<&(Route, Scope)> {
        let segments: Vec<&str> = split(path);
        let fitting = self.listed.iter().filter_map(|listed| match &listed.0 {
            Route::Path(only, template)
                if only.is_none_or(|only| only == method) && fits(template, &segments) =>
            {
                Some((template, only.is_none(), listed))
            }
            Route::Path(..) | Route::Default => None,
        });
        fitting.min_by_key(|(template, any, _)| (*template, *any)).map(|(_, _, listed)| listed)
    }

    /// Returns every method and path without a parameter whose required scope satisfies `has`.
    pub fn opened_by(&self, has: impl Fn(&Scope) -> bool) -> impl Iterator<Item = (&'static str, String)> {
        let listed = self.listed.iter().flat_map(move |listed| {
            let path = listed.0.address();
            let methods = METHODS.into_iter().filter_map(move |method| Some((method, path.clone()?)));
            // `ANY` leaves a method that is listed by itself to that.
            methods.filter(move |(method, path)| self.leading_to(method, path) == Some(listed))
        });
        listed.filter(move |(method, path)| {
            self.needed_at(method, path, Unlisted::Refused).is_some_and(|needed| has(&needed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RouteScopes {
        text.parse().unwrap()
    }

    fn route(text: &str) -> Route {
        text.parse().unwrap()
    }

    fn scope(text: &str) -> Scope {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn a_route_requires_the_scope_of_its_entry() {
        let routes =
            read("GET /orders=read; POST /orders=read write ;ANY /any=any; GET /health=; $default=rest;");
        for (requested, needed) in [
            ("GET /orders", Some("read")),
            ("POST /orders", Some("read write")),
            ("DELETE /orders", None),
            ("GET /orders/1", None),
            ("GET /any", Some("any")),
            ("ANY /any", Some("any")),
            ("GET /health", Some("")),
            ("$default", Some("rest")),
        ] {
            assert_eq!(routes.needed(&route(requested)), needed.map(scope).as_ref(), "{requested}");
        }
        assert_eq!(RouteScopes::default().needed(&route("GET /orders")), None);
        assert_eq!(read("*=admin").needed(&route("GET /orders")), Some(&scope("admin")));
    }

    #[test]
    fn the_name_of_a_parameter_does_not_matter() {
        let routes = read("GET /orders/{id}=read");
        assert_eq!(routes.needed(&route("GET /orders/{order}")), Some(&scope("read")));
        assert_eq!(routes.needed(&route("GET /orders/{order+}")), None);
        assert_eq!("GET /a/{x}=; GET /a/{y}=".parse::<RouteScopes>(), Err(InvalidRouteScopes));
    }

    #[test]
    fn a_path_takes_the_route_that_the_gateway_would_choose() {
        let list = "GET /a/{x}=; GET /a/b=; ANY /a/{x}/c=; GET /a/{x+}=; POST /a/{x}=; GET /=";
        let routes = read(list);
        for (method, path, taken) in [
            ("GET", "/a/b", Some("GET /a/b")),
            ("GET", "/a/z", Some("GET /a/{x}")),
            ("POST", "/a/b", Some("POST /a/{x}")),
            ("PUT", "/a/z/c", Some("ANY /a/{x}/c")),
            ("GET", "/a/z/d", Some("GET /a/{x+}")),
            ("GET", "/", Some("GET /")),
            ("PUT", "/a/z", None),
            ("GET", "/a", None),
            ("GET", "/A/b", None),
        ] {
            let leading = routes.leading_to(method, path).map(|(route, _)| route);
            assert_eq!(leading, taken.map(route).as_ref(), "{method} {path}");
        }
    }

    #[test]
    fn however_a_path_is_read_its_strictest_entry_counts() {
        let routes = read("GET /admin=admin; GET /Admin=other; GET /{x}=read; $default=any; *=star");
        for (path, unlisted, needed) in [
            ("/x", Unlisted::Star, Some("read")),
            ("/admin", Unlisted::Star, Some("admin other")),
            ("/ADMIN", Unlisted::Star, Some("admin other read")),
            ("/x/..", Unlisted::Star, None),
            ("/a/b", Unlisted::Default, Some("any")),
            ("/a/b", Unlisted::Star, Some("star")),
            ("/a/b", Unlisted::Refused, None),
            ("/x/", Unlisted::Refused, None),
            ("/a%00", Unlisted::Star, None),
        ] {
            assert_eq!(routes.needed_at("GET", path, unlisted), needed.map(scope), "{path}");
        }
        assert_eq!(routes.needed_at("get", "/a/b", Unlisted::Star), None, "a method of no gateway");
    }

    #[test]
    fn the_addresses_that_a_scope_opens_are_listed_one_by_one() {
        let routes =
            read("GET /a=read; POST /a=write; ANY /b=read; GET /b=admin; GET /c/{x}=read; $default=");
        let opened: Vec<String> = routes
            .opened_by(|needed| needed.is_within(&scope("read")))
            .map(|(method, path)| format!("{method} {path}"))
            .collect();
        let all_but_get = ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
        let expected = all_but_get.map(|method| format!("{method} /b"));
        assert_eq!(opened, [vec!["GET /a".to_owned()], expected.to_vec()].concat());
    }
}
