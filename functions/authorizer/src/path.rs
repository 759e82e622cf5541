//! Where the path of an API begins in the path of a request.
//!
//! # Design
//! What comes before it, the name of a stage or the key of a mapping to a domain name, no event tells for sure. So every
//! end of the path that the gateway's route fits counts as the path, and the caller needs the scopes of all. Most routes
//! fit one end only, and the parameter of a greedy one tells where it begins; `$default` fits any.

use std::collections::BTreeMap;

use shared::config::Route;

use crate::refusal::Forbidden;

/// What may come before an API's own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix<'e> {
    /// Nothing.
    Nothing,
    /// The name of a stage.
    Stage(&'e str),
    /// Segments of any number.
    Any,
}

impl<'e> Prefix<'e> {
    /// What may come before the path at this stage, by this domain name.
    pub(crate) fn before(stage: Option<&'e str>, domain: Option<&str>) -> Self {
        // The gateway's own name, in any partition of AWS. Any other may have mappings.
        let is_own =
            domain.is_some_and(|domain| domain.contains(".execute-api.") && domain.contains(".amazonaws."));
        match stage {
            Some("$default") if is_own => Self::Nothing,
            Some(stage) if is_own => Self::Stage(stage),
            Some(_) | None => Self::Any,
        }
    }

    /// What `path` may be to the API, for a request that took `route`, whose last parameter took `greedy` if it is one
    /// that takes slashes.
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
        let ends: Vec<_> = ends.filter(|end| route.fits(&whole(end))).collect();
        // To the letter, or it tells nothing: a slash in it may have been encoded.
        let is_told = |end: &&[&str]| {
            let rest = route.greedy_after().and_then(|before| end.get(before..));
            greedy.is_some() && rest.map(|rest| rest.join("/")).as_deref() == greedy
        };
        let told = ends.iter().copied().find(is_told);
        let readings: Vec<_> = told.map_or(ends, |end| vec![end]).into_iter().map(whole).collect();
        if readings.is_empty() { Err(Forbidden::OtherRoute) } else { Ok(readings) }
    }
}

fn whole(segments: &[&str]) -> String {
    format!("/{}", segments.join("/"))
}

/// What the last parameter of the route written `template` took, if it is one that takes slashes.
pub(crate) fn greedy<'p>(
    template: &str,
    parameters: Option<&'p BTreeMap<String, String>>,
) -> Option<&'p str> {
    let name = template.rsplit('/').next()?.strip_prefix('{')?.strip_suffix("+}")?;
    parameters?.get(name).map(String::as_str)
}
