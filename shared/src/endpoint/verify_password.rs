//! Password verification, the same for the login page, the `password` grant, the authorizer and the account endpoints.

use std::time::Duration;

use super::{App, Call};
use crate::{
    audit::Event,
    dynamodb,
    secret::Id,
    time::Timestamp,
    users::{
        Password, User, UserName, Verification, password,
        rate_limit::{
            Account, Admission, Attempt, Channel, Counter, Origin, RateLimited, Reservation, WaitBudget,
        },
    },
};

/// A user name and a password from a request, not yet verified.
#[derive(Clone, Copy)]
pub struct PasswordCredentials<'a> {
    pub channel: Channel,
    /// The user name as it was entered.
    pub username: &'a str,
    pub password: &'a str,
    pub origin: Origin<'a>,
}

/// A user in good standing whose password was verified. Only [`PasswordCredentials::verify`] makes one.
#[derive(Debug)]
pub struct VerifiedUser {
    pub user: User,
    /// The stored hash has other parameters than today's: the password should be hashed again.
    pub outdated_hash: bool,
}

/// The reason why the credentials of a user were not verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error(transparent)]
    Invalid(#[from] InvalidCredentials),
    /// Too many attempts failed, or are in progress: the password was not verified.
    #[error("too many failed attempts to sign in")]
    RateLimited {
        counter: Counter,
        account: Account,
        /// How long until the counter may have room again.
        retry_after: Duration,
    },
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

/// The reason why a user's credentials are invalid, with the user's `sub`. The log tells these apart; a response must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    #[error("no user has this name")]
    UnknownUser,
    #[error("the password is wrong")]
    WrongPassword(Id),
    /// The password is right.
    #[error("the user is disabled")]
    DisabledUser(Id),
}

impl InvalidCredentials {
    const fn user(self) -> Option<Id> {
        match self {
            Self::UnknownUser => None,
            Self::WrongPassword(user) | Self::DisabledUser(user) => Some(user),
        }
    }
}

impl PasswordError {
    /// Returns the event that the log records; `None` for an outage.
    pub fn event(&self) -> Option<Event<'static>> {
        match self {
            Self::Invalid(invalid) => {
                Some(Event::SignInFailed { user: invalid.user(), reason: invalid.to_string() })
            }
            Self::RateLimited { counter, account, .. } => {
                Some(Event::SignInThrottled { by: counter.name(), account: account.hint() })
            }
            Self::Table(_) => None,
        }
    }
}

impl Call<'_> {
    /// Verifies `credentials` at the time of the call, and logs a failure.
    pub async fn verify_password(
        &self,
        credentials: &PasswordCredentials<'_>,
    ) -> Result<VerifiedUser, PasswordError> {
        let verified = credentials.verify(self.app, self.now).await;
        if let Some(event) = verified.as_ref().err().and_then(PasswordError::event) {
            self.audit(event);
        }
        verified
    }
}

