//! Which scope a caller needs for which route of the APIs that the authorizer protects.
//!
//! # Design
//! A request leads to an entry three times: by the gateway's route, by its own method and path, and by its path as the
//! most forgiving backend may read it (see [`loose`]). The caller needs the scopes of all three. So a wide route of the
//! gateway, `*`, or another spelling of a path opens nothing that is listed more strictly.

mod loose;

use std::str::FromStr;

use crate::scope::Scope;

/// The methods that `ANY` stands for.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Routes, each with the scope that it needs: `GET /orders=read; POST /orders=read write; GET /health=; *=admin`.
///
/// A route is written as API Gateway writes it: `METHOD /path/{parameter}`, `ANY /path`, `/path/{proxy+}`, `$default`.
/// An empty scope takes any token that works; `*` is every route that is not listed, which is otherwise refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteScopes {
    listed: Vec<(Route, Scope)>,
    otherwise: Option<Scope>,
}

/// What the entry for a request is that leads to no listed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// That of `$default`, else of `*`.
    Default,
    /// That of `*`.
    Star,
    /// None: the request is refused.
    Refused,
}

/// A route of an API. Parameters' names do not tell two routes apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// An HTTP API's `$default`: what no other route takes.
    Default,
    /// A method, none for `ANY`, and a path.
    Path(Option<&'static str>, Vec<Segment>),
}

/// What stands between two slashes of a route's path. What comes first is preferred.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// These very characters.
    Literal(String),
    /// `{name}`: anything.
    Parameter,
    /// `{name+}`: anything, slashes included. The last one.
    Rest,
}

/// Text that does not say what routes need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "ROUTE=SCOPE; ROUTE=SCOPE …, each ROUTE once: METHOD /path/{{parameter}}, ANY /path, $default or *; \
     at most 100 routes"
)]
pub struct NotRouteScopes;

impl RouteScopes {
    /// The most routes.
    const MOST: usize = 100;

    /// The scope that `route` needs; `None` if nobody may take it.
    pub fn needed(&self, route: &Route) -> Option<&Scope> {
        self.listed(route).map(|(_, scope)| scope).or(self.otherwise.as_ref())
    }

    /// Where the list has `route`: under its own method, else under `ANY`.
    fn listed(&self, route: &Route) -> Option<&(Route, Scope)> {
        let has = |wanted: &Route| self.listed.iter().find(|(listed, _)| listed == wanted);
        has(route).or_else(|| match route {
            Route::Path(_, path) => has(&Route::Path(None, path.clone())),
            Route::Default => None,
        })
    }

    /// The scope that a request of `method` for `path` needs, however `path` is read; `None` if nobody may send it.
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

    /// The same for a path that was read loosely: of several entries that are then equally near, all.
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

    /// Whether a request of `method` for `path` takes `route`, and no other that is listed.
    pub fn lead(&self, method: &str, path: &str, route: &Route) -> bool {
        self.leading_to(method, path) == self.listed(route)
    }

    /// The listed route that a request of `method` for `path` takes, as API Gateway chooses: characters before
    /// parameters, the method itself before `ANY`.
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

    /// Every method and path that is one address, without a parameter, and needs a scope that whoever calls `has`.
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

impl Route {
    /// The route of a REST API's resource, such as `/orders/{id}`, under one method.
    pub fn of_resource(method: &str, resource: &str) -> Option<Self> {
        format!("{method} {resource}").parse().ok()
    }

    /// Whether a request for `path` can have taken it.
    pub fn fits(&self, path: &str) -> bool {
        match self {
            Self::Default => true,
            Self::Path(_, template) => fits(template, &split(path)),
        }
    }

    /// Whether a request of `method` can have taken it.
    pub fn takes(&self, method: &str) -> bool {
        match self {
            Self::Path(Some(only), _) => *only == method,
            Self::Path(None, _) | Self::Default => true,
        }
    }

    /// How many segments come before `{name+}`, if it ends so.
    pub fn greedy_after(&self) -> Option<usize> {
        match self {
            Self::Path(_, template) if template.last() == Some(&Segment::Rest) => Some(template.len() - 1),
            Self::Path(..) | Self::Default => None,
        }
    }

    /// Its path, if that has no parameter.
    fn address(&self) -> Option<String> {
        let Self::Path(_, template) = self else { return None };
        let literals = template.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter | Segment::Rest => None,
        });
        Some(format!("/{}", literals.collect::<Option<Vec<_>>>()?.join("/")))
    }
}

impl Segment {
    /// What it is to a path that is read loosely.
    fn loosened(&self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(loose::segments(text).unwrap_or_default().concat()),
            Self::Parameter => Self::Parameter,
            Self::Rest => Self::Rest,
        }
    }
}

fn split(path: &str) -> Vec<&str> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Vec::new(),
        path => path.split('/').collect(),
    }
}

fn fits(template: &[Segment], path: &[&str]) -> bool {
    match (template, path) {
        ([], []) | ([Segment::Rest], [_, ..]) => true,
        ([Segment::Literal(wanted), template @ ..], [segment, path @ ..]) => {
            wanted == segment && fits(template, path)
        }
        ([Segment::Parameter, template @ ..], [segment, path @ ..]) => {
            !segment.is_empty() && fits(template, path)
        }
        _ => false,
    }
}

