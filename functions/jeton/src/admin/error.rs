//! The reasons why a command fails, and their exit codes.

use std::{io, path::PathBuf};

use shared::{
    clients::{self, InvalidRegistration, description::InvalidDescription},
    config::InvalidVariable,
    dynamodb::{self, Outage},
    oauth::{ClientId, InvalidClientId, InvalidScope},
    openid::{Claim, InvalidClaim, keys},
    resources::{self, InvalidResource},
    secret::Id,
    users::{self, InvalidPassword, InvalidUserName, UserName, personal::NotCreated},
};

use super::{
    apply::secrets::InvalidSecretsFile,
    configuration::InvalidFile,
    key::error::{InvalidKey, KmsError},
};
use crate::local;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Serve(#[from] local::Error),
    #[error(transparent)]
    Config(#[from] InvalidVariable),
    #[error("serve has a DynamoDB of its own: --endpoint-url is for the other commands")]
    EndpointUrlOfServe,
    #[error("--endpoint-url {0:?} is not an http or https URL")]
    EndpointUrl(String),
    #[error(transparent)]
    Input(#[from] InvalidInput),
    #[error(transparent)]
    NotFound(#[from] NotFound),
    #[error(transparent)]
    Client(clients::WriteError),
    #[error(transparent)]
    Resource(resources::WriteError),
    #[error(transparent)]
    User(users::Unchanged),
    #[error(transparent)]
    PersonalToken(NotCreated),
    #[error(transparent)]
    Key(keys::WriteError),
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// `apply --dry-run` found changes.
    #[error("changes to make: {0}")]
    Pending(usize),
    /// `doctor` found failures.
    #[error("failed checks: {0}")]
    Unhealthy(usize),
    #[error("{0}{hint}", hint = hint(.0))]
    Table(#[from] dynamodb::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The reason why input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidInput {
    #[error(transparent)]
    ClientId(#[from] InvalidClientId),
    #[error(transparent)]
    Registration(#[from] InvalidRegistration),
    #[error("client {0} is public: it has no secret")]
    PublicClient(ClientId),
    #[error(transparent)]
    Description(#[from] InvalidDescription),
    #[error(transparent)]
    UserName(#[from] InvalidUserName),
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// The text is not quoted: it may be a value.
    #[error("give a claim as CLAIM=VALUE")]
    NoClaimValue,
    #[error("`{0}` is no claim; a user may have {names}", names = Claim::names())]
    UnknownClaim(String),
    #[error("{0} is empty: --unset {0} removes a claim")]
    EmptyClaim(&'static str),
    #[error("{0} is given twice")]
    ClaimTwice(&'static str),
    #[error("user {0} has this e-mail address; give --shared-email if both users have it")]
    EmailInUse(Id),
    #[error("{0} is not a developer; see `jeton user grant-role {0} developer`")]
    NotADeveloper(UserName),
    #[error("{0} is disabled; see `jeton user enable {0}`")]
    Disabled(UserName),
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    #[error("the password is not UTF-8 text")]
    PasswordEncoding,
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("there is no terminal to type a password at: pipe it in, with --password-stdin")]
    NoTerminal,
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    #[error(transparent)]
    Resource(#[from] InvalidResource),
    #[error("--openid needs the grant authorization_code")]
    OpenIdWithoutCode,
    #[error("give `any` or the resources, not both")]
    AnyAndResources,
    #[error("the issuer is not known: set JETON_ISSUER, or give --issuer")]
    NoIssuer,
    #[error("a token carries at most 20 scope values of 224 bytes together")]
    ScopeTooLarge,
    #[error("a temporary token lives {0} seconds at most (JETON_TEMPORARY_TOKEN_SECONDS)")]
    TemporaryLifetime(u64),
    #[error("give --user or --client")]
    NeitherUserNorClient,
    #[error("{0} cannot be read: {1}")]
    ImportFile(PathBuf, io::Error),
    #[error("bad lines, not imported: {0}")]
    BadLines(u64),
    #[error("pipe the token in, or give it as an argument")]
    NoTokenPiped,
    #[error(transparent)]
    Token(#[from] UnsupportedToken),
    #[error(transparent)]
    File(#[from] InvalidFile),
    #[error(transparent)]
    SecretsFile(#[from] InvalidSecretsFile),
    #[error(transparent)]
    Key(#[from] InvalidKey),
    #[error("nothing was changed")]
    Declined,
    #[error("there is no terminal to ask at: give --yes to make the change")]
    NotConfirmed,
}

/// The reason why a command does not take a text as a token.
#[derive(Debug, thiserror::Error)]
pub enum UnsupportedToken {
    #[error("the token is empty: pipe it in, or give it as an argument")]
    Empty,
    #[error("this is a client secret: `jeton client rotate-secret CLIENT_ID --overlap 0` invalidates it")]
    ClientSecret,
    #[error(
        "this is a device cookie, which does not sign its user in: \
         `jeton token revoke-all --user NAME` invalidates it"
    )]
    DeviceCookie,
    #[error("this is a reset link: setting a password, or `jeton user disable NAME`, invalidates it")]
    ResetLink,
    #[error("this is the cookie of a login page, which does not sign a user in: it ends by itself")]
    LoginCookie,
    #[error(
        "this is a session: `jeton token revoke` ends it, and `jeton user sign-out NAME` ends all sessions of a user"
    )]
    Session,
    #[error("this is neither a token nor a grant's id; it may be incomplete")]
    Unknown,
}

#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    #[error("there is no client {0}")]
    Client(ClientId),
    #[error("there is no user {0}")]
    User(UserName),
    #[error("there is no key {0}; see `jeton key list`")]
    Key(String),
    #[error("there is no description of {0}")]
    Description(String),
    #[error("there is no grant {0}; it may have expired")]
    Grant(Id),
    #[error("there is no such personal token; it may have expired")]
    PersonalToken,
    #[error("there is no such session; it may have ended")]
    Session,
    #[error("the token does not work any more")]
    EndedToken,
}

impl Error {
    /// Returns the process's exit code.
    pub const fn exit_code(&self) -> u8 {
        const FAILED: u8 = 1;
        const INVALID: u8 = 2;
        const NOT_FOUND: u8 = 3;
        const PENDING: u8 = 4;

        match self {
            Self::Serve(local::Error::Config(_))
            | Self::Config(_)
            | Self::EndpointUrlOfServe
            | Self::EndpointUrl(_)
            | Self::Input(_) => INVALID,
            Self::NotFound(_) => NOT_FOUND,
            Self::Pending(_) => PENDING,
            Self::Client(error) => match error {
                clients::WriteError::Unknown(_) => NOT_FOUND,
                clients::WriteError::Exists(_)
                | clients::WriteError::Deleted(_)
                | clients::WriteError::TooMany => INVALID,
                clients::WriteError::Raced(_) | clients::WriteError::Table(_) => FAILED,
            },
            Self::Resource(error) => match error {
                resources::WriteError::Unknown(_) => NOT_FOUND,
                resources::WriteError::Exists(_) | resources::WriteError::TooMany => INVALID,
                resources::WriteError::Raced | resources::WriteError::Table(_) => FAILED,
            },
            Self::User(error) => match error {
                users::Unchanged::Unknown(_) => NOT_FOUND,
                users::Unchanged::Exists(_)
                | users::Unchanged::TooManyRoles(_)
                | users::Unchanged::GroupsTooLarge(_) => INVALID,
                users::Unchanged::Raced(_) | users::Unchanged::Table(_) => FAILED,
            },
            Self::PersonalToken(error) => match error {
                NotCreated::TooMany | NotCreated::Ended => INVALID,
                NotCreated::Table(_) => FAILED,
            },
            Self::Key(_)
            | Self::Kms(_)
            | Self::Serve(_)
            | Self::Table(_)
            | Self::Io(_)
            | Self::Unhealthy(_) => FAILED,
        }
    }
}

/// Returns what the administrator should check after this error.
const fn hint(error: &dynamodb::Error) -> &'static str {
    let dynamodb::Error::Unavailable { outage, .. } = error else { return "" };
    match outage {
        Outage::NotSent => {
            "; are AWS credentials and a region set (AWS_PROFILE, AWS_REGION)? \
             For a local server, give --endpoint-url"
        }
        Outage::NoConnection => "; does DynamoDB answer at this URL?",
        Outage::NoSuchTable => {
            "; is this the account and region of the deployment? \
             JETON_TOKENS_TABLE, JETON_CLIENTS_TABLE and JETON_USERS_TABLE name its tables"
        }
        Outage::TimedOut
        | Outage::NotBuilt(_)
        | Outage::MalformedResponse
        | Outage::LeftOver
        | Outage::Service(_)
        | Outage::Unknown => "",
    }
}

/// Converts errors of input to [`Error::Input`], so that `?` takes them.
macro_rules! input_errors {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Input(error.into())
            }
        })*
    };
}

input_errors![
    InvalidClientId,
    InvalidRegistration,
    InvalidDescription,
    InvalidUserName,
    InvalidClaim,
    InvalidPassword,
    InvalidScope,
    InvalidResource,
    UnsupportedToken,
    InvalidFile,
    InvalidSecretsFile,
    InvalidKey,
];

impl From<clients::WriteError> for Error {
    fn from(error: clients::WriteError) -> Self {
        match error {
            clients::WriteError::Table(error) => Self::Table(error),
            error => Self::Client(error),
        }
    }
}

impl From<resources::WriteError> for Error {
    fn from(error: resources::WriteError) -> Self {
        match error {
            resources::WriteError::Table(error) => Self::Table(error),
            error => Self::Resource(error),
        }
    }
}

impl From<users::Unchanged> for Error {
    fn from(error: users::Unchanged) -> Self {
        match error {
            users::Unchanged::Table(error) => Self::Table(error),
            error => Self::User(error),
        }
    }
}

impl From<NotCreated> for Error {
    fn from(error: NotCreated) -> Self {
        match error {
            NotCreated::Table(error) => Self::Table(error),
            error => Self::PersonalToken(error),
        }
    }
}

impl From<keys::WriteError> for Error {
    fn from(error: keys::WriteError) -> Self {
        match error {
            keys::WriteError::Table(error) => Self::Table(error),
            error @ keys::WriteError::Raced => Self::Key(error),
        }
    }
}
