//! The token or grant that a command names.

use std::io::{self, IsTerminal, Read};

use clap::Args;
use shared::{
    grants::Grant,
    secret::{
        AccessToken, AuthorizationCode, ClientSecret, DeviceCookie, Id, RefreshToken, ResetLink, Secret,
        Session, Visit,
    },
    users::personal::{PersonalToken, Presented},
};

use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput, NotFound, UnsupportedToken},
};

#[derive(Debug, Args)]
pub struct TokenArgument {
    /// The token, or the id of a grant or personal token. Without it, or with -, the command reads it from standard
    /// input, so that it does not appear in the shell's history
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

/// A token by its kind, or an id.
pub(super) enum Subject {
    Access(Secret<AccessToken>),
    Refresh(Secret<RefreshToken>),
    Code(Secret<AuthorizationCode>),
    Personal(Presented),
    Session(Secret<Session>),
    /// The id of a grant or personal token.
    Id(Id),
}

impl TokenArgument {
    /// More bytes than any token has.
    const MOST_BYTES: u64 = 4_096;

    pub(super) fn subject(self) -> Result<Subject, Error> {
        match self.token {
            Some(token) if token != "-" => Subject::parse(&token),
            _ => Subject::parse(Self::read()?.trim()),
        }
    }

    fn read() -> Result<String, Error> {
        if io::stdin().is_terminal() {
            return Err(InvalidInput::NoTokenPiped.into());
        }
        let mut text = String::new();
        io::stdin().take(Self::MOST_BYTES).read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Subject {
    /// Parses a token. The error does not repeat the text, which may be a token with a typing error.
    fn parse(text: &str) -> Result<Self, Error> {
        let access = || Secret::parse(text).ok().map(Self::Access);
        let refresh = || Secret::parse(text).ok().map(Self::Refresh);
        let code = || Secret::parse(text).ok().map(Self::Code);
        let personal = || Presented::parse(text).map(Self::Personal);
        let session = || Secret::parse(text).ok().map(Self::Session);
        let id = || text.parse().ok().map(Self::Id);
        let subject = access().or_else(refresh).or_else(code).or_else(personal).or_else(session).or_else(id);
        subject.ok_or_else(|| unsupported_token(text).into())
    }

    pub(super) const fn id(&self) -> Id {
        match self {
            Self::Access(token) => token.id(),
            Self::Refresh(token) => token.id(),
            Self::Code(token) => token.id(),
            Self::Personal(token) => token.id(),
            Self::Session(token) => token.id(),
            Self::Id(id) => *id,
        }
    }

    /// Returns whether `grant` still has the token. It has redeemed codes and used refresh tokens, too.
    pub(super) fn is_of(&self, grant: &Grant) -> bool {
        match self {
            Self::Access(token) => [&grant.access, &grant.previous_access]
                .into_iter()
                .flatten()
                .any(|it| it.digest == token.digest()),
            Self::Refresh(token) => {
                grant.refresh.as_ref().is_some_and(|refresh| refresh.family == token.family())
            }
            Self::Code(token) => grant.code.as_ref().is_some_and(|code| code.digest == token.digest()),
            Self::Id(_) => true,
            Self::Personal(_) | Self::Session(_) => false,
        }
    }

    /// Returns the personal token, if the subject is one.
    pub(super) async fn personal_token(&self, admin: &Admin) -> Result<Option<PersonalToken>, Error> {
        let tokens = &admin.app.personal_tokens;
        match self {
            Self::Access(_) | Self::Refresh(_) | Self::Code(_) | Self::Session(_) => Ok(None),
            Self::Personal(token) => {
                let found = tokens.find(token).await?;
                Ok(Some(found.ok_or(NotFound::PersonalToken)?))
            }
            Self::Id(id) => Ok(tokens.read(*id).await?),
        }
    }

    /// Returns the personal token's text, if it was given, and not only its id.
    pub(super) const fn presented(&self) -> Option<&Presented> {
        match self {
            Self::Personal(token) => Some(token),
            Self::Access(_) | Self::Refresh(_) | Self::Code(_) | Self::Session(_) | Self::Id(_) => None,
        }
    }
}

/// Returns the kind of a text that is not a token, or not one that the command takes.
fn unsupported_token(text: &str) -> UnsupportedToken {
    if text.is_empty() {
        UnsupportedToken::Empty
    } else if Secret::<ClientSecret>::parse(text).is_ok() {
        UnsupportedToken::ClientSecret
    } else if Secret::<DeviceCookie>::parse(text).is_ok() {
        UnsupportedToken::DeviceCookie
    } else if Secret::<ResetLink>::parse(text).is_ok() {
        UnsupportedToken::ResetLink
    } else if Secret::<Visit>::parse(text).is_ok() {
        UnsupportedToken::LoginCookie
    } else {
        UnsupportedToken::Unknown
    }
}