impl PasswordCredentials<'_> {
    /// Verifies the password within the rate limit. An unknown user, a disabled user and a wrong password take the
    /// same time.
    ///
    /// # Design
    /// Only failures are charged: a success, or a table's error before the result is known, gives the reservation back.
    pub async fn verify(&self, app: &App, now: Timestamp) -> Result<VerifiedUser, PasswordError> {
        if let Some(verified) = self.verified_recently(app, now).await? {
            return Ok(verified);
        }
        let account = Account::named(self.username);
        let reservation = self.reserve(app, account, now).await?;
        let verified = self.verify_reserved(app, now).await;
        match &verified {
            Ok(verified) => {
                tokio::join!(
                    app.rate_limit.give_back(reservation),
                    self.remember(app, account, &verified.user, now)
                );
            }
            Err(PasswordError::Invalid(_)) => app.rate_limit.settle(reservation).await,
            Err(PasswordError::RateLimited { .. } | PasswordError::Table(_)) => {
                app.rate_limit.give_back(reservation).await;
            }
        }
        verified
    }

    /// Reserves the attempt on the shared counters; where these are full, on the caller's own counter if it is known.
    async fn reserve(
        &self,
        app: &App,
        account: Account,
        now: Timestamp,
    ) -> Result<Reservation, PasswordError> {
        let attempt = Attempt { channel: self.channel, account, origin: self.origin };
        let mut budget = WaitBudget::default();
        let limited = match app.rate_limit.reserve(&attempt, &mut budget, now).await? {
            Admission::Reserved(reservation) => return Ok(reservation),
            Admission::RateLimited(limited) => limited,
        };
        let RateLimited { counter, retry_after, charged } = limited;
        let known = match self.channel {
            Channel::LoginPage => Ok(None),
            Channel::PasswordGrant | Channel::ApiCall => {
                app.known_callers.find(&app.statuses, self.channel, account, &self.origin, now).await
            }
        };
        let known = match known {
            Ok(Some(known)) => known,
            Ok(None) => {
                app.rate_limit.settle(charged).await;
                return Err(PasswordError::RateLimited { counter, account, retry_after });
            }
            Err(error) => {
                app.rate_limit.give_back(charged).await;
                return Err(error.into());
            }
        };
        app.rate_limit.give_back(charged).await;
        let attempt = Attempt { origin: Origin::Caller(&known), ..attempt };
        match app.rate_limit.reserve(&attempt, &mut budget, now).await? {
            Admission::Reserved(reservation) => Ok(reservation),
            Admission::RateLimited(RateLimited { counter, retry_after, .. }) => {
                Err(PasswordError::RateLimited { counter, account, retry_after })
            }
        }
    }

    async fn verify_reserved(&self, app: &App, now: Timestamp) -> Result<VerifiedUser, PasswordError> {
        // An attempt that this one waited for may have verified the same password.
        if let Some(verified) = self.verified_recently(app, now).await? {
            return Ok(verified);
        }
        let user = self.find_user(app).await?;
        let sub = user.as_ref().map(|user| user.sub);
        let wrong = sub.map_or(InvalidCredentials::UnknownUser, InvalidCredentials::WrongPassword);
        let Some(password) = Password::entered(self.password) else { return Err(wrong.into()) };
        let verification = password::verify_async(user.as_ref().map(|user| &user.password), password).await;
        // Read for an unknown user and a wrong password, too: time must not reveal a disabled user's right password.
        let is_good = is_in_good_standing(app, sub.unwrap_or_else(Id::random)).await?;
        match (user, verification) {
            (Some(user), Verification::Match { outdated }) if is_good => {
                Ok(VerifiedUser { user, outdated_hash: outdated })
            }
            (Some(user), Verification::Match { .. }) => {
                Err(InvalidCredentials::DisabledUser(user.sub).into())
            }
            (_, Verification::Match { .. } | Verification::Mismatch) => Err(wrong.into()),
        }
    }

    async fn find_user(&self, app: &App) -> Result<Option<User>, dynamodb::Error> {
        match self.username.parse::<UserName>() {
            Ok(name) => app.users.find_by_name(&name).await,
            Err(_) => Ok(None),
        }
    }

    /// Returns the user if the password cache of this instance has the password, the stored hash is still the same, and
    /// the user is in good standing.
    async fn verified_recently(
        &self,
        app: &App,
        now: Timestamp,
    ) -> Result<Option<VerifiedUser>, dynamodb::Error> {
        if self.channel == Channel::LoginPage {
            return Ok(None);
        }
        let account = Account::named(self.username);
        let Some(hash) = app.password_cache.find(account, self.password, now) else { return Ok(None) };
        let user = self.find_user(app).await?.filter(|user| user.password == hash);
        let Some(user) = user else { return Ok(None) };
        let is_good = is_in_good_standing(app, user.sub).await?;
        Ok(is_good.then_some(VerifiedUser { user, outdated_hash: false }))
    }

    /// Remembers a success: in this instance's password cache for a minute, in the table for 30 days. If the write
    /// fails, the call succeeds all the same.
    async fn remember(&self, app: &App, account: Account, user: &User, now: Timestamp) {
        if self.channel != Channel::LoginPage {
            app.password_cache.remember(account, self.password, &user.password, now);
            let _ = app.known_callers.remember(self.channel, account, &self.origin, user.sub, now).await;
        }
    }
}

/// Returns whether the user with this `sub` exists and is not disabled.
async fn is_in_good_standing(app: &App, sub: Id) -> Result<bool, dynamodb::Error> {
    Ok(app.statuses.find_user(sub).await?.is_some_and(|status| !status.disabled))
}
