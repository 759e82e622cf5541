//! Compatibility switches: the clients that have them, the deployment that permits them, and the metadata (RFC 8414).

use serde_json::{Value, json};
use shared::{
    clients::{Registration, WriteError},
    oauth::{Holder, Switch, Switches},
};
use strum::VariantArray as _;

use crate::harness::{Stack, machine};

async fn metadata(stack: &Stack) -> Value {
    stack.request("GET", "/.well-known/oauth-authorization-server").send().await.json()
}

/// Returns the members of the metadata that depend on switches.
async fn supported(stack: &Stack) -> Value {
    let metadata = metadata(stack).await;
    json!([metadata["grant_types_supported"], metadata["response_types_supported"]])
}

#[tokio::test]
async fn metadata_lists_what_the_deployment_permits_and_nothing_else() {
    let strict = json!([["authorization_code", "client_credentials", "refresh_token"], ["code"]]);
    let older = json!([
        ["authorization_code", "client_credentials", "refresh_token", "password", "implicit"],
        ["code", "token"],
    ]);
    for (permitted, has, expected) in [
        ("none", "password,implicit", &strict),
        ("json,ttl,expires,no-rotation,query-credentials", "password,implicit", &strict),
        ("password,implicit", "password,implicit", &older),
        ("password,implicit", "none", &older),
    ] {
        let stack = Stack::permitting(permitted).await;
        stack.legacy(has).await;
        assert_eq!(&supported(&stack).await, expected, "permitted {permitted}, has {has}");
    }
}

#[tokio::test]
async fn metadata_reads_no_table() {
    for permitted in ["none", "password,implicit"] {
        let stack = Stack::permitting(permitted).await;
        metadata(&stack).await;
        assert_eq!(stack.dynamodb.cost(), [], "{permitted}");
    }
}

#[tokio::test]
async fn the_command_sets_shows_and_removes_switches() {
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

    let update = async |more: &[&str]| stack.jeton(&[&["client", "update", id], more].concat(), "").await;
    let changed =
        update(&["--name", "new", "--scope", "read write", "--access-token-ttl", "60"]).await.json();
    assert_eq!((&changed["name"], &changed["scope"]), (&json!("new"), &json!(["read", "write"])));
    assert_eq!(changed, show().await, "the output is what is stored");
    assert_eq!(
        (&changed["compat"], &changed["access_token_ttl"]),
        (&json!(["password", "json"]), &json!(60))
    );
    let changed =
        update(&["--compat", "json", "--grant", "client_credentials", "--resource-server"]).await.json();
    assert_eq!((&changed["compat"], &changed["resource_server"]), (&json!(["json"]), &json!(true)));
    let changed = update(&["--compat", "none", "--resource-server=false"]).await.json();
    assert_eq!((&changed["compat"], &changed["resource_server"]), (&json!([]), &json!(false)));
    assert_eq!(changed["grants"], json!(["client_credentials"]));

    for (arguments, message) in [
        (&["--compat", "telepathy"][..], "possible values: password, implicit"),
        (&["--compat", "guest"], "guest belongs to the deployment"),
        (&["--grant", "password"], "needs the switch"),
        (&["--redirect-uri", "http://elsewhere.example"], "redirect URI"),
        (&["--access-token-ttl", "604800"], "60 to 86400"),
    ] {
        update(arguments).await.failed(2, message);
    }
    assert_eq!(show().await, changed, "the client did not change");
    stack.jeton(&["client", "update", "nobody", "--name", "x"], "").await.failed(3, "there is no client");
}

#[tokio::test]
async fn of_two_concurrent_changes_to_one_client_one_is_refused() {
    let stack = Stack::start().await;
    let client = stack.machine().await;
    let stored = stack.stored_client(&client).await;
    let named = |name: &str| Registration { name: name.to_owned(), ..machine() }.update(&stored).unwrap();
    stack.app.clients.update(&stored, &named("one")).await.unwrap();
    let raced = stack.app.clients.update(&stored, &named("two")).await;
    assert!(matches!(raced, Err(WriteError::Raced(_))), "{raced:?}");
    assert_eq!(stack.stored_client(&client).await.name, "one");
    // A secret that was rotated meanwhile is not lost.
    let before = stack.stored_client(&client).await;
    let rotated = stack.rotate_secret(&client, std::time::Duration::ZERO).await;
    let late = Registration { name: "three".to_owned(), ..machine() }.update(&before).unwrap();
    assert!(matches!(stack.app.clients.update(&before, &late).await, Err(WriteError::Raced(_))));
    stack.token(&rotated).await;
    stack.delete(&client).await;
    let gone = stack.app.clients.update(&before, &late).await;
    assert!(matches!(gone, Err(WriteError::Unknown(_))), "{gone:?}");
}

#[tokio::test]
async fn a_client_without_switches_is_stored_without_their_attributes() {
    let stack = Stack::start().await;
    stack.machine().await;
    let stored = stack.stored().await;
    for attribute in ["compat", "longest_access_token"] {
        assert!(!stored.contains(attribute), "{attribute}: {stored}");
    }
}

#[test]
fn every_switch_is_documented_with_its_holder_effect_and_rfc() {
    for switch in Switch::VARIANTS {
        let about = switch.about();
        assert!(about.discouraged_by.starts_with("RFC "), "{switch}");
        assert!(!about.does.is_empty() && !about.does.ends_with('.'), "{switch}");
        assert_eq!(switch.into_str().parse(), Ok(*switch));
    }
    let all = Switches::of(Holder::Client).iter().chain(Switches::of(Holder::Deployment).iter()).count();
    assert_eq!(all, Switch::VARIANTS.len());
}
