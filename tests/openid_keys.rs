//! The calendar of signing keys, from outside: when a key is published, signs, is gone, and when hints by it count.

use std::time::Duration;

use serde_json::json;
use shared::{config::SigningKeys, openid::Start};

use crate::harness::{
    Stack,
    kms::arn,
    process::{Directory, Server},
};

const DAY: Duration = Duration::from_hours(24);
const MOMENT: Duration = Duration::from_millis(1);
/// How long functions remember the list.
const REMEMBERED: Duration = Duration::from_mins(5);

impl Stack {
    /// Returns the ids of the published keys.
    async fn published(&self) -> Vec<String> {
        let set = self.request("GET", "/.well-known/jwks.json").send().await.json();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the id of the key that signs.
    async fn signing(&self) -> Option<String> {
        let keys = &self.app.config.signing_keys;
        let list = self.app.signing_keys.list(self.now()).await.unwrap();
        list.signing(keys, self.now()).map(|key| key.kid.clone())
    }

    /// Returns whether an `id_token_hint` by the key counts.
    async fn counts(&self, kid: &str) -> bool {
        let list = self.app.signing_keys.list(self.now()).await.unwrap();
        list.for_hint(kid, &self.app.config.signing_keys, self.now()).is_some()
    }

    /// Adds a key to the local database, and returns its id.
    async fn add_key(&self, options: &[&str]) -> String {
        let added = self.jeton(&[&["key", "add", "--local"], options].concat(), "").await.json();
        added["kid"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_new_key_is_published_signs_a_day_later_and_the_old_one_is_gone_two_days_after_that() {
    let stack = Stack::with_openid().await;
    let [old] = <[String; 1]>::try_from(stack.published().await).unwrap();
    let new = stack.add_key(&[]).await;
    let both = vec![old.clone(), new.clone()];
    let list = stack.app.signing_keys.read().await.unwrap();
    let [first, second] = list.keys() else { panic!("{list:?}") };
    let used = second.use_from;
    assert!(used.after(Duration::from_secs(1)).since(stack.now()) >= DAY);
    let (gone, forgotten) = (used.after(2 * DAY), used.after(92 * DAY));
    assert_eq!((first.published_until, first.hints_until), (Some(gone), Some(forgotten)));
    stack.advance(REMEMBERED);
    assert_eq!((stack.published().await, stack.signing().await), (both.clone(), Some(old.clone())));
    stack.advance_to_just_before(used.since(stack.now()));
    assert_eq!(stack.signing().await, Some(old.clone()));
    stack.advance(MOMENT);
    assert_eq!((stack.published().await, stack.signing().await), (both.clone(), Some(new.clone())));
    stack.advance_to_just_before(gone.since(stack.now()));
    assert_eq!(stack.published().await, both);
    stack.advance(MOMENT);
    assert_eq!(stack.published().await, vec![new.clone()]);
    stack.advance_to_just_before(forgotten.since(stack.now()));
    assert!(stack.counts(&old).await);
    stack.advance(MOMENT);
    assert!(!stack.counts(&old).await && stack.counts(&new).await);
}

#[tokio::test]
async fn a_key_that_signs_at_once_does_so_after_five_minutes_at_every_function() {
    let stack = Stack::with_openid().await;
    let old = stack.signing().await.unwrap();
    let new = stack.add_key(&["--now"]).await;
    assert_eq!(stack.signing().await, Some(old.clone()), "the list is remembered");
    assert_eq!(
        stack.sibling(|_| ()).await.signing().await,
        Some(new.clone()),
        "a function that starts reads it"
    );
    stack.advance(REMEMBERED);
    assert_eq!(
        (stack.signing().await, stack.published().await),
        (Some(new.clone()), vec![old.clone(), new.clone()])
    );
    let removed = ["key", "remove", &old, "--force", "--yes"];
    assert_eq!(stack.jeton(&removed, "").await.json(), json!({ "kid": old, "removed": true }));
    assert!(stack.counts(&old).await);
    stack.advance(REMEMBERED);
    assert!(!stack.counts(&old).await, "a removed key's hints do not count");
    assert_eq!(stack.published().await, [new]);
}

#[tokio::test]
async fn a_key_that_is_added_before_its_deployment_breaks_nothing() {
    let stack = Stack::configured(|config| config.signing_keys = arn("a").parse().unwrap()).await;
    let (old, new) = (
        stack.list_arn(&arn("a"), Start::AfterPublication).await,
        stack.list_arn(&arn("b"), Start::AfterPublication).await,
    );
    assert_eq!(stack.published().await, [old.clone(), new.clone()]);
    for _ in 0..10 {
        assert_eq!(stack.signing().await, Some(old.clone()));
        assert!(stack.published().await.contains(&old));
        stack.advance(DAY);
    }
    // It is deployed, and taken back.
    let both: SigningKeys = format!("{},{}", arn("a"), arn("b")).parse().unwrap();
    let deployed = stack.sibling(|config| config.signing_keys = both).await;
    assert_eq!((deployed.signing().await, deployed.published().await), (Some(new.clone()), vec![new]));
    let taken_back = stack.sibling(|_| ()).await;
    assert_eq!(taken_back.signing().await, Some(old.clone()));
    assert!(taken_back.published().await.contains(&old) && taken_back.counts(&old).await);
}

#[tokio::test]
async fn a_list_without_a_key_that_signs_is_read_every_time() {
    let stack = Stack::configured(|config| config.signing_keys = arn("a").parse().unwrap()).await;
    assert_eq!((stack.signing().await, stack.signing().await), (None, None));
    let key = stack.list_arn(&arn("a"), Start::Now).await;
    assert_eq!(stack.signing().await, Some(key));
}

#[tokio::test]
async fn a_local_server_makes_a_key_once_and_none_where_kms_shall_sign() {
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    let kids = async |keys: &str| {
        let server = Server::configured(&["--database", &file], &[("JETON_SIGNING_KEYS", keys)]).await;
        let listed = server.json(&["key", "list"]).await["keys"].clone();
        server.stop().await;
        listed.as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(kids(&arn("a")).await, Vec::<serde_json::Value>::new());
    let made = kids("local").await;
    assert_eq!((made.len(), kids("local").await), (1, made.clone()));
    assert_eq!(kids(&arn("a")).await, made);
}
