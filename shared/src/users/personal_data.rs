//! What Jeton stores about users: one user's data, and all users page by page.

use std::collections::BTreeSet;

use super::{
    Store, User, consent::Consent, device_cookie::DeviceCookie, personal::PersonalToken,
    rate_limit::known_caller::Caller, session::Session,
};
use crate::{
    dynamodb::{self, Item, Table, attribute_of},
    grants::Grant,
    openid::Claims,
    secret::Id,
    status::Status,
};

/// Everything about one user in the tokens table. Expired items are part of it until DynamoDB deletes them.
#[derive(Debug, Default)]
pub struct PersonalData {
    pub sessions: Vec<Session>,
    pub grants: Vec<Grant>,
    pub personal_tokens: Vec<PersonalToken>,
    pub consents: Vec<Consent>,
    pub device_cookies: Vec<DeviceCookie>,
    pub known_callers: Vec<Caller>,
}

impl PersonalData {
    /// Reads what `tokens` has about `user`. It scans the table: the index lags behind and does not have every kind of
    /// item. An item of an unknown kind is an error: without it the data would not be complete.
    pub async fn read(tokens: &Table, user: Id) -> Result<Self, dynamodb::Error> {
        let users = BTreeSet::from([
            attribute_of::<Session>("user")?,
            attribute_of::<Grant>("user")?,
            attribute_of::<PersonalToken>("user")?,
            attribute_of::<DeviceCookie>("user")?,
            attribute_of::<Caller>("user")?,
        ]);
        let mut data = Self::default();
        for item in tokens.all_with(&users, &user, &Consent::prefix(user)).await? {
            match dynamodb::prefix(&item).unwrap_or_default() {
                Session::PREFIX => data.sessions.extend(dynamodb::read(Some(item))?),
                Grant::PREFIX => data.grants.extend(dynamodb::read(Some(item))?),
                PersonalToken::PREFIX => data.personal_tokens.extend(dynamodb::read(Some(item))?),
                Consent::PREFIX => data.consents.extend(dynamodb::read(Some(item))?),
                DeviceCookie::PREFIX => data.device_cookies.extend(dynamodb::read(Some(item))?),
                Caller::PREFIX => data.known_callers.extend(dynamodb::read(Some(item))?),
                unknown => return Err(dynamodb::Error::UnknownKind(unknown.to_owned())),
            }
        }
        Ok(data)
    }
}

/// Some of the users, with their statuses and claims.
#[derive(Debug)]
pub struct Page {
    pub users: Vec<(User, Status, Option<Claims>)>,
    /// The position of the next page. `None`: this is the last one.
    pub next: Option<Item>,
}

impl Store {
    /// Reads one page of users, in no particular order: the first, or the one at the position `after`. It scans the table:
    /// for administration.
    pub async fn page(&self, after: Option<Item>) -> Result<Page, dynamodb::Error> {
        let (items, next) = self.table().page("user", after).await?;
        let mut users = Vec::new();
        for items in items.chunks(dynamodb::MOST_AT_ONCE / 2) {
            let read = items.iter().cloned().map(|item| dynamodb::read::<User>(Some(item)));
            let read: Vec<_> = read.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            let keys = read.iter().flat_map(|user| [Status::key(user.sub), Claims::key(user.sub)]);
            let keys: Vec<_> = keys.map(|key| (self.table(), key)).collect();
            let mut items = dynamodb::get_all(&keys).await?.into_iter();
            for user in read {
                let (status, claims) = (items.next().flatten(), dynamodb::read(items.next().flatten())?);
                // Without a status the user was deleted meanwhile, or the item is a remnant in a restored backup.
                users.extend(Status::read(status)?.map(|status| (user, status, claims)));
            }
        }
        Ok(Page { users, next })
    }
}
