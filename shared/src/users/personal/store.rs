//! Personal tokens in the tokens table.

use super::{Kind, PersonalToken, Presented};
use crate::{
    dynamodb::{self, Outcome, Table, Transaction, Update, id_list::IdList},
    secret::{self, Digest, Id},
    status::Status,
    time::Timestamp,
};

/// The ids of a user's tokens.
const OWNED: IdList = IdList { prefix: "o#", most: PersonalToken::MOST };

/// The personal tokens in the tokens table.
#[derive(Debug)]
pub struct Store(Table);

/// The reason why a token was not created.
#[derive(Debug, thiserror::Error)]
pub enum NotCreated {
    #[error("the user has {} tokens already", PersonalToken::MOST)]
    TooMany,
    /// The same request created the token before, and the token has ended since.
    #[error("this token was created before and has ended")]
    Ended,
    #[error(transparent)]
    Table(#[from] dynamodb::Error),
}

impl Store {
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// Reads the item of `presented`, without a check of the token.
    pub async fn find(&self, presented: &Presented) -> Result<Option<PersonalToken>, dynamodb::Error> {
        self.0.get(&PersonalToken::key(presented.id())).await
    }

    /// Reads the token with this `id`: for administration.
    pub async fn read(&self, id: Id) -> Result<Option<PersonalToken>, dynamodb::Error> {
        self.0.get(&PersonalToken::key(id)).await
    }

    /// Stores a new token, which its holder will present as `presented`. Storing the same one again changes nothing: a
    /// form may be sent twice, and a response may be lost. `status` is the user's.
    pub async fn create(
        &self,
        token: &PersonalToken,
        presented: &Presented,
        status: Option<&Status>,
        now: Timestamp,
    ) -> Result<(), NotCreated> {
        if self.insert(token).await? {
            return Ok(());
        }
        if let Some(stored) = self.find(presented).await? {
            return stored.check(presented, now).map_err(|_| NotCreated::Ended);
        }
        // The id list is full, but some of its tokens may have ended.
        self.forget_invalid(token.user, status, now).await?;
        if self.insert(token).await? { Ok(()) } else { Err(NotCreated::TooMany) }
    }

    async fn insert(&self, token: &PersonalToken) -> Result<bool, dynamodb::Error> {
        let both = Transaction::on(&self.0)
            .update(&OWNED.key(token.user), OWNED.add(token.id())?)?
            .insert(dynamodb::item(token)?)?;
        Ok(matches!(both.commit().await?, Outcome::Applied(())))
    }

    /// Reads the tokens of `user` that have neither ended nor expired, newest first. The user's status may make them
    /// invalid all the same.
    pub async fn of_user(&self, user: Id, now: Timestamp) -> Result<Vec<PersonalToken>, dynamodb::Error> {
        let mut tokens = self.listed(user).await?;
        tokens.retain(|token| token.has_time_left(now).is_ok());
        tokens.sort_by(|one, other| (other.created_at, other.id()).cmp(&(one.created_at, one.id())));
        Ok(tokens)
    }

    async fn listed(&self, user: Id) -> Result<Vec<PersonalToken>, dynamodb::Error> {
        let ids = OWNED.list(&self.0, user).await?;
        let keys: Vec<_> = ids.iter().map(|id| (&self.0, format!("{}{id}", PersonalToken::PREFIX))).collect();
        let items = dynamodb::get_all(&keys).await?;
        let tokens = items.into_iter().map(dynamodb::read::<PersonalToken>);
        Ok(tokens.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Removes tokens from `user`'s id list that can never be valid again: those that have ended or expired, and those
    /// that `status` says ended with everything else. A token that only waits for its user to be enabled stays.
    async fn forget_invalid(
        &self,
        user: Id,
        status: Option<&Status>,
        now: Timestamp,
    ) -> Result<(), dynamodb::Error> {
        let mut invalid = OWNED.list(&self.0, user).await?;
        let mut valid = self.of_user(user, now).await?;
        let enabled = status.map(|status| Status { disabled: false, ..status.clone() });
        valid.retain(|token| token.check_standing(enabled.as_ref()).is_ok());
        invalid.retain(|id| valid.iter().all(|token| token.id() != id));
        if invalid.is_empty() {
            return Ok(());
        }
        OWNED.forget(&self.0, user, invalid.iter().map(String::as_str)).await
    }

    /// Ends the token with this `id` if it is `user`'s. Returns whether there was one to end.
    pub async fn end(&self, user: Id, id: Id, now: Timestamp) -> Result<bool, dynamodb::Error> {
        let update = Update::when::<PersonalToken>(
            "#user = :user AND attribute_not_exists(#ended_at)",
            "SET #digest = :impossible, #ended_at = :now, #ttl = if_not_exists(#ttl, :delete_at)",
        )
        .value("user", &user)?
        .value("impossible", &Digest::<secret::PersonalToken>::impossible())?
        .value("now", &now)?
        .value("delete_at", &now.after(PersonalToken::TOMBSTONE).seconds())?;
        let ended = match self.0.update::<PersonalToken>(&PersonalToken::key(id), update).await? {
            Outcome::Applied(_) => true,
            // The response to the first attempt was lost, and the SDK's retry found what the first had written.
            Outcome::ConditionFailed(Some(stored)) => stored.user == user && stored.ended_at == Some(now),
            Outcome::ConditionFailed(None) => false,
        };
        if ended {
            // The token is invalid already; its place in the id list is free sooner or later.
            let _ = OWNED.forget(&self.0, user, [id.to_string().as_str()]).await;
        }
        Ok(ended)
    }

    /// Ends all of `user`'s tokens of this kind, and returns how many it ended.
    pub async fn end_all(&self, user: Id, kind: Kind, now: Timestamp) -> Result<usize, dynamodb::Error> {
        let mut ended = 0;
        for token in self.of_user(user, now).await? {
            if let Ok(id) = token.id().parse::<Id>()
                && token.kind == kind
            {
                ended += usize::from(self.end(user, id, now).await?);
            }
        }
        Ok(ended)
    }

    /// Records that `token` was used on the day of `now`: at most one write a day.
    pub async fn record_use(&self, token: &PersonalToken, now: Timestamp) -> Result<(), dynamodb::Error> {
        let today = now.day();
        if token.last_used.is_some_and(|day| day >= today) {
            return Ok(());
        }
        let update = Update::when::<PersonalToken>(
            "(attribute_not_exists(#last_used) OR #last_used < :today)",
            "SET #last_used = :today",
        )
        .value("today", &today)?;
        self.0.change::<PersonalToken>(&token.key, update).await.map(drop)
    }
}