impl FromStr for RouteScopes {
    type Err = NotRouteScopes;

    fn from_str(text: &str) -> Result<Self, NotRouteScopes> {
        let mut all = Self::default();
        for entry in text.trim().trim_end_matches(';').split(';') {
            let (route, scope) = entry.split_once('=').ok_or(NotRouteScopes)?;
            let scope = match scope.trim() {
                "" => Scope::default(),
                scope => scope.parse().map_err(|_| NotRouteScopes)?,
            };
            if route.trim() == "*" {
                if all.otherwise.replace(scope).is_some() {
                    return Err(NotRouteScopes);
                }
                continue;
            }
            let route = route.trim().parse()?;
            if all.listed.len() == Self::MOST || all.listed.iter().any(|(listed, _)| *listed == route) {
                return Err(NotRouteScopes);
            }
            all.listed.push((route, scope));
        }
        Ok(all)
    }
}

impl FromStr for Route {
    type Err = NotRouteScopes;

    fn from_str(text: &str) -> Result<Self, NotRouteScopes> {
        if text == "$default" {
            return Ok(Self::Default);
        }
        let (method, path) = text.split_once(' ').ok_or(NotRouteScopes)?;
        let method = match METHODS.into_iter().find(|known| *known == method) {
            None if method == "ANY" => None,
            None => return Err(NotRouteScopes),
            known => known,
        };
        let path = path.strip_prefix('/').ok_or(NotRouteScopes)?;
        let segments: Vec<Segment> = match path {
            "" => Vec::new(),
            path => path.split('/').map(str::parse).collect::<Result<_, _>>()?,
        };
        if segments.iter().rev().skip(1).any(|segment| *segment == Segment::Rest) {
            return Err(NotRouteScopes);
        }
        Ok(Self::Path(method, segments))
    }
}

impl FromStr for Segment {
    type Err = NotRouteScopes;

    fn from_str(text: &str) -> Result<Self, NotRouteScopes> {
        let name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        if let Some(parameter) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            return match parameter.strip_suffix('+') {
                Some(rest) if name(rest) => Ok(Self::Rest),
                None if name(parameter) => Ok(Self::Parameter),
                _ => Err(NotRouteScopes),
            };
        }
        // Unreserved characters, and what a path takes beside them (RFC 3986 §3.3); but nothing that means something
        // to IAM.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:@!'(),+&".contains(&byte);
        // Read loosely, it must be one segment, too.
        let is_one = loose::segments(text).is_some_and(|segments| segments.len() == 1);
        if text.is_empty() || !text.bytes().all(allowed) || !is_one {
            return Err(NotRouteScopes);
        }
        Ok(Self::Literal(text.to_owned()))
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
    fn a_route_needs_what_its_line_says() {
        let routes =
            read("GET /orders=read; POST /orders=read write ;ANY /any=any; GET /health=; $default=rest;");
        for (asked, needed) in [
            ("GET /orders", Some("read")),
            ("POST /orders", Some("read write")),
            ("DELETE /orders", None),
            ("GET /orders/1", None),
            ("GET /any", Some("any")),
            ("ANY /any", Some("any")),
            ("GET /health", Some("")),
            ("$default", Some("rest")),
        ] {
            assert_eq!(routes.needed(&route(asked)), needed.map(scope).as_ref(), "{asked}");
        }
        assert_eq!(RouteScopes::default().needed(&route("GET /orders")), None);
        assert_eq!(read("*=admin").needed(&route("GET /orders")), Some(&scope("admin")));
    }

    #[test]
    fn a_parameters_name_tells_nothing_apart() {
        let routes = read("GET /orders/{id}=read");
        assert_eq!(routes.needed(&route("GET /orders/{order}")), Some(&scope("read")));
        assert_eq!(routes.needed(&route("GET /orders/{order+}")), None);
        assert_eq!("GET /a/{x}=; GET /a/{y}=".parse::<RouteScopes>(), Err(NotRouteScopes));
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
    fn what_a_scope_opens_is_listed_address_by_address() {
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

    #[test]
    fn anything_else_is_refused() {
        for text in [
            ";",
            "GET /a",
            "GET=read",
            "/a=read",
            "get /a=read",
            "FETCH /a=read",
            "GET a=read",
            "GET  /a=read",
            "GET /a=rea\"d",
            "GET /a=a  b",
            "GET /a=a; GET /a=b",
            "*=a; *=b",
            "GET /a/=a",
            "GET //a=a",
            "GET /*=a",
            "GET /a?b=c",
            "GET /{a=b",
            "GET /{}=b",
            "GET /{a+}/b=c",
            "GET /a{b}=c",
            "GET /$a=b",
            "GET /a=a;; GET /b=b",
            "GET /{a b}=c",
            "POST /é=a",
            "GET /a/../b=c",
            "GET /./a=b",
            "GET /a%2Fb=c",
            "GET /a%00=b",
        ] {
            assert_eq!(text.parse::<RouteScopes>(), Err(NotRouteScopes), "{text}");
        }
        let many = |count: usize| (0..count).map(|nth| format!("GET /{nth}=a")).collect::<Vec<_>>().join(";");
        assert!(many(100).parse::<RouteScopes>().is_ok() && many(101).parse::<RouteScopes>().is_err());
    }
}
