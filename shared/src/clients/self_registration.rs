//! A client that registers itself (RFC 7591): its properties and its id.

use super::{Client, InvalidRegistration, Registration};
use crate::{
    config::{Schemes, display_name},
    oauth::{AuthMethod, ClientId, GrantType, redirect_uri},
    secret::{ClientMetadata, ClientSecret, Digest, Id, Secret},
    time::Timestamp,
};

/// The requested properties of a client that registers itself. It has no others: it may use the code grant with PKCE, is
/// never first-party, and has no scope of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfRegistration {
    /// `client_name`, as the client sent it.
    pub name: Option<String>,
    pub redirect_uris: RedirectUris,
    /// `token_endpoint_auth_method`. `None`: either method with a secret.
    pub auth_method: Option<AuthMethod>,
}

/// The redirect URIs of a client that registers itself: one or more, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUris(Vec<String>);

/// The reason why a client cannot register itself with the redirect URIs that it has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRedirectUri {
    #[error("there is no redirect URI")]
    Missing,
    #[error("there are more than {} redirect URIs", RedirectUris::MOST)]
    TooMany,
    #[error("no redirect URI is acceptable, the first because {0}")]
    Unacceptable(redirect_uri::InvalidRedirectUri),
}

impl RedirectUris {
    /// The most redirect URIs that a client may send.
    pub const MOST: usize = 10;

    /// Returns the acceptable ones of `requested`: those that an administrator could register, and those with one of these
    /// private-use `schemes`.
    pub fn acceptable(requested: Vec<String>, schemes: &Schemes) -> Result<Self, NoRedirectUri> {
        if requested.len() > Self::MOST {
            return Err(NoRedirectUri::TooMany);
        }
        let (mut accepted, mut refused) = (Vec::new(), None);
        for uri in requested {
            match redirect_uri::check_with(&uri, |scheme| schemes.has(scheme)) {
                Ok(()) if accepted.contains(&uri) => {}
                Ok(()) => accepted.push(uri),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        match refused {
            _ if !accepted.is_empty() => Ok(Self(accepted)),
            Some(reason) => Err(NoRedirectUri::Unacceptable(reason)),
            None => Err(NoRedirectUri::Missing),
        }
    }
}

impl SelfRegistration {
    /// The number of ids that the metadata of a public client lead to, one after the other: each is used unless an
    /// administrator has deleted the client with it.
    const DERIVED_IDS: u8 = 4;

    /// Returns the ids that the client may get: the first that is not of a deleted client.
    ///
    /// # Design
    /// Programs without a secret register anew at every start, or when the response got lost. The id of a public client
    /// follows from its metadata, so that all of these requests lead to one client. The id is no secret, and the client of
    /// another program with the same metadata could do no more.
    pub(super) fn ids(&self) -> Vec<ClientId> {
        self.derived_ids().chain([ClientId::self_registered(Id::random())]).collect()
    }

    /// Returns the ids that follow from the metadata of a public client: none of a confidential one.
    pub(super) fn derived_ids(&self) -> impl Iterator<Item = ClientId> {
        let derived = if self.is_public() { Self::DERIVED_IDS } else { 0 };
        (0..derived).map(|nth| ClientId::self_registered(self.digest(nth).id()))
    }

    /// Returns the digest of the `nth` id. The parts have no line breaks, so no other metadata have the same text.
    fn digest(&self, nth: u8) -> Digest<ClientMetadata> {
        let mut redirect_uris = self.redirect_uris.0.clone();
        redirect_uris.sort();
        Digest::of(format!("{nth}\n{}\n{}", self.name(), redirect_uris.join("\n")))
    }

    /// Returns the client with this id, without an end, and its secret if it is confidential.
    pub(super) fn client(
        &self,
        id: ClientId,
        now: Timestamp,
    ) -> Result<(Client, Option<Secret<ClientSecret>>), InvalidRegistration> {
        let redirect_uris = &self.redirect_uris.0;
        let registration = Registration {
            name: self.name(),
            public: self.is_public(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            redirect_uris: redirect_uris.clone(),
            auth_methods: self.auth_method.into_iter().collect(),
            ..Registration::default()
        };
        registration.checked(id, now, redirect_uris)
    }

    /// Returns the name that users see: the requested one if it is a plain line, else the destination of the first redirect
    /// URI. A long host is cut off at its start, because its end says whose it is.
    fn name(&self) -> String {
        let most = Client::MOST_NAME_CHARACTERS;
        match &self.name {
            Some(name) if display_name::is_plain_line(name, most) => name.clone(),
            _ => {
                let first = self.redirect_uris.0.first().map(String::as_str).unwrap_or_default();
                let destination = redirect_uri::destination(first); // ASCII
                destination.get(destination.len().saturating_sub(most)..).unwrap_or_default().to_owned()
            }
        }
    }

    fn is_public(&self) -> bool {
        self.auth_method == Some(AuthMethod::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(name: &str, redirect_uris: &[&str]) -> SelfRegistration {
        let redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        SelfRegistration {
            name: Some(name.to_owned()),
            redirect_uris: RedirectUris::acceptable(redirect_uris, &Schemes::default()).unwrap(),
            auth_method: Some(AuthMethod::None),
        }
    }

    #[test]
    fn the_same_metadata_lead_to_the_same_ids_and_other_metadata_to_others() {
        let (one, other) = ("https://a.example/", "https://b.example/");
        let first = |registration: &SelfRegistration| registration.ids().remove(0);
        let id = first(&public("A", &[one, other]));
        assert_eq!(id, first(&public("A", &[other, one, other])));
        for different in [public("B", &[one, other]), public("A", &[one]), public("A", &[one, "cursor://x"])]
        {
            assert_ne!(id, first(&different));
        }
        let ids = public("A", &[one]).ids();
        assert!(ids.iter().all(|id| id.is_self_registered() && id.as_str().len() == 22), "{ids:?}");
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
        let confidential = SelfRegistration { auth_method: None, ..public("A", &[one]) };
        assert_ne!(confidential.ids(), confidential.ids());
    }

    #[test]
    fn a_client_without_a_plain_name_has_that_of_its_host() {
        let long = format!("https://{}.example/", "a.".repeat(60));
        for (name, uri, expected) in [
            ("Notes", "https://a.example/", "Notes"),
            ("", "https://a.example/cb", "a.example"),
            ("two\nlines", "http://localhost:1/cb", "localhost:1"),
            ("evil\u{202e}", "cursor://x/cb", "cursor://x"),
            ("", &long, &long[long.len() - 101..long.len() - 1]),
        ] {
            assert_eq!(public(name, &[uri]).name(), expected);
        }
    }
}
