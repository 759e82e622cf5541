//! A developer's own credentials: created, used, deleted, and invalid without the role.

use serde_json::json;
use shared::{clients::Client, status::Role};

use crate::harness::{
    Fault, HtmlForm, Registered, Stack,
    account::{CREDENTIALS, shown},
};

#[tokio::test]
async fn a_developers_credentials_are_shown_once_and_work_until_they_are_deleted() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.developer("ada").await, stack.resource_server().await);
    let machine = browser.credentials("billing").await;
    let token = stack.token(&machine).await;
    let active = stack.introspect(&rs, &token).await;
    assert_eq!((&active["scope"], &active["sub"]), (&json!("orders"), &json!(machine.id)));
    let client = stack.stored_client(&machine).await;
    assert_eq!((client.owner, client.redirect_uris.len(), client.resource_server), (Some(ada.sub), 0, false));
    let page = browser.get(CREDENTIALS).await;
    page.is_page(200);
    assert!(page.text.contains("<strong>billing</strong>") && !page.text.contains("jts_"), "{}", page.text);
    let form = HtmlForm::with_field(&page, "delete", &machine.id);
    let (one, other) = tokio::join!(browser.submit(&form, &[]), browser.submit(&form, &[]));
    for response in [one, other, browser.submit(&form, &[]).await] {
        assert_eq!((response.status, response.header("location")), (303, Some(CREDENTIALS)));
    }
    stack.is_inactive(&rs, &token).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    assert!(browser.get(CREDENTIALS).await.text.contains("You have no credentials"));
    let changes: Vec<_> = stack.audited("client_changed").iter().map(|line| line["change"].clone()).collect();
    assert_eq!(changes, ["created", "deleted"]);
}

#[tokio::test]
async fn credentials_of_a_user_who_loses_the_role_stop_working() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.developer("ada").await, stack.resource_server().await);
    let machine = browser.credentials("billing").await;
    let token = stack.token(&machine).await;
    let (users, developer) = (&stack.app.users, Role::developer());
    let form = HtmlForm::to_make(&browser.get(CREDENTIALS).await).with("name", "x");
    users.remove_role(ada.sub, &developer).await.unwrap();
    stack.is_inactive(&rs, &token).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    stack.revoke(&machine, &token).await.is_invalid_client();
    // Between the page and its form, too; and another role is not enough.
    users.grant_role(ada.sub, &Role::admin()).await.unwrap();
    browser.submit(&form, &[]).await.is_page(403);
    stack.is_inactive(&rs, &token).await;
    assert_eq!(stack.app.clients.owned_by(ada.sub).await.unwrap().len(), 1);
    // With the role again, the credentials work again.
    users.grant_role(ada.sub, &developer).await.unwrap();
    assert!(stack.is_active(&rs, &token).await);
    stack.token(&machine).await;
    users.disable(ada.sub, stack.now()).await.unwrap();
    stack.is_inactive(&rs, &token).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    users.enable(ada.sub).await.unwrap();
    users.delete(ada.sub).await.unwrap();
    stack.is_inactive(&rs, &token).await;
    stack.request_token(&machine, &[]).await.is_invalid_client();
    let refused = stack.audited("refused");
    for reason in ["the client's owner: no longer a developer", "the client's owner: disabled"] {
        assert!(refused.iter().any(|line| line["reason"] == reason), "{reason}");
    }
}

#[tokio::test]
async fn an_unreadable_owner_status_is_an_outage_and_not_invalid_client() {
    let stack = Stack::with_accounts().await;
    let (_, browser) = stack.developer("ada").await;
    let machine = browser.credentials("billing").await;
    stack.dynamodb.fail(Fault::AlwaysLeftOver);
    stack.request_token(&machine, &[]).await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    stack.token(&machine).await;
}

#[tokio::test]
async fn a_developer_cannot_delete_anothers_client() {
    let stack = Stack::with_accounts().await;
    let ((_, hers), (eve, _)) = (stack.developer("ada").await, stack.developer("eve").await);
    let (machine, unowned) = (hers.credentials("billing").await, stack.machine().await);
    for client in [&machine, &unowned] {
        let deleted = stack.app.clients.delete_owned(&client.id.parse().unwrap(), eve.sub).await;
        assert!(deleted.is_err());
        stack.token(client).await;
    }
    assert_eq!(stack.app.clients.owned_by(eve.sub).await.unwrap().len(), 0);
}

