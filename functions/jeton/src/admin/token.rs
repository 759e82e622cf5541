//! `jeton token …`

use std::io::{self, IsTerminal, Read};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    audit::Event,
    client::ClientId,
    grant::{Access, Dead, Grant, Revocation, State, Why},
    personal::{PersonalToken, Presented},
    secret::{
        AccessToken, AuthorizationCode, Browser, ClientSecret, Id, RefreshToken, Secret, Session, Visit,
    },
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
    /// Create a personal token, with which a program acts for a user; it is shown this once
    Create(Create),
    /// List a user's personal tokens, with the day each was last used
    List {
        /// What the user signs in as
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// Show whether a token works, and why not: an access token, a refresh token, a code or a personal token
    Inspect(Named),
    /// Revoke a token. An access token or a personal token ends alone, a session, too; a refresh token, a code or a
    /// grant's id ends the whole grant
    Revoke(Named),
    /// End everything that a user authorized, or that a client was issued, until now
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
    /// What a user signs in as: they are signed out, too
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A client's id. The clean-up afterwards goes through the whole table
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

/// What was named.
enum Subject {
    Access(Secret<AccessToken>),
    Refresh(Secret<RefreshToken>),
    Code(Secret<AuthorizationCode>),
    Personal(Presented),
    Session(Secret<Session>),
    /// A grant's id; or a personal token's.
    Id(Id),
}

impl TokenCommand {
    /// Does it.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Create(create) => create.run(admin).await,
            Self::List { user } => personal::list(admin, &user).await,
            Self::Inspect(named) => inspect(admin, named.subject()?).await,
            Self::Revoke(named) => revoke(admin, named.subject()?).await,
            Self::RevokeAll(Everyone { user: Some(name), .. }) => revoke_all_of_user(admin, &name).await,
            Self::RevokeAll(Everyone { client: Some(id), .. }) => {
                revoke_all_of_client(admin, &id.parse()?).await
            }
            Self::RevokeAll(Everyone { user: None, client: None }) => {
                Err(Error::Usage("give --user or --client".to_owned()))
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
        Subject::parse(&text)
    }
}

impl Subject {
    fn parse(text: &str) -> Result<Self, Error> {
        let access = || Secret::parse(text).ok().map(Self::Access);
        let refresh = || Secret::parse(text).ok().map(Self::Refresh);
        let code = || Secret::parse(text).ok().map(Self::Code);
        let personal = || Presented::parse(text).map(Self::Personal);
        let session = || Secret::parse(text).ok().map(Self::Session);
        let id = || text.parse().ok().map(Self::Id);
        let subject = access().or_else(refresh).or_else(code).or_else(personal).or_else(session).or_else(id);
        // The text itself is not repeated: it may be a token with a typing error.
        subject.ok_or_else(|| Error::Usage(not_a_token(text).to_owned()))
    }

    const fn id(&self) -> Id {
        match self {
            Self::Access(token) => token.id(),
            Self::Refresh(token) => token.id(),
            Self::Code(token) => token.id(),
            Self::Personal(token) => token.id(),
            Self::Session(token) => token.id(),
            Self::Id(id) => *id,
        }
    }

    /// Whether it was issued with `grant`, which still knows it. Once spent, a code or a refresh token still is.
    fn is_of(&self, grant: &Grant) -> bool {
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

    /// The personal token that is meant, if one is.
    async fn personal_token(&self, admin: &Admin) -> Result<Option<PersonalToken>, Error> {
        let tokens = &admin.app.personal_tokens;
        match self {
            Self::Access(_) | Self::Refresh(_) | Self::Code(_) | Self::Session(_) => Ok(None),
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
            Self::Access(_) | Self::Refresh(_) | Self::Code(_) | Self::Session(_) | Self::Id(_) => None,
        }
    }
}

/// What to do instead with text that is no token, or none that the command takes.
fn not_a_token(text: &str) -> &'static str {
    if text.is_empty() {
        "nothing was given: pipe a token in, or give it as an argument"
    } else if Secret::<ClientSecret>::parse(text).is_ok() {
        "that is a client's secret: `jeton client rotate-secret CLIENT_ID --overlap 0` makes it useless"
    } else if Secret::<Browser>::parse(text).is_ok() {
        "that is a device cookie, which does not sign its user in: \
         `jeton token revoke-all --user NAME` makes it useless"
    } else if Secret::<Visit>::parse(text).is_ok() {
        "that is the cookie of a login page, which does not sign a user in: it ends by itself"
    } else {
        "that is neither a token nor a grant's id, or not all of it"
    }
}

async fn inspect(admin: &Admin, subject: Subject) -> Result<(), Error> {
    if let Subject::Session(_) = subject {
        let message = "that is a session: `jeton token revoke` ends it, \
                       and `jeton user sign-out NAME` ends all of a user's";
        return Err(Error::Usage(message.to_owned()));
    }
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
    if let Subject::Session(session) = &subject {
        return end_session(admin, session).await;
    }
    let (grant, _) = known(admin, id).await?;
    let over = || Error::NotFound("that token does not work any more".to_owned());
    if !subject.is_of(&grant) {
        return Err(over());
    }
    let token = if let Subject::Access(token) = &subject {
        if grants.revoke_access(token, &grant.client, now).await? != Revocation::Revoked {
            return Err(over());
        }
        Some(token.digest().name())
    } else {
        grants.end(id, Why::Administrator, now).await?.ok_or_else(|| no_grant(id))?;
        None
    };
    admin.audit(Event::Revoked { grant: id, client: None, token: token.clone() });
    let what =
        if token.is_some() { "The token is revoked." } else { "The grant is ended, with all its tokens." };
    admin.print(&revoked(id, &grant.client, token.as_deref()), what)
}

async fn end_session(admin: &Admin, session: &Secret<Session>) -> Result<(), Error> {
    let over = || Error::NotFound("there is no such session; it may be over".to_owned());
    let person = admin.app.sessions.user_of(session).await?.ok_or_else(over)?;
    if !admin.app.sessions.end(session).await? {
        return Err(over());
    }
    admin.audit(Event::SignedOut { person, everywhere: false });
    admin.print(&json!({ "revoked": true, "sub": person }), "The session is ended.")
}

/// The first write is what counts. That the grants are ended one by one as well is housekeeping.
async fn revoke_all_of_user(admin: &Admin, name: &str) -> Result<(), Error> {
    let (user, end) = (admin.user(name).await?, admin.latest());
    admin.app.users.end_everything(user.sub, end).await?;
    admin.user_changed(user.sub, "everything_ended");
    let ended = sweep(admin, &admin.app.grants.of_person(user.sub).await?).await?;
    admin.passed(end).await;
    let json = json!({ "revoked": true, "sub": user.sub, "username": user.username, "grants_ended": ended });
    admin.print(&json, &format!("Everything that {} authorized until now is dead.", user.username))
}

async fn revoke_all_of_client(admin: &Admin, id: &ClientId) -> Result<(), Error> {
    let end = admin.latest();
    admin.app.clients.end_everything(id, end).await?;
    admin.client_changed(id, "everything_ended");
    let ended = sweep(admin, &admin.app.grants.of_client(id).await?).await?;
    admin.passed(end).await;
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
                Some(at) if dead == Dead::Unknown => {
                    format!("revoked at {}", utc(at))
                }
                _ => dead.to_string(),
            }
        }),
        Subject::Refresh(token) => {
            let refresh = grant.refresh.as_ref().filter(|refresh| refresh.family == token.family());
            let refresh = refresh.ok_or_else(|| Dead::Unknown.to_string())?;
            let ends = [refresh.expires_at, grant.expires_at].into_iter().flatten();
            if refresh.digest != token.digest() {
                Err("spent: its successor was issued".to_owned())
            } else if ends.min().is_some_and(|end| end.has_passed(now)) {
                Err(Dead::Expired.to_string())
            } else {
                Ok(())
            }
        }
        Subject::Code(token) => {
            let code = grant.code.as_ref().filter(|code| code.digest == token.digest());
            let code = code.ok_or_else(|| Dead::Unknown.to_string())?;
            if grant.state != State::Code {
                Err("redeemed already".to_owned())
            } else if code.expires_at.has_passed(now) {
                Err(Dead::Expired.to_string())
            } else {
                Ok(())
            }
        }
        Subject::Personal(_) | Subject::Session(_) | Subject::Id(_) => {
            match (grant.expires_at, &grant.access) {
                (Some(end), _) if end.has_passed(now) => Err("expired".to_owned()),
                (_, Some(Access { revoked_at: Some(at), .. })) if grant.refresh.is_none() => {
                    Err(format!("its only token was revoked at {}", utc(*at)))
                }
                _ => Ok(()),
            }
        }
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
