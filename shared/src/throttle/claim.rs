//! Proving to be a person where there is no page to sign in on: by name and password, with the request itself.

use std::time::Duration;

use super::{Account, Address, Attempt, Counter, Verdict};
use crate::{
    app::App,
    audit::Event,
    secret::Id,
    table,
    time::Timestamp,
    user::{self, User, UserName},
};

/// What somebody shows for being a person, and from where: nothing is proven yet.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The name, as it was typed.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Where the person is, as in [`Attempt::address`].
    pub address: Option<Address>,
}

/// Why a claim proves nothing. Whoever makes it is not told which, but for when to come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The person is unknown, or may not sign in, or the password is another.
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
    /// The person whose name and password these are. It counts like an attempt on the login page; who is unknown,
    /// disabled or wrong is refused after as long.
    pub async fn prove(&self, app: &App, now: Timestamp) -> Result<Result<User, Unproven>, table::Error> {
        let account = Account::typed(self.name);
        let attempt = Attempt { account, address: self.address, browser: None };
        let reservation = match app.throttle.reserve(&attempt, now).await? {
            Verdict::Reserved(reservation) => reservation,
            Verdict::TooMany { by, retry_after } => {
                return Ok(Err(Unproven::TooMany { by, account, retry_after }));
            }
        };
        let known = match self.name.parse::<UserName>() {
            Ok(name) => app.users.find_by_name(&name).await?,
            Err(_) => None,
        };
        let person = known.as_ref().map(|user| user.sub);
        let Some(proven) = user::prove(app, known, self.password).await? else {
            return Ok(Err(Unproven::Wrong { person }));
        };
        // Nobody who has proved who they are is kept out: at worst an attempt too many is counted.
        let _ = app.throttle.give_back(reservation).await;
        Ok(Ok(proven.user))
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
