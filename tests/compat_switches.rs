//! Compatibility switches as a whole: who has them, who permits them, and what is said about them (RFC 8414).

use serde_json::{Value, json};
use shared::{
    client::{Registration, Unchanged},
    compat::{Holder, Switch, Switches},
};

use crate::harness::{Fault, Stack, legacy, machine};

async fn metadata(stack: &Stack) -> Value {
    stack.request("GET", "/.well-known/oauth-authorization-server").send().await.json()
}

/// What of the metadata depends on switches.
async fn offered(stack: &Stack) -> Value {
    let told = metadata(stack).await;
    json!([told["grant_types_supported"], told["response_types_supported"]])
}

#[tokio::test]
async fn metadata_lists_what_is_permitted_and_used_and_nothing_else() {
    let strict = json!([["authorization_code", "client_credentials", "refresh_token"], ["code"]]);
    for (permitted, has) in [("none", "password,implicit"), ("password,implicit", "none")] {
        let stack = Stack::permitting(permitted).await;
        stack.legacy(has).await;
        assert_eq!(offered(&stack).await, strict, "permitted {permitted}, has {has}");
    }
    let stack = Stack::permitting("password,implicit").await;
    let client = stack.legacy("password,implicit,json").await;
    assert_eq!(
        offered(&stack).await,
        json!([
            ["authorization_code", "client_credentials", "refresh_token", "password", "implicit"],
            ["code", "token"],
        ])
    );
    let kept = stack.kept(&client).await;
    let strictly = Registration { compat: Switches::default(), ..legacy("none") }.amend(&kept).unwrap();
    stack.app.clients.amend(&kept, &strictly).await.unwrap();
    stack.app.clients.count_switches().await.unwrap();
    assert_eq!(offered(&stack).await, strict);
}

#[tokio::test]
async fn metadata_reads_a_table_only_where_a_switch_for_a_grant_is_permitted() {
    for (permitted, requests) in
        [("none", 0), ("json,ttl,expires,no-rotation,query-credentials", 0), ("password", 1)]
    {
        let stack = Stack::permitting(permitted).await;
        metadata(&stack).await;
        assert_eq!(stack.dynamodb.cost().len(), requests, "{permitted}");
    }
}

#[tokio::test]
async fn the_command_gives_shows_changes_and_takes_switches() {
    let stack = Stack::permitting("password,json").await;
    let created = stack
        .jeton(
            &[
                "client", "create", "--name", "old", "--compat", "password", "--compat", "json", "--scope",
                "read",
            ],
            "",
        )
        .await
        .json();
    let id = created["client_id"].as_str().unwrap();
    let show = async || stack.jeton(&["client", "show", id], "").await.json();
    assert_eq!(show().await["compat"], json!(["password", "json"]));
    assert_eq!(show().await["grants"], json!(["password", "refresh_token"]));
    assert_eq!(offered(&stack).await[0][3], "password");

    let update = async |more: &[&str]| stack.jeton(&[&["client", "update", id], more].concat(), "").await;
    let changed =
        update(&["--name", "new", "--scope", "read write", "--access-token-ttl", "60"]).await.json();
    assert_eq!((&changed["name"], &changed["scope"]), (&json!("new"), &json!(["read", "write"])));
    assert_eq!(changed, show().await, "what is told is what is kept");
    assert_eq!(
        (&changed["compat"], &changed["access_token_ttl"]),
        (&json!(["password", "json"]), &json!(60))
    );
    let changed =
        update(&["--compat", "json", "--grant", "client_credentials", "--resource-server"]).await.json();
    assert_eq!((&changed["compat"], &changed["resource_server"]), (&json!(["json"]), &json!(true)));
    assert_eq!(offered(&stack).await[0].as_array().unwrap().len(), 3);
    let changed = update(&["--compat", "none", "--resource-server=false"]).await.json();
    assert_eq!((&changed["compat"], &changed["resource_server"]), (&json!([]), &json!(false)));
    assert_eq!(changed["grants"], json!(["client_credentials"]));

    for (arguments, message) in [
        (&["--compat", "telepathy"][..], "must be one of"),
        (&["--compat", "guest"], "the deployment's"),
        (&["--grant", "password"], "need the switch"),
        (&["--redirect-uri", "http://elsewhere.example"], "redirect URI"),
        (&["--access-token-ttl", "604800"], "60 to 86400"),
    ] {
        update(arguments).await.failed(2, message);
    }
    assert_eq!(show().await, changed, "nothing of it was done");
    stack.jeton(&["client", "update", "nobody", "--name", "x"], "").await.failed(3, "there is no client");
}