#[tokio::test]
async fn of_many_credentials_made_at_once_only_as_many_are_as_one_developer_may_own() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.developer("ada").await;
    for nth in 0..Client::MOST_OWNED - 2 {
        browser.credentials(&format!("application {nth}")).await;
    }
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| browser.request_credentials(name));
    let mut statuses = <[_; 4]>::from(tokio::join!(a, b, c, d)).map(|response| response.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 409, 409]);
    let owned = || stack.app.clients.owned_by(ada.sub);
    assert_eq!(owned().await.unwrap().len(), Client::MOST_OWNED);
    assert_eq!(stack.clients().await, Client::MOST_OWNED, "nothing is half made");
    let create = ["client", "create", "--name", "x", "--owner", "ada"];
    stack.jeton(&create, "").await.failed(2, "20 clients at most");
    stack.app.clients.delete(&owned().await.unwrap()[0].id).await.unwrap();
    browser.credentials("e").await;
    assert_eq!(owned().await.unwrap().len(), Client::MOST_OWNED);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_client_and_shows_its_secret_again() {
    let stack = Stack::with_accounts().await;
    let (ada, browser) = stack.developer("ada").await;
    let form = HtmlForm::to_make(&browser.get(CREDENTIALS).await).with("name", "<b>x</b>");
    let (one, other) = tokio::join!(browser.submit(&form, &[]), browser.submit(&form, &[]));
    let again = browser.submit(&form, &[]).await;
    for page in [&one, &other] {
        assert_eq!([shown(page, 0), shown(page, 1)], [shown(&again, 0), shown(&again, 1)]);
    }
    assert!(!again.text.contains("<b>") && !browser.get(CREDENTIALS).await.text.contains("<b>"));
    let owned = stack.app.clients.owned_by(ada.sub).await.unwrap();
    assert_eq!((owned.len(), owned[0].name.as_str()), (1, "<b>x</b>"));
    for name in ["", "a\r\nb", "\u{202E}", &"x".repeat(101)] {
        browser.submit(&form.with("name", name), &[]).await.is_page(400);
    }
    // A scope outside JETON_DEVELOPER_SCOPES is not granted.
    let more = browser.submit(&form.with("name", "y").with("allow:root", "yes"), &[]).await;
    assert_eq!(
        stack.app.clients.read(&shown(&more, 0).parse().unwrap()).await.unwrap().unwrap().0.scope.to_string(),
        "orders"
    );
}

#[tokio::test]
async fn a_form_whose_client_was_deleted_does_not_bring_it_back() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), rs) = (stack.developer("ada").await, stack.resource_server().await);
    for by_owner in [true, false] {
        let form = HtmlForm::to_make(&browser.get(CREDENTIALS).await).with("name", "billing");
        let made = browser.submit(&form, &[]).await;
        let machine = Registered { id: shown(&made, 0), secret: shown(&made, 1) };
        let token = stack.token(&machine).await;
        if by_owner {
            let page = browser.get(CREDENTIALS).await;
            browser.submit(&HtmlForm::with_field(&page, "delete", &machine.id), &[]).await;
        } else {
            stack.jeton(&["client", "delete", &machine.id], "").await.json();
        }
        browser.submit(&form, &[]).await.is_page(403);
        stack.is_inactive(&rs, &token).await;
        stack.request_token(&machine, &[]).await.is_invalid_client();
        // The tombstone is not a client to any command, and cannot be enabled.
        for command in ["show", "enable", "disable", "delete"] {
            stack.jeton(&["client", command, &machine.id], "").await.failed(3, "no client");
        }
        assert!(!stack.jeton(&["client", "list"], "").await.stdout.contains(&machine.id));
        stack.is_inactive(&rs, &token).await;
    }
    assert_eq!(stack.app.clients.owned_by(ada.sub).await.unwrap().len(), 0);
    assert_eq!(stack.clients().await, 1);
}

#[tokio::test]
async fn the_command_grants_roles_and_makes_clients_for_developers_only() {
    let stack = Stack::with_accounts().await;
    let rs = stack.resource_server().await;
    stack.create_user("ada").await;
    let create = ["client", "create", "--name", "robot", "--scope", "read", "--owner", "ada"];
    stack.jeton(&create, "").await.failed(2, "ada is not a developer");
    let granted = stack.jeton(&["user", "grant-role", "ADA", "developer"], "").await;
    assert_eq!((&granted.json()["granted"], granted.stderr.contains("role_granted")), (&json!(true), true));
    let made = stack.jeton(&create, "").await.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let robot = Registered { id: text("client_id"), secret: text("client_secret") };
    let token = stack.token(&robot).await;
    assert!(stack.is_active(&rs, &token).await);
    let shown = stack.jeton(&["user", "show", "ada"], "").await.json();
    assert_eq!(shown["roles"], json!(["developer"]));
    assert_eq!(stack.jeton(&["client", "show", &robot.id], "").await.json()["owner"], shown["sub"]);
    stack.jeton(&["user", "remove-role", "ada", "developer"], "").await.json();
    stack.is_inactive(&rs, &token).await;
    stack.jeton(&["user", "remove-role", "ada", "developer"], "").await.json();
    assert_eq!(stack.jeton(&["user", "list"], "").await.json()[0]["roles"], json!([]));
    for role in ["", "Developer", "a b", &"x".repeat(33)] {
        assert_eq!(stack.jeton(&["user", "grant-role", "ada", role], "").await.code, 2, "{role}");
    }
    stack.jeton(&["user", "grant-role", "nobody", "x"], "").await.failed(3, "nobody");
    for nth in 0..Role::MOST {
        stack.jeton(&["user", "grant-role", "ada", &format!("r{nth}")], "").await.json();
    }
    stack.jeton(&["user", "grant-role", "ada", "r0"], "").await.json();
    stack.jeton(&["user", "grant-role", "ada", "one-more"], "").await.failed(2, "remove one first");
    stack.jeton(&["user", "delete", "ada"], "").await.json();
    stack.jeton(&["client", "show", &robot.id], "").await.failed(3, "no client");
}
