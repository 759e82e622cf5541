//! Users' claims (OpenID Connect Core §5.1): an item of their own, which lives and ends with its user.

use futures_util::future::join_all;
use serde_json::json;
use shared::{
    dynamodb,
    openid::{Claim, Claims},
    secret::Id,
    status::Role,
    users::{Unchanged, User},
};

use crate::harness::{Fault, Stack, TestUser, items};

async fn stored(stack: &Stack, user: &TestUser) -> User {
    stack.app.users.read(user.sub).await.unwrap().unwrap().0
}

fn with_name(user: Id, name: &str) -> Claims {
    let mut claims = Claims::none(user);
    claims.set(Claim::Name, name).unwrap();
    claims
}

fn role(text: &str) -> Role {
    text.parse().unwrap()
}

#[tokio::test]
async fn claims_are_written_only_while_the_user_exists() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (user, none) = (stored(&stack, &ada).await, Claims::none(ada.sub));
    let named = with_name(ada.sub, "Ada Lovelace");
    stack.app.users.delete(ada.sub).await.unwrap();
    let refused = stack.app.users.set_claims(&user, &none, &named).await;
    assert!(matches!(refused, Err(Unchanged::Unknown(sub)) if sub == ada.sub), "{refused:?}");
    assert!(!stack.stored().await.contains("Ada Lovelace"));
}

#[tokio::test]
async fn a_deletion_and_a_write_of_claims_at_once_leave_no_claim_behind() {
    let stack = Stack::start().await;
    for nth in 0..8 {
        let ada = stack.create_user(&format!("ada{nth}")).await;
        let (user, none) = (stored(&stack, &ada).await, Claims::none(ada.sub));
        let named = with_name(ada.sub, "Lovelace");
        let users = &stack.app.users;
        let (deleted, written) = tokio::join!(users.delete(ada.sub), users.set_claims(&user, &none, &named));
        assert!(deleted.is_ok(), "{deleted:?}");
        assert!(matches!(written, Ok(()) | Err(Unchanged::Unknown(_))), "{written:?}");
        assert!(!stack.stored().await.contains("Lovelace"), "{written:?}");
    }
}

#[tokio::test]
async fn of_two_writes_to_the_same_claims_one_wins() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let user = stored(&stack, &ada).await;
    let mut read = Claims::none(ada.sub);
    for round in 0..4 {
        let [one, other] = ["one", "other"].map(|name| with_name(ada.sub, &format!("{name}{round}")));
        let users = &stack.app.users;
        let (first, second) =
            tokio::join!(users.set_claims(&user, &read, &one), users.set_claims(&user, &read, &other));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let lost = first.as_ref().err().or(second.as_ref().err()).unwrap();
        assert!(matches!(lost, Unchanged::Raced(_)), "{lost:?}");
        read = stack.app.claims.find(ada.sub).await.unwrap();
        assert_eq!(read, if first.is_ok() { one } else { other });
    }
}

#[tokio::test]
async fn a_write_recognises_itself_if_its_response_was_lost() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let (user, none) = (stored(&stack, &ada).await, Claims::none(ada.sub));
    let named = with_name(ada.sub, "Ada Lovelace");
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    stack.app.users.set_claims(&user, &none, &named).await.unwrap();
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    stack.app.users.set_claims(&user, &named, &with_name(ada.sub, "Ada L.")).await.unwrap();
    assert_eq!(stack.app.claims.find(ada.sub).await.unwrap().get(Claim::Name), Some("Ada L."));
    stack.dynamodb.fail(Fault::LoseFirstTransaction);
    stack.app.users.delete(ada.sub).await.unwrap_or(());
    assert!(!stack.stored().await.contains("Ada L."));
}

#[tokio::test]
async fn a_name_that_is_taken_again_has_a_new_sub_and_no_claims() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let user = stored(&stack, &ada).await;
    stack
        .app
        .users
        .set_claims(&user, &Claims::none(ada.sub), &with_name(ada.sub, "Ada Lovelace"))
        .await
        .unwrap();
    let before = stack.users().all().await.unwrap();
    stack.app.users.delete(ada.sub).await.unwrap();
    let again = stack.create_user("ada").await;
    assert_ne!(again.sub, ada.sub);
    assert!(stack.app.claims.find(again.sub).await.unwrap().is_empty());
    stack.app.users.delete(again.sub).await.unwrap();
    // A restored backup brings back what a tombstone does not hold: the next user with that name ends it.
    let restored = before.into_iter().filter(|item| !item["pk"].as_s().unwrap().starts_with("status#"));
    dynamodb::insert_all(&stack.users(), restored).await.unwrap();
    assert!(stack.stored().await.contains("claims#"));
    let third = stack.create_user("ada").await;
    assert!(!stack.stored().await.contains("claims#"));
    assert!(stack.app.users.read(third.sub).await.unwrap().is_some());
}

