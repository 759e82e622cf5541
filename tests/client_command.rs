//! `jeton client …`: the resources of clients, and the clients that registered themselves.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::{
    clients::SelfRegistration,
    dynamodb::{Item, insert_all},
};

use crate::harness::{Ran, Stack, tool};

impl Stack {
    /// Runs `jeton client`.
    async fn client(&self, arguments: &[&str]) -> Ran {
        self.jeton(&[&["client"], arguments].concat(), "").await
    }

    /// Stores a public client that registers itself, and returns its id.
    async fn registered_itself(&self, name: &str) -> String {
        self.self_registered(SelfRegistration { name: Some(name.to_owned()), ..tool() }).await.id
    }
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|client| client["client_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_client_names_the_resources_that_it_requests_tokens_for_or_serves() {
    let stack = Stack::start().await;
    let (notes, photos) = ("https://api.example.com/notes", "https://api.example.com/photos/");
    for uri in [notes, photos] {
        stack.jeton(&["resource", "create", uri, "--name", "x"], "").await.json();
    }
    let create = ["create", "--name", "x"];
    let show = async |created: Ran| -> Value {
        stack.client(&["show", created.json()["client_id"].as_str().unwrap()]).await.json()
    };
    let shown = show(stack.client(&create).await).await;
    let id = shown["client_id"].as_str().unwrap();
    assert_eq!((&shown["resources"], &shown["serves"]), (&json!([]), &json!([])));
    // The registered spelling is stored, and each resource once.
    let update = async |options: &[&str]| stack.client(&[&["update", id], options].concat()).await;
    let updated = update(&["--resource", "https://api.example.com/photos", "--resource", photos]).await;
    assert_eq!(updated.json()["resources"], json!([photos]));
    let updated = update(&["--resource", photos, "--resource", notes]).await;
    assert_eq!(updated.json()["resources"], json!([notes, photos]));
    assert_eq!(update(&["--name", "y"]).await.json()["resources"], json!([notes, photos]));
    assert_eq!(update(&["--resource", "any"]).await.json()["resources"], json!([]));
    update(&["--resource", "any", "--resource", notes]).await.failed(2, "`any` or the resources, not both");
    update(&["--serves", notes]).await.failed(2, "only a resource server serves resources");
    let updated = update(&["--resource-server", "--serves", notes]).await.json();
    assert_eq!(updated["serves"], json!([notes]));
    assert_eq!(update(&["--resource-server=false"]).await.json()["serves"], json!([]));

    let options = ["--resource-server", "--serves", notes, "--resource", photos];
    let shown = show(stack.client(&[&create[..], &options].concat()).await).await;
    assert_eq!((&shown["resources"], &shown["serves"]), (&json!([photos]), &json!([notes])));
    stack.client(&[&create[..], &["--serves", notes]].concat()).await.failed(2, "only a resource server");
    let wrong = ["--resource", "https://API.example.com/notes"];
    stack
        .client(&[&create[..], &wrong].concat())
        .await
        .failed(2, "Did you mean https://api.example.com/notes?");
    for option in ["--resource", "--serves"] {
        let unknown = [option, "https://api.example.com/other", "--resource-server"];
        let message = "there is no resource https://api.example.com/other;";
        stack.client(&[&create[..], &unknown].concat()).await.failed(3, message);
        update(&unknown).await.failed(3, message);
    }
    // A client keeps the name of a resource that was deleted.
    update(&["--resource", notes]).await.json();
    stack.jeton(&["resource", "delete", notes], "").await.json();
    assert_eq!(update(&["--name", "z"]).await.json()["resources"], json!([notes]));
}

#[tokio::test]
async fn self_registered_clients_are_listed_apart_from_the_others() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let (one, other) = (stack.registered_itself("B").await, stack.registered_itself("A").await);
    let public = stack.client(&["list"]).await.json();
    assert!(ids(&public).contains(&machine.id.as_str()));
    assert!(!ids(&public).contains(&one.as_str()) && !ids(&public).contains(&other.as_str()));
    let listed = stack.client(&["list", "--self-registered"]).await.json();
    assert_eq!(ids(&listed), [other.as_str(), one.as_str()]);
    let end = stack.now().after(Duration::from_hours(720)).seconds();
    for client in listed.as_array().unwrap() {
        assert_eq!((&client["self_registered"], &client["expires_at"]), (&json!(true), &json!(end)));
    }
    // People are told that there are more, and when these end.
    let text = stack.jeton_text(&["client", "list"]).await;
    assert!(text.contains(&machine.id) && !text.contains(&one), "{text}");
    assert!(text.ends_with("\n\n2 more registered themselves: see --self-registered.\n"), "{text}");
    let text = stack.jeton_text(&["client", "list", "--self-registered"]).await;
    assert!(text.contains("ENDS") && text.contains(&one) && !text.contains(&machine.id), "{text}");
    assert!(
        stack.jeton_text(&["client", "show", &one]).await.contains("unless a user consents to it before")
    );
    let shown = stack.client(&["show", &machine.id]).await.json();
    assert_eq!((&shown["self_registered"], &shown["expires_at"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn a_list_reads_no_client_that_it_leaves_out() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let unreadable = |id: &str| Item::from([("pk".to_owned(), AttributeValue::S(format!("client#{id}")))]);
    let table = stack.app.clients.table();
    insert_all(table, [unreadable("d-00000000000000000000")]).await.unwrap();
    let text = stack.jeton_text(&["client", "list"]).await;
    assert!(text.contains(&machine.id) && text.contains("1 more registered themselves"), "{text}");
    stack.jeton_text(&["scope", "list"]).await;
}

#[tokio::test]
async fn an_administrator_disables_updates_and_deletes_a_self_registered_client() {
    let stack = Stack::start().await;
    let id = stack.registered_itself("A").await;
    stack.client(&["disable", &id]).await.json();
    assert_eq!(stack.client(&["show", &id]).await.json()["disabled"], true);
    stack.client(&["enable", &id]).await.json();
    assert_eq!(stack.client(&["show", &id]).await.json()["disabled"], false);
    stack.client(&["update", &id, "--name", "Checked"]).await.json();
    let shown = stack.client(&["show", &id]).await.json();
    assert_eq!((&shown["name"], &shown["self_registered"]), (&json!("Checked"), &json!(true)));
    assert!(shown["expires_at"].is_u64(), "{shown}");
    for trusted in [
        &["--first-party"][..],
        &["--resource-server"],
        &["--pkce-optional"],
        &["--scope", "read"],
        &["--compat", "implicit"],
    ] {
        stack
            .client(&[&["update", &id], trusted].concat())
            .await
            .failed(2, "a client that registered itself");
    }
    stack.client(&["delete", &id]).await.json();
    stack.client(&["show", &id]).await.failed(3, "there is no client");
    assert_eq!(stack.client(&["list", "--self-registered"]).await.json(), json!([]));
}
