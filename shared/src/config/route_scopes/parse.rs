//! Parsing of `JETON_ROUTE_SCOPES` and of routes.

use std::str::FromStr;

use super::{
    RouteScopes, loose,
    route::{METHODS, Route, Segment},
};
use crate::oauth::Scope;

/// The most routes in a list.
const MOST_ROUTES: usize = 100;

/// Error for text that is not a list of routes with their scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "ROUTE=SCOPE; ROUTE=SCOPE …, each ROUTE once: METHOD /path/{{parameter}}, ANY /path, $default or *; \
     at most 100 routes"
)]
pub struct InvalidRouteScopes;

impl FromStr for RouteScopes {
    type Err = InvalidRouteScopes;

    fn from_str(text: &str) -> Result<Self, InvalidRouteScopes> {
        let mut all = Self::default();
        for entry in text.trim().trim_end_matches(';').split(';') {
            let (route, scope) = entry.split_once('=').ok_or(InvalidRouteScopes)?;
            let scope = match scope.trim() {
                "" => Scope::default(),
                scope => scope.parse().map_err(|_| InvalidRouteScopes)?,
            };
            if route.trim() == "*" {
                if all.otherwise.replace(scope).is_some() {
                    return Err(InvalidRouteScopes);
                }
                continue;
            }
            let route = route.trim().parse()?;
            if all.listed.len() == MOST_ROUTES || all.listed.iter().any(|(listed, _)| *listed == route) {
                return Err(InvalidRouteScopes);
            }
            all.listed.push((route, scope));
        }
        Ok(all)
    }
}

impl FromStr for Route {
    type Err = InvalidRouteScopes;

    fn from_str(text: &str) -> Result<Self, InvalidRouteScopes> {
        if text == "$default" {
            return Ok(Self::Default);
        }
        let (method, path) = text.split_once(' ').ok_or(InvalidRouteScopes)?;
        let method = match METHODS.into_iter().find(|known| *known == method) {
            None if method == "ANY" => None,
            None => return Err(InvalidRouteScopes),
            known => known,
        };
        let path = path.strip_prefix('/').ok_or(InvalidRouteScopes)?;
        let segments: Vec<Segment> = match path {
            "" => Vec::new(),
            path => path.split('/').map(str::parse).collect::<Result<_, _>>()?,
        };
        if segments.iter().rev().skip(1).any(|segment| *segment == Segment::Rest) {
            return Err(InvalidRouteScopes);
        }
        Ok(Self::Path(method, segments))
    }
}

impl FromStr for Segment {
    type Err = InvalidRouteScopes;

    fn from_str(text: &str) -> Result<Self, InvalidRouteScopes> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        if let Some(parameter) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            return match parameter.strip_suffix('+') {
                Some(rest) if is_name(rest) => Ok(Self::Rest),
                None if is_name(parameter) => Ok(Self::Parameter),
                _ => Err(InvalidRouteScopes),
            };
        }
        // The characters of a path segment (RFC 3986 §3.3), without `$` and `*`, which IAM does not take literally, and
        // without `;` and `=`, which separate the entries of the list.
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:@!'(),+&".contains(&byte);
        // The most lenient backend must read one segment, too.
        let is_one = loose::segments(text).is_some_and(|segments| segments.len() == 1);
        if text.is_empty() || !text.bytes().all(allowed) || !is_one {
            return Err(InvalidRouteScopes);
        }
        Ok(Self::Literal(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_list_is_refused() {
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
            assert_eq!(text.parse::<RouteScopes>(), Err(InvalidRouteScopes), "{text}");
        }
        let many = |count: usize| (0..count).map(|nth| format!("GET /{nth}=a")).collect::<Vec<_>>().join(";");
        assert!(many(100).parse::<RouteScopes>().is_ok() && many(101).parse::<RouteScopes>().is_err());
    }
}
