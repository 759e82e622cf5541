//! `jeton token create`, `list`, and what the other commands say of personal tokens.

use std::{str::FromStr, time::Duration};

use clap::Args;
use serde_json::{Value, json};
use shared::{
    audit::Event,
    grant::Dead,
    label::Label,
    personal::{Kind, NotCreated, PersonalToken, Presented, Wish},
    scope::Scope,
    secret::{Id, random},
    status::{Status, Whose},
    time::Timestamp,
};

use super::{
    Admin, Error,
    output::{columns, properties, utc},
};

/// A personal token to be created.
#[derive(Debug, Args)]
pub struct Create {
    /// What the user signs in as for whom the token acts
    #[arg(long, value_name = "NAME")]
    user: String,
    /// What it is for
    #[arg(long)]
    name: Label,
    /// A scope value that it is good for, as long as the deployment's `PersonalScopes` has it; may be repeated
    #[arg(long = "scope", value_name = "S", required = true)]
    scope: Vec<String>,
    /// A temporary token
    #[arg(long)]
    temporary: bool,
    /// How long it lives: 60 to 315360000, or `never` to end by itself; a temporary one no longer than
    /// `JETON_TEMPORARY_TOKEN_SECONDS` [default: 30 days; a temporary one as long as it may]
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<Lifetime>,
}

/// How long a token is to live.
#[derive(Clone, Copy, Debug)]
enum Lifetime {
    /// Until it is ended.
    Unlimited,
    Seconds(u64),
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let longest = PersonalToken::LONGEST.as_secs();
        match text.parse() {
            _ if text == "never" => Ok(Self::Unlimited),
            Ok(seconds) if (60..=longest).contains(&seconds) => Ok(Self::Seconds(seconds)),
            Ok(_) | Err(_) => Err(format!("must be 60 to {longest} seconds, or never")),
        }
    }
}

/// How long a token lives that nobody said anything about.
const DEFAULT: Duration = Duration::from_hours(30 * 24);

impl Create {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let kind = if self.temporary { Kind::Temporary } else { Kind::Api };
        let lifetime = lifetime(kind, self.ttl, admin.app.config.account.temporary_token)?;
        let values = self.scope.iter().flat_map(|option| option.split(' '));
        let scope = Scope::of(values).map_err(|error| Error::Usage(error.to_string()))?;
        if !scope.fits_a_grant() {
            return Err(Error::Usage(
                "a token carries at most 20 scope values of 224 bytes together".to_owned(),
            ));
        }
        let user = admin.user(&self.user).await?;
        let presented = Presented::new(kind, Id::random(), &random());
        let wish = Wish { person: user.sub, name: self.name, scope, lifetime };
        let statuses = admin.app.statuses.find(&[Whose::Person(user.sub)]).await?;
        let status = statuses.first().and_then(Option::as_ref);
        // The clock may be a second behind an end to everything that was before.
        let ended =
            status.and_then(|status| status.not_before).map(|end| end.after(Duration::from_millis(1)));
        let now = admin.app.clock.now().max(ended.unwrap_or(Timestamp::from_millis(0)));
        let token = PersonalToken::new(wish, &presented, now);
        admin.app.personal_tokens.create(&token, &presented, status, now).await?;
        changed(admin, user.sub, presented.id(), "created");
        let mut json = describe(&token);
        if let Some(json) = json.as_object_mut() {
            json.insert("token".to_owned(), json!(presented.expose()));
        }
        let rows = [("token", presented.expose().to_owned()), ("id", token.id().to_owned())];
        admin.print(&json, &format!("{}\n\nKeep the token safe: it is not shown again.", properties(rows)))
    }
}

fn lifetime(kind: Kind, asked: Option<Lifetime>, temporary: Duration) -> Result<Option<Duration>, Error> {
    match (kind, asked) {
        (Kind::Temporary, None) => Ok(Some(temporary)),
        (Kind::Temporary, Some(Lifetime::Seconds(seconds))) if seconds <= temporary.as_secs() => {
            Ok(Some(Duration::from_secs(seconds)))
        }
        (Kind::Temporary, Some(_)) => Err(Error::Usage(format!(
            "a temporary token lives {} seconds at most (JETON_TEMPORARY_TOKEN_SECONDS)",
            temporary.as_secs()
        ))),
        (Kind::Api, None) => Ok(Some(DEFAULT)),
        (Kind::Api, Some(Lifetime::Seconds(seconds))) => Ok(Some(Duration::from_secs(seconds))),
        (Kind::Api, Some(Lifetime::Unlimited)) => Ok(None),
    }
}

