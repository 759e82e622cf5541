//! `jeton token create`

use std::{str::FromStr, time::Duration};

use clap::Args;
use serde_json::json;
use shared::{
    audit::TokenChange,
    config::DisplayName,
    oauth::Scope,
    secret::{Id, random},
    status::Principal,
    time::Timestamp,
    users::personal::{Kind, NewToken, PersonalToken, Presented},
};

use super::personal;
use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    output::properties,
};

#[derive(Debug, Args)]
pub struct Create {
    /// The login name of the user for whom the token acts
    #[arg(long, value_name = "NAME")]
    user: String,
    /// A name that tells the user what the token is for
    #[arg(long)]
    name: DisplayName,
    /// A scope value of the token, effective as long as `JETON_PERSONAL_SCOPES` has it; repeatable
    #[arg(long = "scope", value_name = "S", required = true)]
    scope: Vec<String>,
    /// Create a temporary token
    #[arg(long)]
    temporary: bool,
    /// Lifetime: 60 to 315360000, or never, which is without end; for a temporary token up to
    /// `JETON_TEMPORARY_TOKEN_SECONDS` [default: 30 days; for a temporary token the longest]
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<Lifetime>,
}

/// The requested lifetime of a token.
#[derive(Clone, Copy, Debug)]
enum Lifetime {
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

/// The lifetime of a token without `--ttl`.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(30 * 24);

impl Create {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let kind = if self.temporary { Kind::Temporary } else { Kind::Api };
        let lifetime = lifetime(kind, self.ttl, admin.app.config.account.temporary_token)?;
        let values = self.scope.iter().flat_map(|option| option.split(' '));
        let scope = Scope::of(values)?;
        if !scope.fits_a_grant() {
            return Err(InvalidInput::ScopeTooLarge.into());
        }
        let user = admin.user(&self.user).await?;
        let presented = Presented::new(kind, Id::random(), &random());
        let new = NewToken { user: user.sub, name: self.name, scope, lifetime };
        let statuses = admin.app.statuses.find(&[Principal::User(user.sub)]).await?;
        let status = statuses.first().and_then(Option::as_ref);
        // The clock may be a second behind the time until which everything of the user was ended.
        let ended =
            status.and_then(|status| status.not_before).map(|end| end.after(Duration::from_millis(1)));
        let now = admin.app.clock.now().max(ended.unwrap_or(Timestamp::from_millis(0)));
        let token = PersonalToken::new(new, &presented, now);
        admin.app.personal_tokens.create(&token, &presented, status, now).await?;
        personal::audit(admin, user.sub, presented.id(), TokenChange::Created);
        let mut json = personal::to_json(&token);
        if let Some(json) = json.as_object_mut() {
            json.insert("token".to_owned(), json!(presented.expose()));
        }
        let rows = [("token", presented.expose().to_owned()), ("id", token.id().to_owned())];
        admin.print(&json, &format!("{}\n\nStore the token now: it is not shown again.", properties(rows)))
    }
}

fn lifetime(
    kind: Kind,
    requested: Option<Lifetime>,
    longest_temporary: Duration,
) -> Result<Option<Duration>, Error> {
    match (kind, requested) {
        (Kind::Temporary, None) => Ok(Some(longest_temporary)),
        (Kind::Temporary, Some(Lifetime::Seconds(seconds))) if seconds <= longest_temporary.as_secs() => {
            Ok(Some(Duration::from_secs(seconds)))
        }
        (Kind::Temporary, Some(Lifetime::Seconds(_) | Lifetime::Unlimited)) => {
            Err(InvalidInput::TemporaryLifetime(longest_temporary.as_secs()).into())
        }
        (Kind::Api, None) => Ok(Some(DEFAULT_LIFETIME)),
        (Kind::Api, Some(Lifetime::Seconds(seconds))) => Ok(Some(Duration::from_secs(seconds))),
        (Kind::Api, Some(Lifetime::Unlimited)) => Ok(None),
    }
}
