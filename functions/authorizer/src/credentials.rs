//! The credentials of a request: a bearer token in its header (RFC 6750 §2.1), and the other forms that older services
//! take, each of which is a switch of the deployment.

use shared::{
    endpoint::bearer::BearerToken,
    http::{Basic, FormError},
    oauth::{Switch, Switches},
    secret::{ClientSecret, Secret},
    users::personal::Presented,
};

use crate::{error::Unauthenticated, event::Event};

/// The longest header that is read. The longest name and password make less.
const MOST_BYTES: usize = 4_096;

/// The credentials of a request, unverified.
pub(crate) enum Credentials {
    Token(BearerToken),
    /// A user's name and password.
    User(Basic),
    /// A client's id and secret.
    Client(shared::endpoint::Credentials),
    /// No credentials, where the switch `guest` permits that.
    Guest,
}

/// The schemes of the `Authorization` header.
#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    Token,
    TempToken,
    Basic,
}

impl Credentials {
    /// Reads the credentials of `event`, which may have one form only (§2), and a permitted one. A request with invalid
    /// credentials is refused; it is not served as a guest.
    pub(crate) fn read(event: &Event, permitted: &Switches) -> Result<Self, Unauthenticated> {
        match (event.authorization().as_slice(), in_query(event, permitted)?) {
            ([header], None) => in_header(header.trim(), permitted),
            ([], Some(credentials)) => Ok(credentials),
            ([], None) if permitted.has(Switch::Guest) => Ok(Self::Guest),
            ([], None) => Err(Unauthenticated::NoCredentials),
            _ => Err(Unauthenticated::SeveralCredentials),
        }
    }
}

fn in_header(header: &str, permitted: &Switches) -> Result<Credentials, Unauthenticated> {
    if header.len() > MOST_BYTES {
        return Err(Unauthenticated::Malformed);
    }
    let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
    let scheme = Scheme::named(scheme, permitted).ok_or(Unauthenticated::UnsupportedScheme)?;
    let value = value.trim_start_matches(' ');
    if matches!(scheme, Scheme::Basic) {
        return basic(value, permitted);
    }
    let token = BearerToken::parse(value).ok_or(Unauthenticated::Malformed)?;
    if scheme.takes(&token) { Ok(Credentials::Token(token)) } else { Err(Unauthenticated::WrongScheme) }
}

/// Returns a user's name and password (RFC 7617), or a client's id and secret (RFC 6749 §2.3.1). A secret is known by
/// its prefix, so that none is ever verified as a password.
fn basic(value: &str, permitted: &Switches) -> Result<Credentials, Unauthenticated> {
    let basic = Basic::parse(value).ok_or(Unauthenticated::Malformed)?;
    let is_client = Secret::<ClientSecret>::is_prefixed(&basic.password);
    let switch = if is_client { Switch::BasicClient } else { Switch::BasicUser };
    if !permitted.has(switch) {
        return Err(Unauthenticated::UnsupportedScheme);
    }
    if is_client {
        let client = shared::endpoint::Credentials::of_basic(&basic).ok_or(Unauthenticated::Malformed)?;
        return Ok(Credentials::Client(client));
    }
    Ok(Credentials::User(basic))
}

/// Returns a token (RFC 6750 §2.3), or a client's id and secret. Without the switch, these parameters belong to the
/// API.
fn in_query(event: &Event, permitted: &Switches) -> Result<Option<Credentials>, Unauthenticated> {
    if !permitted.has(Switch::QueryToken) && !permitted.has(Switch::QueryClient) {
        return Ok(None);
    }
    let query = event.query()?;
    let get = |switch, name| if permitted.has(switch) { query.get(name) } else { Ok(None) };
    let token = get(Switch::QueryToken, "access_token")?;
    let client = (get(Switch::QueryClient, "client_id")?, get(Switch::QueryClient, "client_secret")?);
    match (token, client) {
        (None, (None, None)) => Ok(None),
        (Some(token), (None, None)) => {
            let token = BearerToken::parse(token).ok_or(Unauthenticated::Malformed)?;
            Ok(Some(Credentials::Token(token)))
        }
        (None, (Some(id), Some(secret))) => {
            Ok(Some(Credentials::Client(shared::endpoint::Credentials::of_parameters(id, secret))))
        }
        (None, _) => Err(Unauthenticated::Malformed),
        (Some(_), _) => Err(Unauthenticated::SeveralCredentials),
    }
}

impl Scheme {
    /// Returns the scheme with this name, in any case (RFC 9110 §11.1), if it is permitted.
    fn named(name: &str, permitted: &Switches) -> Option<Self> {
        let schemes = [
            ("Bearer", Self::Bearer, true),
            ("Token", Self::Token, permitted.has(Switch::TokenScheme)),
            ("TempToken", Self::TempToken, permitted.has(Switch::TempTokenScheme)),
            ("Basic", Self::Basic, permitted.has(Switch::BasicUser) || permitted.has(Switch::BasicClient)),
        ];
        let named = schemes.into_iter().find(|(own, ..)| own.eq_ignore_ascii_case(name));
        named.and_then(|(_, scheme, on)| on.then_some(scheme))
    }

    /// Returns whether the scheme is for tokens of this kind.
    const fn takes(self, token: &BearerToken) -> bool {
        match (self, token) {
            (Self::Bearer, _)
            | (Self::Token, BearerToken::Access(_) | BearerToken::Personal(Presented::Api(_)))
            | (Self::TempToken, BearerToken::Personal(Presented::Temporary(_))) => true,
            (Self::Token, BearerToken::Personal(Presented::Temporary(_)))
            | (Self::TempToken, BearerToken::Access(_) | BearerToken::Personal(Presented::Api(_)))
            | (Self::Basic, _) => false,
        }
    }
}

impl From<FormError> for Unauthenticated {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Repeated => Self::SeveralCredentials,
            FormError::NotAForm
            | FormError::NotFlatJson
            | FormError::TooLarge
            | FormError::BadEncoding
            | FormError::Missing(_) => Self::Malformed,
        }
    }
}
