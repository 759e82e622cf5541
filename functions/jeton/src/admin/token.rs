//! `jeton token …`

use std::io::{self, IsTerminal, Read};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    audit::Event,
    client::ClientId,
    grant::{Access, Grant, Revocation, State, Why},
    personal::{PersonalToken, Presented},
    secret::{AccessToken, ClientSecret, Id, Secret},
    status::Status,
    time::Timestamp,
};

use super::{
    Admin, Error,
    output::{properties, utc},
    personal::{self, Create},
    sweep::sweep,
};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a personal token, with which a program acts for a person; it is shown this once
    Create(Create),
    /// List a person's personal tokens, with the day each was last used
    List {
        /// What the person signs in as
        #[arg(long, value_name = "NAME")]
        person: String,
    },
    /// Show what a token is worth, and why
    Inspect(Named),
    /// Make a token useless; with a grant's id, everything the grant has; with a personal token's id, that token
    Revoke(Named),
    /// End everything that a person authorized, or that a client was issued, until now
    RevokeAll(Everyone),
}

/// A token or a grant.
#[derive(Debug, Args)]
pub struct Named {
    /// The token, or the id of its grant, or a personal token's id. Without it, or with -, it is read from standard input, which keeps a
    /// token out of the shell's history
    #[arg(value_name = "TOKEN")]
    token: Option<String>,
}

/// Whose tokens to end.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Everyone {
    /// What a person signs in as: they are signed out, too
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// A client's id. The clean-up afterwards goes through the whole table
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

/// What was named.
enum Subject {
    Access(Secret<AccessToken>),
    Personal(Presented),
    /// A grant's id; or a personal token's.
    Id(Id),
}

impl TokenCommand {
    /// Does it.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::List { person } => personal::list(admin, &person).await,
            Self::Inspect(named) => inspect(admin, named.subject()?).await,
            Self::Revoke(named) => revoke(admin, named.subject()?).await,
            Self::RevokeAll(Everyone { person: Some(name), .. }) => revoke_all_of_person(admin, &name).await,
            Self::RevokeAll(Everyone { client: Some(id), .. }) => {
                revoke_all_of_client(admin, &id.parse()?).await
            }
            Self::RevokeAll(Everyone { person: None, client: None }) => {
                Err(Error::Usage("give --person or --client".to_owned()))
            }
        }
    }
}

impl Named {
    /// More than any token has.
    const MOST_BYTES: u64 = 4_096;

    fn subject(self) -> Result<Subject, Error> {
        let text = match self.token {
            Some(token) if token != "-" => token,
            _ => {
                if io::stdin().is_terminal() {
                    return Err(Error::Usage("pipe the token in, or give it as an argument".to_owned()));
                }
                let mut text = String::new();
                io::stdin().take(Self::MOST_BYTES).read_to_string(&mut text)?;
                text.trim().to_owned()
            }
        };
        if let Ok(token) = Secret::parse(&text) {
            return Ok(Subject::Access(token));
        }
        if let Some(token) = Presented::parse(&text) {
            return Ok(Subject::Personal(token));
        }
        // The text itself is not repeated: it may be a token with a typing error.
        text.parse().map(Subject::Id).map_err(|_| {
            let what = if text.is_empty() {
                "nothing was given: pipe a token in, or give it as an argument"
            } else if Secret::<ClientSecret>::parse(&text).is_ok() {
                "that is a client's secret; `jeton client` is for clients"
            } else {
                "that is neither a token nor a grant's id, or not all of it"
            };
            Error::Usage(what.to_owned())
        })
    }
}

impl Subject {
    const fn id(&self) -> Id {
        match self {
            Self::Access(token) => token.id(),
            Self::Personal(token) => token.id(),
            Self::Id(id) => *id,
        }
    }

    /// The personal token that is meant, if one is.
    async fn personal_token(&self, admin: &Admin) -> Result<Option<PersonalToken>, Error> {
        let tokens = &admin.app.personal_tokens;
        match self {
            Self::Access(_) => Ok(None),
            Self::Personal(token) => {
                let found = tokens.find(token).await?;
                let unknown =
                    || Error::NotFound("there is no such personal token; it may have expired".to_owned());
                Ok(Some(found.ok_or_else(unknown)?))
            }
            Self::Id(id) => Ok(tokens.read(*id).await?),
        }
    }

    /// The personal token itself, if it was shown.
    const fn presented(&self) -> Option<&Presented> {
        match self {
            Self::Personal(token) => Some(token),
            Self::Access(_) | Self::Id(_) => None,
        }
    }
}

async fn inspect(admin: &Admin, subject: Subject) -> Result<(), Error> {
    if let Some(token) = subject.personal_token(admin).await? {
        return personal::inspect(admin, &token, subject.presented()).await;
    }
    let now = admin.app.clock.now();
    let (grant, statuses) = known(admin, subject.id()).await?;
    let verdict = verdict(&grant, &statuses, &subject, now);
    let json = json!({
        "active": verdict.is_ok(),
        "reason": verdict.as_ref().err(),
        "grant": describe(&grant, subject.id()),
    });
    let mut rows = vec![
        ("active", if verdict.is_ok() { "yes".to_owned() } else { "no".to_owned() }),
        ("grant", subject.id().to_string()),
        ("client", grant.client.to_string()),
        ("subject", grant.subject()),
        ("scope", grant.scope.to_string()),
        ("issuer", grant.issuer.to_string()),
        ("issued", utc(grant.issued_at)),
        ("expires", grant.expires_at.map_or_else(|| "never".to_owned(), utc)),
    ];
    if let Subject::Access(token) = &subject {
        rows.insert(2, ("jti", token.digest().name()));
    }
    if let Err(reason) = verdict {
        rows.insert(1, ("because", reason));
    }
    admin.print(&json, &properties(rows))
}