#[tokio::test]
async fn deleting_the_last_client_with_a_switch_takes_it_out_of_the_metadata() {
    let stack = Stack::permitting("implicit").await;
    let create = [
        "client",
        "create",
        "--name",
        "old",
        "--compat",
        "implicit",
        "--redirect-uri",
        "https://a.example/cb",
    ];
    let id = stack.jeton(&create, "").await.json()["client_id"].as_str().unwrap().to_owned();
    assert_eq!(offered(&stack).await[1], json!(["code", "token"]));
    stack.jeton(&["client", "delete", &id], "").await.json();
    assert_eq!(offered(&stack).await[1], json!(["code"]));
    assert_eq!(stack.jeton(&["client", "list"], "").await.json(), json!([]));
}

#[tokio::test]
async fn of_two_changes_to_one_client_at_a_time_one_is_refused() {
    let stack = Stack::start().await;
    let client = stack.machine().await;
    let kept = stack.kept(&client).await;
    let named = |name: &str| Registration { name: name.to_owned(), ..machine() }.amend(&kept).unwrap();
    stack.app.clients.amend(&kept, &named("one")).await.unwrap();
    let raced = stack.app.clients.amend(&kept, &named("two")).await;
    assert!(matches!(raced, Err(Unchanged::Raced(_))), "{raced:?}");
    assert_eq!(stack.kept(&client).await.name, "one");
    // A secret that was made meanwhile is not lost either.
    let before = stack.kept(&client).await;
    let rotated = stack.rotate_secret(&client, std::time::Duration::ZERO).await;
    let late = Registration { name: "three".to_owned(), ..machine() }.amend(&before).unwrap();
    assert!(matches!(stack.app.clients.amend(&before, &late).await, Err(Unchanged::Raced(_))));
    stack.token(&rotated).await;
    stack.delete(&client).await;
    let gone = stack.app.clients.amend(&before, &late).await;
    assert!(matches!(gone, Err(Unchanged::Unknown(_))), "{gone:?}");
}

#[tokio::test]
async fn what_clients_have_is_counted_rightly_however_many_change_at_once() {
    let stack = Stack::permitting("password,implicit").await;
    let (one, two) = tokio::join!(stack.legacy("password"), stack.legacy("implicit"));
    let both = stack.app.clients.offered(stack.now()).await.unwrap();
    assert_eq!(both.to_string(), "password,implicit");
    stack.delete(&one).await;
    stack.delete(&two).await;
    let count = || stack.app.clients.count_switches();
    let (first, second) = tokio::join!(count(), count());
    first.and(second).unwrap();
    assert!(stack.app.clients.offered(stack.now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_client_without_switches_is_kept_as_it_always_was() {
    let stack = Stack::start().await;
    stack.machine().await;
    let stored = stack.stored().await;
    for attribute in ["compat", "longest_access_token"] {
        assert!(!stored.contains(attribute), "{attribute}: {stored}");
    }
}

#[test]
fn every_switch_says_who_turns_it_on_what_it_does_and_which_rfc_advises_against_it() {
    for switch in Switch::ALL {
        let about = switch.about();
        assert!(about.discouraged_by.starts_with("RFC "), "{switch}");
        assert!(!about.does.is_empty() && !about.does.ends_with('.'), "{switch}");
        assert_eq!(switch.as_str().parse(), Ok(*switch));
    }
    let all = Switches::of(Holder::Client).iter().chain(Switches::of(Holder::Deployment).iter()).count();
    assert_eq!(all, Switch::ALL.len());
}

#[tokio::test]
async fn a_change_to_a_client_is_told_though_the_switches_cannot_be_counted() {
    let stack = Stack::permitting("password").await;
    stack.dynamodb.fail(Fault::ThrottleScans);
    let told = async |arguments: &[&str]| -> Value {
        let ran = stack.jeton(arguments, "").await;
        assert!(ran.code == 1 && ran.stderr.contains("the change is made"), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let create = ["client", "create", "--name", "old", "--scope", "read", "--grant", "client_credentials"];
    let created = told(&[&create[..], &["--grant", "password", "--compat", "password"]].concat()).await;
    let id = created["client_id"].as_str().unwrap();
    let form = [("grant_type", "client_credentials"), ("client_id", id)];
    let secret = [("client_secret", created["client_secret"].as_str().unwrap())];
    let post = [&form[..], &secret].concat();
    assert_eq!(told(&["client", "update", id, "--auth-method", "client_secret_post"]).await["client_id"], id);
    assert_eq!(stack.post("/oauth/token").form(&post).send().await.status, 200);
    stack.dynamodb.fail(Fault::None);
    assert!(stack.app.clients.offered(stack.now()).await.unwrap().is_empty());
    stack.jeton(&["client", "update", id], "").await.json();
    assert_eq!(stack.app.clients.offered(stack.now()).await.unwrap().to_string(), "password");
    stack.dynamodb.fail(Fault::ThrottleScans);
    assert_eq!(told(&["client", "delete", id]).await["deleted"], true);
}
