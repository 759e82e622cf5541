//! What a request shows for itself (RFC 6750 §2).

use shared::bearer::BearerToken;

use crate::{event::Event, refusal::Unauthenticated};

/// The token in the request's `Authorization` header (§2.1). In the query or the body it is none.
pub(crate) fn bearer(event: &Event) -> Result<BearerToken, Unauthenticated> {
    let headers = event.authorization();
    let header = match headers.as_slice() {
        [] => return Err(Unauthenticated::Nobody),
        [header] => header.trim(),
        _ => return Err(Unauthenticated::Twice),
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    // RFC 9110 §11.1: the scheme in any case.
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Unauthenticated::OtherScheme);
    }
    BearerToken::parse(token.trim_start_matches(' ')).ok_or(Unauthenticated::Malformed)
}
