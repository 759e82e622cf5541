//! Reset links: by a link that an administrator hands over, a user sets a new password without knowing the old one.
//!
//! A link works once, for [`LIFETIME`]. Like a session it began at a moment, so disabling the user, setting the password
//! and ending everything of the user end it.

use std::time::Duration;

use super::{PasswordHash, Store, Unchanged, User};
use crate::{
    dynamodb::{self, Outcome, Transaction, Update, stored},
    oauth::Issuer,
    secret::{self, Digest, Id, Secret},
    status::{Role, Status},
    time::Timestamp,
};

/// How long a reset link works.
pub const LIFETIME: Duration = Duration::from_mins(10);
/// The path of the page that a reset link leads to.
pub const PATH: &str = "/reset-password";

/// Returns the reset link with this `token`.
pub fn url(issuer: &Issuer, token: &Secret<secret::ResetLink>) -> String {
    issuer.endpoint(&format!("{PATH}?token={}", token.expose()))
}

stored! {
    /// An outstanding reset link: attribute `reset` of a user. There is at most one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ResetLink {
        digest: Digest<secret::ResetLink> = "d",
        /// When the link was made. It works only if it is after the user's `not_before`.
        pub made_at: Timestamp = "i",
    }
}

/// A user, and the reset link that was presented for the user and works. Only [`Store::find_reset_link`] makes one.
#[derive(Debug)]
pub struct PresentedResetLink {
    pub user: User,
    /// Whether the user may have credentials, which a new password does not end.
    pub is_developer: bool,
    link: ResetLink,
}

impl Store {
    /// Makes a reset link for the user with this `sub`, and returns its token. An earlier link no longer works.
    pub async fn create_reset_link(
        &self,
        sub: Id,
        now: Timestamp,
    ) -> Result<Secret<secret::ResetLink>, Unchanged> {
        let token = Secret::new(sub, &secret::random());
        let link = ResetLink { digest: token.digest(), made_at: now };
        let update = Update::always::<User>("SET #reset_link = :link").value("link", &link)?;
        match self.table().change::<User>(&User::key(sub), update).await? {
            Outcome::Applied(()) => Ok(token),
            Outcome::ConditionFailed(_) => Err(Unchanged::Unknown(sub)),
        }
    }

    /// Returns the reset link with this `token`, if it works at `now`.
    pub async fn find_reset_link(
        &self,
        token: &Secret<secret::ResetLink>,
        now: Timestamp,
    ) -> Result<Option<PresentedResetLink>, dynamodb::Error> {
        let Some((user, status)) = self.read(token.id()).await? else { return Ok(None) };
        let works = |link: &ResetLink| {
            link.digest == token.digest()
                && !link.made_at.after(LIFETIME).has_passed(now)
                && status.check(link.made_at).is_ok()
        };
        let is_developer = status.has(&Role::developer());
        Ok(user.reset_link.filter(works).map(|link| PresentedResetLink { user, is_developer, link }))
    }

    /// Sets the password of the user of `presented`, removes the link, and ends everything of the user until `at`, in one
    /// transaction. Returns whether it did: another request may have used or replaced the link, or ended everything of the
    /// user, since it was found.
    pub async fn reset_password(
        &self,
        presented: &PresentedResetLink,
        new: &PasswordHash,
        at: Timestamp,
    ) -> Result<bool, dynamodb::Error> {
        let PresentedResetLink { user, link, .. } = presented;
        let change = "SET #password = :new REMOVE #reset_link";
        let password = Update::when::<User>("#reset_link.#digest = :digest", change)
            .value("digest", &link.digest)?
            .value("new", new)?;
        let both = Transaction::on(self.table())
            .update(&User::key(user.sub), password)?
            .update(&Status::key(user.sub), Status::ending_since(link.made_at, at)?)?;
        if let Outcome::Applied(()) = both.commit().await? {
            return Ok(true);
        }
        // The response to the first attempt was lost, and the SDK's retry found the link used: no other hash has this salt.
        let stored = self.read(user.sub).await?;
        Ok(stored.is_some_and(|(stored, _)| stored.password == *new))
    }
}
