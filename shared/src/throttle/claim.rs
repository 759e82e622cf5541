//! Proving to be a user by name and password: the one place that counts attempts and verifies passwords.

use std::time::Duration;

use super::{Account, Attempt, Channel, Counter, Origin, Reservation, Verdict, store::Patience};
use crate::{
    app::App,
    audit::Event,
    secret::Id,
    table,
    time::Timestamp,
    user::{self, Proven, User, UserName},
};

/// A name and a password, and where they come from: nothing is proven yet.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The way in.
    pub channel: Channel,
    /// The name, as it was typed.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Where the attempt comes from.
    pub origin: Origin<'a>,
}

/// Why a claim proves nothing. The caller is not told which, but for when to come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The user is unknown or disabled, or the password is wrong.
    #[error("the name and password are not those of a person in good standing")]
    Wrong {
        /// Whose name it was, if anybody's.
        person: Option<Id>,
    },
    /// Too many attempts failed: the password was not looked at.
    #[error("too many attempts to sign in failed")]
    TooMany {
        /// By which count.
        by: Counter,
        /// At what.
        account: Account,
        /// When there will be room again.
        retry_after: Duration,
    },
}

impl Claim<'_> {
    /// The user whose name and password these are. Unknown, disabled or wrong is refused after as long.
    ///
    /// # Design
    /// Only a verdict is charged: a success, or an error of a table before there was one, gives the reservation back.
    pub async fn prove(&self, app: &App, now: Timestamp) -> Result<Result<Proven, Unproven>, table::Error> {
        if let Some(proven) = self.proven_lately(app, now).await? {
            return Ok(Ok(proven));
        }
        let account = Account::typed(self.name);
        let reservation = match self.reserve(app, account, now).await? {
            Ok(reservation) => reservation,
            Err(too_many) => return Ok(Err(too_many)),
        };
        let verdict = self.verify(app, now).await;
        match &verdict {
            Ok(Err(_)) => app.throttle.settle(reservation).await,
            Ok(Ok(proven)) => {
                tokio::join!(
                    app.throttle.give_back(reservation),
                    self.remember(app, account, &proven.user, now)
                );
            }
            Err(_) => app.throttle.give_back(reservation).await,
        }
        verdict
    }

    /// A reservation on the counters that strangers share; where these are full, on the caller's own if it is known.
    async fn reserve(
        &self,
        app: &App,
        account: Account,
        now: Timestamp,
    ) -> Result<Result<Reservation, Unproven>, table::Error> {
        let attempt = Attempt { channel: self.channel, account, origin: self.origin };
        let mut patience = Patience::new();
        let (by, retry_after, charged) = match app.throttle.reserve(&attempt, &mut patience, now).await? {
            Verdict::Reserved(reservation) => return Ok(Ok(reservation)),
            Verdict::TooMany { by, retry_after, charged } => (by, retry_after, charged),
        };
        let known = match self.channel {
            Channel::Page => Ok(None),
            Channel::Grant | Channel::Call => {
                app.callers.known(&app.statuses, self.channel, account, &self.origin, now).await
            }
        };
        let known = match known {
            Ok(Some(known)) => known,
            Ok(None) => {
                app.throttle.settle(charged).await;
                return Ok(Err(Unproven::TooMany { by, account, retry_after }));
            }
            Err(error) => {
                app.throttle.give_back(charged).await;
                return Err(error);
            }
        };
        app.throttle.give_back(charged).await;
        let attempt = Attempt { origin: Origin::Caller(&known), ..attempt };
        Ok(match app.throttle.reserve(&attempt, &mut patience, now).await? {
            Verdict::Reserved(reservation) => Ok(reservation),
            Verdict::TooMany { by, retry_after, .. } => Err(Unproven::TooMany { by, account, retry_after }),
        })
    }

    async fn verify(&self, app: &App, now: Timestamp) -> Result<Result<Proven, Unproven>, table::Error> {
        // One of those that this attempt waited for may have proven the same.
        if let Some(proven) = self.proven_lately(app, now).await? {
            return Ok(Ok(proven));
        }
        let known = self.find(app).await?;
        let person = known.as_ref().map(|user| user.sub);
        Ok(user::prove(app, known, self.password).await?.ok_or(Unproven::Wrong { person }))
    }

    async fn find(&self, app: &App) -> Result<Option<User>, table::Error> {
        match self.name.parse::<UserName>() {
            Ok(name) => app.users.find_by_name(&name).await,
            Err(_) => Ok(None),
        }
    }

    /// The user, if this instance has verified this very password of theirs a moment ago, and it is still theirs.
    async fn proven_lately(&self, app: &App, now: Timestamp) -> Result<Option<Proven>, table::Error> {
        if self.channel == Channel::Page {
            return Ok(None);
        }
        let Some(hash) = app.proofs.find(Account::typed(self.name), self.password, now) else {
            return Ok(None);
        };
        let Some(user) = self.find(app).await?.filter(|user| user.password == hash) else { return Ok(None) };
        let good = user::is_in_good_standing(app, user.sub).await?;
        Ok(good.then_some(Proven { user, outdated: false }))
    }

    /// Remembers a success: here for a moment, in the table for a month. The user waits for neither in vain.
    async fn remember(&self, app: &App, account: Account, user: &User, now: Timestamp) {
        if self.channel != Channel::Page {
            app.proofs.remember(account, self.password, &user.password, now);
            let _ = app.callers.remember(self.channel, account, &self.origin, user.sub, now).await;
        }
    }
}

impl Unproven {
    /// What the log is told.
    pub fn event(&self) -> Event<'static> {
        match self {
            Self::Wrong { person } => Event::SignInFailed { person: *person },
            Self::TooMany { by, account, .. } => {
                Event::SignInThrottled { by: by.name(), account: account.hint() }
            }
        }
    }
}
