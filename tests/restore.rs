//! The steps of the restore runbook in docs/operate.md, with a live table: what was deleted stays deleted.

use shared::{
    dynamodb::{Item, Outcome, Table, Transaction},
    oauth::ClientId,
    status::Status,
};

use crate::harness::{PASSWORD, Registered, Stack};

/// Copies the items that the live table lacks from a backup, as the runbook does. Returns the keys of these items.
async fn copy_missing_items(table: &Table, backup: &[Item]) -> Vec<String> {
    let mut copied = Vec::new();
    for item in backup {
        let key = item["pk"].as_s().unwrap().clone();
        let put = Transaction::on(table).insert(item.clone()).unwrap().commit().await.unwrap();
        if matches!(put, Outcome::Applied(())) {
            copied.push(key);
        }
    }
    copied.sort();
    copied
}

async fn items(table: &Table) -> Vec<Item> {
    table.all().await.unwrap()
}

#[tokio::test]
async fn a_deleted_user_in_a_restored_backup_stays_deleted_and_the_name_is_free() {
    let stack = Stack::with_accounts().await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let (ada, browser) = stack.developer("ada").await;
    let (token, credentials) = (browser.personal_token("x", "never").await, browser.credentials("y").await);
    let (grant, machine) = (stack.authorized(&web, ada.sub).await, stack.token(&credentials).await);
    let users = stack.app.users.table();
    let (backup, clients) = (items(users).await, items(stack.app.clients.table()).await);
    stack.jeton(&["user", "delete", "ada"], "").await.json();

    let copied = copy_missing_items(users, &backup).await;
    assert_eq!(copied, ["name#ada".to_owned(), format!("user#{}", ada.sub)], "the tombstone stays");
    let copied = copy_missing_items(stack.app.clients.table(), &clients).await;
    assert_eq!(copied, [format!("client#{}", credentials.id)]);

    // The user cannot sign in, and no token of theirs is valid.
    let visitor = stack.browser();
    assert_eq!(visitor.try_to_sign_in("/login", "ada", PASSWORD).await.status, 400);
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    let access = grant["access_token"].as_str().unwrap();
    for dead in [access, token.as_str(), machine.as_str()] {
        stack.is_inactive(&rs, dead).await;
    }
    stack.request_token(&credentials, &[]).await.is_invalid_client();
    assert_eq!(stack.jeton(&["user", "list"], "").await.json().as_array().unwrap().len(), 0);
    for command in [
        &["user", "show", "ada"][..],
        &["user", "enable", "ada"],
        &["user", "set-password", "ada", "--password-stdin"],
        &["user", "grant-role", "ada", "developer"],
        &["user", "delete", "ada"],
        &["token", "revoke-all", "--user", "ada"],
    ] {
        stack.jeton(command, "another password").await.failed(3, "there is no user ada");
    }
    let status: Status = users.get(&Status::key(ada.sub)).await.unwrap().unwrap();
    assert!(status.deleted && status.disabled && status.name.is_empty() && status.roles.is_empty());

    // Another user can have the name, and inherits nothing.
    let made = stack.jeton(&["user", "create", "ADA", "--password-stdin"], "another password").await.json();
    assert_ne!(made["sub"], ada.sub.to_string());
    assert_eq!(visitor.try_to_sign_in("/login", "ada", PASSWORD).await.status, 400);
    assert_eq!(visitor.try_to_sign_in("/login", "ada", "another password").await.status, 303);
    let keys: Vec<_> = items(users).await.iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    assert!(keys.len() == 4 && !keys.contains(&format!("user#{}", ada.sub)), "{keys:?}");
    for dead in [access, token.as_str()] {
        stack.is_inactive(&rs, dead).await;
    }
    let again = stack.jeton(&["user", "create", "ada", "--password-stdin"], "another password").await;
    again.failed(2, "already");
}

#[tokio::test]
async fn of_two_users_with_the_name_of_a_deleted_one_only_one_is_created() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let users = stack.app.users.table();
    let backup = items(users).await;
    stack.app.users.delete(ada.sub).await.unwrap();
    copy_missing_items(users, &backup).await;
    let create = ["user", "create", "ada", "--password-stdin"];
    let (one, other) =
        tokio::join!(stack.jeton(&create, "a good password"), stack.jeton(&create, "a good password"));
    let mut codes = [one.code, other.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 2], "{one:?} {other:?}");
    assert_eq!(stack.app.users.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_client_in_a_restored_backup_stays_deleted() {
    let stack = Stack::start().await;
    let (web, machine, rs) = (stack.web().await, stack.machine().await, stack.resource_server().await);
    let ada = stack.create_user("ada").await;
    let (token, pair) = (stack.token(&machine).await, stack.authorized(&web, ada.sub).await);
    let table = stack.app.clients.table();
    let backup = items(table).await;
    for Registered { id, .. } in [&web, &machine] {
        stack.jeton(&["client", "delete", id], "").await.json();
        let tombstone: Status = table.get(&Status::key(id)).await.unwrap().unwrap();
        assert!(tombstone.deleted && tombstone.name.is_empty());
    }
    let copied = copy_missing_items(table, &backup).await;
    assert!(copied.len() == 2 && copied.iter().all(|key| key.starts_with("client#")), "{copied:?}");

    stack.request_token(&machine, &[]).await.is_invalid_client();
    stack.refresh(&web, pair["refresh_token"].as_str().unwrap()).await.is_invalid_client();
    for dead in [token.as_str(), pair["access_token"].as_str().unwrap()] {
        stack.is_inactive(&rs, dead).await;
    }
    let listed = stack.jeton(&["client", "list"], "").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for verb in ["show", "enable", "disable", "rotate-secret", "delete"] {
        stack.jeton(&["client", verb, &machine.id], "").await.failed(3, "no client");
    }
    stack.jeton(&["client", "update", &machine.id, "--name", "x"], "").await.failed(3, "no client");
    stack.jeton(&["token", "revoke-all", "--client", &machine.id], "").await.failed(3, "no client");
    let id: ClientId = machine.id.parse().unwrap();
    assert!(table.get::<Status>(&Status::key(&id)).await.unwrap().unwrap().deleted);
}

#[tokio::test]
async fn a_restored_user_has_none_of_the_tokens_issued_before() {
    let stack = Stack::start().await;
    let (web, ada) = (stack.web().await, stack.create_user("ada").await);
    let before = stack.authorized(&web, ada.sub).await;
    let users = stack.app.users.table();
    let mut backup = items(users).await;
    // The table is lost; the runbook revokes everything that was issued before.
    let lost = backup.iter().map(|item| item["pk"].as_s().unwrap().clone());
    assert!(matches!(shared::dynamodb::delete_all(users, lost).await.unwrap(), Outcome::Applied(())));
    for item in backup.iter_mut().filter(|item| item["pk"].as_s().unwrap().starts_with("status#")) {
        let now = aws_sdk_dynamodb::types::AttributeValue::N(stack.now().to_string());
        item.insert("not_before".to_owned(), now);
    }
    assert_eq!(copy_missing_items(users, &backup).await.len(), 3);
    stack.is_inactive(&web, before["access_token"].as_str().unwrap()).await;
    stack.advance(std::time::Duration::from_millis(1));
    let browser = stack.browser();
    browser.sign_in(&ada).await;
    let after = stack.authorized(&web, ada.sub).await;
    assert!(stack.is_active(&web, after["access_token"].as_str().unwrap()).await);
}
