//! The registration request (RFC 7591 §3.1): the client metadata in its body (§2).
//!
//! # Design
//! Only the members that change what the client may do are read. The endpoint ignores all others, and does not check their values: `scope`,
//! because a client registers with the first scope that it needs and later needs more, and links, logos and contacts, because
//! nothing shows them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use shared::{
    clients::{NoRedirectUri, RedirectUris, SelfRegistration},
    config::Schemes,
    http::{Form, Members, Request},
};

use crate::error::Error;

/// The most bytes in a body.
const MOST_BYTES: usize = 16 * 1024;

/// Reads the metadata in the order in which errors are reported: first the redirect URIs.
pub(crate) fn read(request: &Request, schemes: &Schemes) -> Result<SelfRegistration, Error> {
    let metadata = ClientMetadata::of(request)?;
    let redirect_uris: Option<Vec<String>> =
        metadata.member("redirect_uris").map_err(|_| Error::MalformedRedirectUris)?;
    let redirect_uris = redirect_uris.ok_or(NoRedirectUri::Missing)?;
    let redirect_uris = RedirectUris::acceptable(redirect_uris, schemes)?;
    metadata.check_types()?;
    let auth_method: Option<String> = metadata.member("token_endpoint_auth_method")?;
    let auth_method = auth_method.map(|method| method.parse()).transpose();
    let auth_method = auth_method.map_err(|_| Error::UnsupportedAuthMethod)?;
    Ok(SelfRegistration { name: metadata.member("client_name")?, redirect_uris, auth_method })
}

/// The members of the JSON object in the body, each once.
struct ClientMetadata<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> ClientMetadata<'a> {
    fn of(request: &'a Request) -> Result<Self, Error> {
        if !Form::is_json(request) {
            return Err(Error::NotJson);
        }
        let body = request.body().as_ref();
        if body.len() > MOST_BYTES {
            return Err(Error::TooLarge);
        }
        let Members(members) = serde_json::from_slice(body).map_err(|_| Error::NotAnObject)?;
        let count = members.len();
        let members: BTreeMap<_, _> = members.into_iter().collect();
        if members.len() == count { Ok(Self(members)) } else { Err(Error::NotAnObject) }
    }

    /// Returns the value of a member. `null`, the empty string and the empty list count as absent.
    fn member<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let value = self.0.get(name).map(|value| value.get());
        let value = value.filter(|value| !["null", "\"\"", "[]"].contains(value));
        value.map(serde_json::from_str).transpose().map_err(|_| Error::WrongType(name))
    }

    /// Checks the types that the client requests (§2.1). The client gets the types of the code grant, also if
    /// it requests others, but a client that cannot use a code is refused.
    fn check_types(&self) -> Result<(), Error> {
        let _: Option<Vec<String>> = self.member("grant_types")?;
        let response_types: Vec<String> = self.member("response_types")?.unwrap_or_default();
        if response_types.is_empty() || response_types.iter().any(|response_type| response_type == "code") {
            Ok(())
        } else {
            Err(Error::NoCode)
        }
    }
}
