//! The sections of a user's account.

use shared::{
    endpoint::{Call, SignedIn},
    pages::{ErrorPage, Section},
};

use crate::tokens;

/// Returns the sections that `user` has, with the one at `path` as the current one. A user who has personal tokens may
/// list and end them even where none can be created any more.
pub(crate) async fn section(
    call: &Call<'_>,
    user: &SignedIn,
    path: &'static str,
) -> Result<Section, ErrorPage> {
    let has_personal_tokens = tokens::offered(call) || !tokens::valid(call, user).await?.is_empty();
    Ok(Section { path, has_personal_tokens, is_developer: user.is_developer() })
}