#[tokio::test]
async fn claims_have_an_item_of_their_own_without_a_hash() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let user = stored(&stack, &ada).await;
    let mut named = with_name(ada.sub, "Ada Lovelace");
    named.updated_at = Some(stack.now());
    stack.app.users.set_claims(&user, &Claims::none(ada.sub), &named).await.unwrap();
    let items = items(&stack.users()).await;
    let claims = items.iter().find(|item| item.contains("claims#")).unwrap();
    assert!(claims.contains("Ada Lovelace") && !claims.contains("argon2"), "{claims}");
    let user = items.iter().find(|item| item.contains("argon2")).unwrap();
    assert!(!user.contains("Ada Lovelace"), "{user}");
}

#[tokio::test]
async fn roles_have_the_room_that_an_id_token_has_for_groups() {
    let stack = Stack::start().await;
    let users = &stack.app.users;
    let ada = stack.create_user("ada").await;
    let roles: Vec<_> = (10..16).map(|nth| role(&format!("{nth:a>32}"))).collect();
    for role in &roles[..5] {
        users.grant_group(ada.sub, role).await.unwrap();
        users.grant_group(ada.sub, role).await.unwrap();
    }
    let refused = users.grant_group(ada.sub, &roles[5]).await;
    assert!(matches!(refused, Err(Unchanged::GroupsTooLarge(_))), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("208 bytes"));
    users.grant_group(ada.sub, &role(&"b".repeat(30))).await.unwrap();
    let refused = users.grant_group(ada.sub, &role("c")).await;
    assert!(matches!(refused, Err(Unchanged::GroupsTooLarge(_))), "{refused:?}");
    // A smaller one takes its room.
    users.remove_role(ada.sub, &roles[0]).await.unwrap();
    users.grant_group(ada.sub, &role("c")).await.unwrap();

    let eve = stack.create_user("eve").await;
    for nth in 10..30 {
        users.grant_group(eve.sub, &role(&format!("{nth}"))).await.unwrap();
    }
    let refused = users.grant_group(eve.sub, &role("x")).await;
    assert!(matches!(refused, Err(Unchanged::TooManyRoles(_))), "{refused:?}");
    users.delete(eve.sub).await.unwrap();
    for sub in [eve.sub, Id::random()] {
        let refused = users.grant_group(sub, &role("x")).await;
        assert!(matches!(refused, Err(Unchanged::Unknown(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn roles_that_are_granted_at_once_do_not_exceed_the_room_together() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let roles: Vec<_> = (10..14).map(|nth| role(&format!("{nth:a>32}"))).collect();
    for role in &roles {
        stack.app.users.grant_group(ada.sub, role).await.unwrap();
    }
    // 68 bytes are left: room for one of these, and not for two.
    let more: Vec<_> = ["x", "y", "z"].iter().map(|letter| role(&letter.repeat(32))).collect();
    let granted = join_all(more.iter().map(|role| stack.app.users.grant_group(ada.sub, role))).await;
    assert_eq!(granted.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{granted:?}");
    let (_, status) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
    assert!(Claims::has_room_for(&status.roles) && status.roles.len() == 5);
}

#[tokio::test]
async fn the_command_holds_roles_to_that_room_only_with_openid_connect() {
    let (on, off) = (Stack::with_openid().await, Stack::start().await);
    for stack in [&on, &off] {
        stack.create_user("ada").await;
        for nth in 10..15 {
            stack.jeton(&["user", "grant-role", "ada", &format!("{nth:a>32}")], "").await.json();
        }
    }
    let sixth = "s".repeat(32);
    on.jeton(&["user", "grant-role", "ada", &sixth], "").await.failed(2, "208 bytes");
    assert_eq!(off.jeton(&["user", "grant-role", "ada", &sixth], "").await.json()["granted"], json!(true));
    // Where it does not know whether OpenID Connect is on, it warns once there are keys.
    let grant = async |role: &str| off.jeton_text(&["user", "grant-role", "ada", role]).await;
    assert!(!grant("before").await.contains("208 bytes"));
    off.jeton(&["key", "add", "--local"], "").await.json();
    let text = grant("after").await;
    assert!(text.contains("The roles of ada exceed 208 bytes as JSON: ID tokens have no `groups`"), "{text}");
    let file = format!("roles:\n  {}: [ada]\n", "t".repeat(32));
    on.apply(&file, &[]).await.failed(2, "208 bytes");
    let ran = off.apply(&file, &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
}
