//! What a request shows for itself: a bearer token in its header (RFC 6750 §2.1); and what older services take besides,
//! each of which is a switch of the deployment.

use shared::{
    bearer::BearerToken,
    client,
    compat::{Switch, Switches},
    http::{Basic, FormError},
    personal::Presented,
    secret::{ClientSecret, Secret},
};

use crate::{event::Event, refusal::Unauthenticated};

/// The longest header that is looked at. The longest name and password make less.
const MOST_BYTES: usize = 4_096;

/// What a request shows: nothing is proven yet.
pub(crate) enum Credentials {
    /// A token.
    Token(BearerToken),
    /// A person's name and password.
    Person(Basic),
    /// A client's id and secret.
    Client(client::Credentials),
    /// Nothing, which is permitted.
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
    /// What `event` shows, in one way alone (§2) of those that are permitted. Who shows something is no guest, even if
    /// it is worth nothing.
    pub(crate) fn read(event: &Event, permitted: &Switches) -> Result<Self, Unauthenticated> {
        match (event.authorization().as_slice(), in_query(event, permitted)?) {
            ([header], None) => in_header(header.trim(), permitted),
            ([], Some(credentials)) => Ok(credentials),
            ([], None) if permitted.has(Switch::Guest) => Ok(Self::Guest),
            ([], None) => Err(Unauthenticated::Nobody),
            _ => Err(Unauthenticated::Twice),
        }
    }
}

fn in_header(header: &str, permitted: &Switches) -> Result<Credentials, Unauthenticated> {
    if header.len() > MOST_BYTES {
        return Err(Unauthenticated::Malformed);
    }
    let (scheme, shown) = header.split_once(' ').unwrap_or((header, ""));
    let scheme = Scheme::named(scheme, permitted).ok_or(Unauthenticated::OtherScheme)?;
    let shown = shown.trim_start_matches(' ');
    if matches!(scheme, Scheme::Basic) {
        return basic(shown, permitted);
    }
    let token = BearerToken::parse(shown).ok_or(Unauthenticated::Malformed)?;
    if scheme.takes(&token) { Ok(Credentials::Token(token)) } else { Err(Unauthenticated::OtherKind) }
}

/// A person's name and password (RFC 7617), or a client's id and secret (RFC 6749 §2.3.1). The prefix of a secret says
/// that it is one, so that none is ever tried as a password.
fn basic(shown: &str, permitted: &Switches) -> Result<Credentials, Unauthenticated> {
    let basic = Basic::parse(shown).ok_or(Unauthenticated::Malformed)?;
    let is_client = Secret::<ClientSecret>::is_prefixed(&basic.password);
    let switch = if is_client { Switch::BasicClient } else { Switch::BasicPerson };
    if !permitted.has(switch) {
        return Err(Unauthenticated::OtherScheme);
    }
    if is_client {
        let client = client::Credentials::of_basic(&basic).ok_or(Unauthenticated::Malformed)?;
        return Ok(Credentials::Client(client));
    }
    Ok(Credentials::Person(basic))
}

/// A token (RFC 6750 §2.3), or a client's id and secret. What no switch permits is none of ours, but the API's own.
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
            Ok(Some(Credentials::Client(client::Credentials::of_parameters(id, secret))))
        }
        (None, _) => Err(Unauthenticated::Malformed),
        (Some(_), _) => Err(Unauthenticated::Twice),
    }
}

impl Scheme {
    /// The scheme called `name`, in any case (RFC 9110 §11.1), if it is permitted.
    fn named(name: &str, permitted: &Switches) -> Option<Self> {
        let schemes = [
            ("Bearer", Self::Bearer, true),
            ("Token", Self::Token, permitted.has(Switch::TokenScheme)),
            ("TempToken", Self::TempToken, permitted.has(Switch::TempTokenScheme)),
            ("Basic", Self::Basic, permitted.has(Switch::BasicPerson) || permitted.has(Switch::BasicClient)),
        ];
        let named = schemes.into_iter().find(|(own, ..)| own.eq_ignore_ascii_case(name));
        named.and_then(|(_, scheme, on)| on.then_some(scheme))
    }

    /// Whether tokens of the kind of `token` come by it.
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
            FormError::Repeated => Self::Twice,
            FormError::NotAForm
            | FormError::NotFlatJson
            | FormError::TooLarge
            | FormError::BadEncoding
            | FormError::Missing(_) => Self::Malformed,
        }
    }
}