/// Lists a person's tokens that have neither ended nor expired.
pub(super) async fn list(admin: &Admin, name: &str) -> Result<(), Error> {
    let user = admin.user(name).await?;
    let tokens = admin.app.personal_tokens.of_person(user.sub, admin.app.clock.now()).await?;
    let json: Value = tokens.iter().map(describe).collect();
    let rows = tokens.iter().map(|token| {
        [
            token.id().to_owned(),
            token.name.to_string(),
            token.kind.to_string(),
            token.scope.to_string(),
            token.expires_at.map_or_else(|| "never".to_owned(), utc),
            token.last_used.map_or_else(|| "never".to_owned(), |day| day.to_string()),
        ]
    });
    admin.print(&json, &columns(["ID", "NAME", "KIND", "SCOPE", "EXPIRES", "LAST USED"], rows))
}

/// Shows what `token` is worth; `presented` is what was shown of it, if more than its id was.
pub(super) async fn inspect(
    admin: &Admin,
    token: &PersonalToken,
    presented: Option<&Presented>,
) -> Result<(), Error> {
    let now = admin.app.clock.now();
    let statuses = admin.app.statuses.find(&[token.depends_on()]).await?;
    let verdict = verdict(token, presented, statuses.first().and_then(Option::as_ref), now);
    let json = json!({
        "active": verdict.is_ok(),
        "reason": verdict.as_ref().err(),
        "personal_token": describe(token),
    });
    let mut rows = vec![
        ("active", if verdict.is_ok() { "yes" } else { "no" }.to_owned()),
        ("personal token", token.id().to_owned()),
        ("name", token.name.to_string()),
        ("kind", token.kind.to_string()),
        ("subject", token.person.to_string()),
        ("scope", token.scope.to_string()),
        ("created", utc(token.created_at)),
        ("expires", token.expires_at.map_or_else(|| "never".to_owned(), utc)),
        ("last used", token.last_used.map_or_else(|| "never".to_owned(), |day| day.to_string())),
    ];
    if let Err(reason) = verdict {
        rows.insert(1, ("because", reason));
    }
    admin.print(&json, &properties(rows))
}

/// Whether it works, or why not, in words.
fn verdict(
    token: &PersonalToken,
    presented: Option<&Presented>,
    status: Option<&Status>,
    now: Timestamp,
) -> Result<(), String> {
    if let Some(at) = token.ended_at {
        return Err(format!("ended at {}", utc(at)));
    }
    let live = presented.map_or_else(|| token.has_time_left(now), |presented| token.is_live(presented, now));
    live.map_err(|dead: Dead| dead.to_string())?;
    token.is_upheld_by(status).map_err(|fallen| format!("its person: {fallen}"))
}

/// Ends `token`.
pub(super) async fn end(admin: &Admin, token: &PersonalToken, id: Id) -> Result<(), Error> {
    // Two runs within a second may have the same time, by which the store recognises its own write: what was ended
    // before is told apart here.
    if token.ended_at.is_some()
        || !admin.app.personal_tokens.end(token.person, id, admin.app.clock.now()).await?
    {
        return Err(Error::NotFound("that token does not work any more".to_owned()));
    }
    changed(admin, token.person, id, "ended");
    let json = json!({ "revoked": true, "personal_token": id, "sub": token.person });
    admin.print(&json, "The personal token is ended.")
}

fn changed(admin: &Admin, person: Id, token: Id, change: &'static str) {
    admin.audit(Event::PersonalTokenChanged { person, token: Some(token), change });
}

fn describe(token: &PersonalToken) -> Value {
    json!({
        "id": token.id(),
        "name": token.name,
        "kind": token.kind.as_str(),
        "sub": token.person,
        "scope": token.scope.to_string(),
        "created_at": token.created_at.seconds(),
        "expires_at": token.expires_at.map(Timestamp::seconds),
        "last_used": token.last_used.map(|day| day.to_string()),
        "ended_at": token.ended_at.map(Timestamp::seconds),
    })
}

impl From<NotCreated> for Error {
    fn from(error: NotCreated) -> Self {
        match error {
            NotCreated::TooMany | NotCreated::Over => Self::Usage(error.to_string()),
            NotCreated::Table(error) => error.into(),
        }
    }
}
