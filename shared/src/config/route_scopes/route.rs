//! Routes of an API, and the paths that they match.

use super::loose;

/// The methods that `ANY` stands for.
pub(super) const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A route of an API. Two routes that differ only in the names of parameters are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// An HTTP API's `$default`: every request that matches no other route.
    Default,
    /// A method (`None`: `ANY`) and a path.
    Path(Option<&'static str>, Vec<Segment>),
}

/// A segment of a route's path. The variants are in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Literal(String),
    /// `{name}`: any one segment.
    Parameter,
    /// `{name+}`, which comes last: one or more segments.
    Rest,
}

impl Route {
    /// Returns the route of a method and a REST API's resource, such as `/orders/{id}`.
    pub fn of_resource(method: &str, resource: &str) -> Option<Self> {
        format!("{method} {resource}").parse().ok()
    }

    /// Returns whether the route matches `path`.
    pub fn fits(&self, path: &str) -> bool {
        match self {
            Self::Default => true,
            Self::Path(_, template) => fits(template, &split(path)),
        }
    }

    /// Returns whether the route matches `method`.
    pub fn takes(&self, method: &str) -> bool {
        match self {
            Self::Path(Some(only), _) => *only == method,
            Self::Path(None, _) | Self::Default => true,
        }
    }

    /// Returns the number of segments before `{name+}`, if the route ends with one.
    pub fn greedy_after(&self) -> Option<usize> {
        match self {
            Self::Path(_, template) if template.last() == Some(&Segment::Rest) => Some(template.len() - 1),
            Self::Path(..) | Self::Default => None,
        }
    }

    /// Returns the route's path, if it has no parameter.
    pub(super) fn address(&self) -> Option<String> {
        let Self::Path(_, template) = self else { return None };
        let literals = template.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Parameter | Segment::Rest => None,
        });
        Some(format!("/{}", literals.collect::<Option<Vec<_>>>()?.join("/")))
    }
}

impl Segment {
    /// Returns the segment as it is compared with a path that is read loosely.
    pub(super) fn loosened(&self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(loose::segments(text).unwrap_or_default().concat()),
            Self::Parameter => Self::Parameter,
            Self::Rest => Self::Rest,
        }
    }
}

pub(super) fn split(path: &str) -> Vec<&str> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Vec::new(),
        path => path.split('/').collect(),
    }
}

pub(super) fn fits(template: &[Segment], path: &[&str]) -> bool {
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
