//! Where the path of an API begins in the path of a request.
//!
//! # Design
//! The name of a stage, or the key of a mapping to a domain name, may come before it, and no event tells that reliably.
//! So every end of the request's path that fits the gateway's route counts as the API's path, and the caller needs the
//! scopes of all. Most routes fit one end only, and the parameter of a greedy route tells where the path begins;
//! `$default` fits any.

use std::collections::BTreeMap;

use shared::config::Route;

use crate::error::Forbidden;

/// The segments that may come before an API's own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix<'e> {
    Nothing,
    /// The name of a stage.
    Stage(&'e str),
    /// Any number of segments.
    Any,
}

impl<'e> Prefix<'e> {
    /// Returns the prefix of paths at this stage and domain name.
    pub(crate) fn before(stage: Option<&'e str>, domain: Option<&str>) -> Self {
        // The gateway's own domain name, in any partition of AWS. Other domain names may have mappings.
        let is_own =
            domain.is_some_and(|domain| domain.contains(".execute-api.") && domain.contains(".amazonaws."));
        match stage {
            Some("$default") if is_own => Self::Nothing,
            Some(stage) if is_own => Self::Stage(stage),
            Some(_) | None => Self::Any,
        }
    }

    /// Returns every path that `path` may be to the API, for a request to `route`. `greedy` is the value of the route's
    /// `{name+}` parameter.
    pub(crate) fn readings(
        self,
        path: &str,
        route: &Route,
        greedy: Option<&str>,
    ) -> Result<Vec<String>, Forbidden> {
        let segments: Vec<&str> = path.strip_prefix('/').ok_or(Forbidden::OtherRoute)?.split('/').collect();
        let most = match self {
            Self::Nothing => 0,
            Self::Stage(stage) => usize::from(segments.first() == Some(&stage)),
            Self::Any => segments.len().saturating_sub(1),
        };
        let ends = (0..=most).filter_map(|from| segments.get(from..));
        let ends: Vec<_> = ends.filter(|end| route.fits(&joined(end))).collect();
        // Only an exact match counts: a slash in the parameter may have been encoded.
        let is_exact = |end: &&[&str]| {
            let rest = route.greedy_after().and_then(|before| end.get(before..));
            greedy.is_some() && rest.map(|rest| rest.join("/")).as_deref() == greedy
        };
        let exact = ends.iter().copied().find(is_exact);
        let readings: Vec<_> = exact.map_or(ends, |end| vec![end]).into_iter().map(joined).collect();
        if readings.is_empty() { Err(Forbidden::OtherRoute) } else { Ok(readings) }
    }
}

fn joined(segments: &[&str]) -> String {
    format!("/{}", segments.join("/"))
}

/// Returns the value of the parameter `{name+}` at the end of `template`.
pub(crate) fn greedy<'p>(
    template: &str,
    parameters: Option<&'p BTreeMap<String, String>>,
) -> Option<&'p str> {
    let name = template.rsplit('/').next()?.strip_prefix('{')?.strip_suffix("+}")?;
    parameters?.get(name).map(String::as_str)
}
