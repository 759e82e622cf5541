//! The requests, and what their right answers are.

use std::mem;

use hyper::{Response, StatusCode, body::Bytes, header::RETRY_AFTER};
use serde::Deserialize;

use super::stage::{Chain, Stage, User};
use crate::{
    http::{self, Connection, json, post},
    jeton::PASSWORD,
};

/// A kind of request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ClientCredentials,
    Introspection,
    Refresh,
    SignIn,
}

/// What a response is.
pub(super) enum Outcome {
    Answered,
    /// A 503 that says when to come back.
    Refused,
    Wrong(String),
}

/// What a request takes, so that no other has it at the same time.
pub(super) enum Subject {
    None,
    Chain(Chain),
    User(User),
}

#[derive(Deserialize)]
struct Introspection {
    active: bool,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    refresh_token: String,
}

impl Kind {
    pub(super) const ALL: [Self; 4] =
        [Self::ClientCredentials, Self::Introspection, Self::Refresh, Self::SignIn];

    /// The requests that are not sign-ins, in the proportion in which they are sent.
    pub(super) const REQUESTS: &[Self] = &{
        use Kind::{ClientCredentials as C, Introspection as I, Refresh as R};
        [I, R, I, R, C, I, R, I, R, I]
    };

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Introspection => "introspection",
            Self::Refresh => "refresh_token",
            Self::SignIn => "sign-in",
        }
    }

    /// Takes what the request needs. `None`: other requests have all of it.
    pub(super) fn subject(self, stage: &Stage) -> Option<Subject> {
        match self {
            Self::ClientCredentials | Self::Introspection => Some(Subject::None),
            Self::Refresh => stage.chains.borrow_mut().pop_front().map(Subject::Chain),
            Self::SignIn => stage.users.borrow_mut().pop_front().map(Subject::User),
        }
    }

    /// Sends the request, and judges the response. A grant whose answer was lost or refused keeps its token.
    pub(super) async fn send(
        self,
        stage: &Stage,
        server: &Connection,
        subject: &mut Subject,
    ) -> Result<Outcome, http::Error> {
        let service = Some(stage.service.as_str());
        let response = match (self, &mut *subject) {
            (Self::Refresh, Subject::Chain(chain)) => {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("client_id", stage.app.as_str()),
                    ("refresh_token", chain.token.as_str()),
                ];
                server.send(post("/oauth/token", &fields, None)?).await?
            }
            (Self::SignIn, Subject::User(user)) => {
                let typed = [("username", user.name.as_str()), ("password", PASSWORD)];
                user.browser.clone().submit(server, &user.form, &typed).await?
            }
            (Self::Introspection, _) => {
                let fields = [("token", stage.token.as_str())];
                server.send(post("/oauth/introspect", &fields, service)?).await?
            }
            _ => {
                let fields = [("grant_type", "client_credentials")];
                server.send(post("/oauth/token", &fields, service)?).await?
            }
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE
            && response.headers().contains_key(RETRY_AFTER)
        {
            return Ok(Outcome::Refused);
        }
        Ok(match self.judge(&response, subject) {
            Ok(()) => Outcome::Answered,
            Err(error) => Outcome::Wrong(error.to_string()),
        })
    }

    fn judge(self, response: &Response<Bytes>, subject: &mut Subject) -> Result<(), http::Error> {
        let wrong = || http::Error::unexpected(self.label(), response);
        match (self, subject) {
            (Self::Introspection, _) => {
                let Introspection { active } = json(self.label(), response)?;
                if active { Ok(()) } else { Err(wrong()) }
            }
            (Self::Refresh, Subject::Chain(chain)) => {
                let tokens: Tokens = json(self.label(), response)?;
                let used = mem::replace(&mut chain.token, tokens.refresh_token);
                if chain.token.is_empty() || chain.token == used { Err(wrong()) } else { Ok(()) }
            }
            (Self::SignIn, _) => {
                if response.status() == StatusCode::SEE_OTHER {
                    Ok(())
                } else {
                    Err(wrong())
                }
            }
            _ => {
                let tokens: Tokens = json(self.label(), response)?;
                if tokens.access_token.is_empty() { Err(wrong()) } else { Ok(()) }
            }
        }
    }
}

impl Subject {
    /// Gives back what the request had.
    pub(super) fn give_back(self, stage: &Stage) {
        match self {
            Self::None => {}
            Self::Chain(chain) => stage.chains.borrow_mut().push_back(chain),
            Self::User(user) => stage.users.borrow_mut().push_back(user),
        }
    }
}
