//! Personal tokens in the tokens table.

use super::{Kind, PersonalToken, Presented};
use crate::{
    owned,
    secret::{self, Digest, Id},
    status::Status,
    table::{self, Table, Transaction, Update, Written},
    time::Timestamp,
};

/// The set of a person's tokens.
const OWNED: owned::Kind = owned::Kind { prefix: "o#", most: PersonalToken::MOST };

/// Reads and writes personal tokens.
#[derive(Debug)]
pub struct Store(Table);

/// A token that was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotCreated {
    /// The person has as many as one may have.
    #[error("the person has {} tokens already", PersonalToken::MOST)]
    TooMany,
    /// The same wish was sent before, and what came of it was ended since.
    #[error("the token that was asked for was made before, and has ended")]
    Over,
    /// The table did not answer.
    #[error(transparent)]
    Table(#[from] table::Error),
}

impl Store {
    /// Tokens in `table`.
    pub const fn new(table: Table) -> Self {
        Self(table)
    }

    /// The token that `presented` claims to be, as it is at this moment.
    pub async fn find(&self, presented: &Presented) -> Result<Option<PersonalToken>, table::Error> {
        self.0.get(&PersonalToken::key(presented.id())).await
    }

    /// The token called `id`, for whoever administers.
    pub async fn read(&self, id: Id) -> Result<Option<PersonalToken>, table::Error> {
        self.0.get(&PersonalToken::key(id)).await
    }

    /// Keeps a new token, which its holder will know as `presented`. Keeping the very same one again changes nothing:
    /// a form may be sent twice, and an answer may get lost. `status` is the person's.
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
        if let Some(there) = self.find(presented).await? {
            return there.is_live(presented, now).map_err(|_| NotCreated::Over);
        }
        // The person's set is full; but some of what it lists may be over.
        self.forget_dead(token.person, status, now).await?;
        if self.insert(token).await? { Ok(()) } else { Err(NotCreated::TooMany) }
    }

    async fn insert(&self, token: &PersonalToken) -> Result<bool, table::Error> {
        let both = Transaction::on(&self.0)
            .update(&OWNED.key(token.person), OWNED.add(token.id())?)?
            .insert(table::item(token)?)?;
        Ok(matches!(both.commit().await?, Written::Done(())))
    }

    /// The tokens of `person` that have neither ended nor expired, newest first. Whether they are dead all the same is
    /// the person's status's to say.
    pub async fn of_person(&self, person: Id, now: Timestamp) -> Result<Vec<PersonalToken>, table::Error> {
        let mut tokens = self.known(person).await?;
        tokens.retain(|token| token.has_time_left(now).is_ok());
        tokens.sort_by(|one, other| (other.created_at, other.id()).cmp(&(one.created_at, one.id())));
        Ok(tokens)
    }

    async fn known(&self, person: Id) -> Result<Vec<PersonalToken>, table::Error> {
        let ids = OWNED.list(&self.0, person).await?;
        let keys: Vec<_> = ids.iter().map(|id| (&self.0, format!("{}{id}", PersonalToken::PREFIX))).collect();
        let items = table::get_all(&keys).await?;
        let tokens = items.into_iter().map(table::read::<PersonalToken>);
        Ok(tokens.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Takes out of `person`'s set what will never work again: what has ended or expired, and what their `status`
    /// says was ended with everything else. What was made while they are disabled works once they are enabled.
    async fn forget_dead(
        &self,
        person: Id,
        status: Option<&Status>,
        now: Timestamp,
    ) -> Result<(), table::Error> {
        let mut dead = OWNED.list(&self.0, person).await?;
        let mut alive = self.of_person(person, now).await?;
        let enabled = status.map(|status| Status { disabled: false, ..status.clone() });
        alive.retain(|token| token.is_upheld_by(enabled.as_ref()).is_ok());
        dead.retain(|id| alive.iter().all(|token| token.id() != id));
        if dead.is_empty() {
            return Ok(());
        }
        OWNED.forget(&self.0, person, dead.iter().map(String::as_str)).await
    }

    /// Ends `person`'s token called `id`. Whether there was one to end: nobody else's is, and none is ended twice.
    pub async fn end(&self, person: Id, id: Id, now: Timestamp) -> Result<bool, table::Error> {
        let update = Update::when(
            "#u = :person AND attribute_not_exists(#e)",
            "SET #d = :impossible, #e = :now, #ttl = if_not_exists(#ttl, :kept)",
        )
        .value("person", &person)?
        .value("impossible", &Digest::<secret::PersonalToken>::impossible())?
        .value("now", &now)?
        .value("kept", &now.after(PersonalToken::KEPT).seconds())?;
        let written = self.0.update::<PersonalToken>(&PersonalToken::key(id), update).await?;
        let ended = match written {
            Written::Done(_) => true,
            // The answer to the first attempt got lost, and the SDK's second met what the first had written.
            Written::Refused(Some(there)) => there.person == person && there.ended_at == Some(now),
            Written::Refused(None) => false,
        };
        if ended {
            // It is dead already; its place in the set is free sooner or later.
            let _ = OWNED.forget(&self.0, person, [id.to_string().as_str()]).await;
        }
        Ok(ended)
    }

    /// Ends all of `person`'s tokens of this kind; how many it was.
    pub async fn end_all(&self, person: Id, kind: Kind, now: Timestamp) -> Result<usize, table::Error> {
        let mut ended = 0;
        for token in self.of_person(person, now).await? {
            if let Ok(id) = token.id().parse::<Id>()
                && token.kind == kind
            {
                ended += usize::from(self.end(person, id, now).await?);
            }
        }
        Ok(ended)
    }

    /// Writes down that `token` was used on the day of `now`: at most one write a day, whoever checks it.
    pub async fn note_use(&self, token: &PersonalToken, now: Timestamp) -> Result<(), table::Error> {
        let today = now.day();
        if token.last_used.is_some_and(|day| day >= today) {
            return Ok(());
        }
        let update = Update::when("(attribute_not_exists(#lu) OR #lu < :today)", "SET #lu = :today")
            .value("today", &today)?;
        self.0.change::<PersonalToken>(&token.key, update).await.map(drop)
    }
}