async fn revoke(admin: &Admin, subject: Subject) -> Result<(), Error> {
    let (grants, now, id) = (&admin.app.grants, admin.app.clock.now(), subject.id());
    if let Some(token) = subject.personal_token(admin).await? {
        return personal::end(admin, &token, id).await;
    }
    let (client, token) = match &subject {
        Subject::Access(token) => {
            let (grant, _) = known(admin, id).await?;
            if grants.revoke_access(token, &grant.client, now).await? != Revocation::Revoked {
                return Err(Error::NotFound("that token does not work any more".to_owned()));
            }
            (grant.client, Some(token.digest().name()))
        }
        Subject::Personal(_) | Subject::Id(_) => {
            let ended = grants.end(id, Why::Administrator, now).await?;
            (ended.ok_or_else(|| no_grant(id))?.client, None)
        }
    };
    admin.audit(Event::Revoked { grant: id, client: None, token: token.clone() });
    let what =
        if token.is_some() { "The token is revoked." } else { "The grant is ended, with all its tokens." };
    admin.print(&revoked(id, &client, token.as_deref()), what)
}

/// The first write is what counts. That the grants are ended one by one as well is housekeeping.
async fn revoke_all_of_person(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.person(name).await?;
    admin.app.users.end_everything(user.sub, admin.app.clock.now()).await?;
    admin.user_changed(user.sub, "everything_ended");
    let ended = sweep(admin, &admin.app.grants.of_person(user.sub).await?).await?;
    let json = json!({ "revoked": true, "sub": user.sub, "username": user.username, "grants_ended": ended });
    admin.print(&json, &format!("Everything that {} authorized until now is dead.", user.username))
}

async fn revoke_all_of_client(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    admin.app.clients.end_everything(id, admin.app.clock.now()).await?;
    admin.client_changed(id, "everything_ended");
    let ended = sweep(admin, &admin.app.grants.of_client(id).await?).await?;
    let json = json!({ "revoked": true, "client_id": id, "grants_ended": ended });
    admin.print(&json, &format!("Everything that client {id} was issued until now is dead."))
}

fn revoked(grant: Id, client: &ClientId, jti: Option<&str>) -> Value {
    json!({ "revoked": true, "grant": grant, "client_id": client, "jti": jti })
}

async fn known(admin: &Admin, id: Id) -> Result<(Grant, Vec<Option<Status>>), Error> {
    let grant = admin.app.grants.find(id).await?.ok_or_else(|| no_grant(id))?;
    let statuses = admin.app.statuses.find(&grant.depends_on()).await?;
    Ok((grant, statuses))
}

fn no_grant(id: Id) -> Error {
    Error::NotFound(format!("there is no grant {id}; it may have expired"))
}

/// Whether it works, or why not, in words.
fn verdict(
    grant: &Grant,
    statuses: &[Option<Status>],
    subject: &Subject,
    now: Timestamp,
) -> Result<(), String> {
    if let Some(end) = grant.end {
        return Err(format!("{} at {}", end.why, utc(end.at)));
    }
    grant.is_upheld_by(statuses).map_err(|fallen| format!("its client or person: {fallen}"))?;
    match subject {
        Subject::Access(token) => grant.live_access(token, now).map(drop).map_err(|dead| {
            let revoked_at = grant.access.as_ref().and_then(|access| access.revoked_at);
            match revoked_at {
                Some(at) if dead == shared::grant::Dead::Unknown => {
                    format!("revoked at {}", utc(at))
                }
                _ => dead.to_string(),
            }
        }),
        Subject::Personal(_) | Subject::Id(_) => match (grant.expires_at, &grant.access) {
            (Some(end), _) if end.has_passed(now) => Err("expired".to_owned()),
            (_, Some(Access { revoked_at: Some(at), .. })) if grant.refresh.is_none() => {
                Err(format!("its only token was revoked at {}", utc(*at)))
            }
            _ => Ok(()),
        },
    }
}

fn describe(grant: &Grant, id: Id) -> Value {
    let access = |access: &Access| {
        json!({
            "jti": access.revoked_at.is_none().then(|| access.digest.name()),
            "issued_at": access.issued_at.seconds(),
            "expires_at": access.expires_at.map(Timestamp::seconds),
            "revoked_at": access.revoked_at.map(Timestamp::seconds),
        })
    };
    json!({
        "id": id,
        "state": match grant.state {
            State::Code => "code",
            State::Active => "active",
            State::Ended => "ended",
        },
        "client_id": grant.client,
        "sub": grant.subject(),
        "scope": grant.scope.to_string(),
        "iss": grant.issuer,
        "issued_at": grant.issued_at.seconds(),
        "expires_at": grant.expires_at.map(Timestamp::seconds),
        "access": grant.access.as_ref().map(access),
        "previous_access": grant.previous_access.as_ref().map(access),
        "ended_at": grant.end.map(|end| end.at.seconds()),
        "ended_because": grant.end.map(|end| end.why.to_string()),
    })
}
