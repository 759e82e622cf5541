//! Registrations that are repeated (RFC 7591 §3): the same public metadata lead to one client, which lives as long as it is
//! used.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{
    clients::life::{UNUSED, USED},
    dynamodb::Item,
};

use crate::harness::{Fault, REGISTER, Registered, Stack, public_metadata};

const DAY: Duration = Duration::from_hours(24);

/// Registers the client `Notes`, and returns its id.
async fn notes(stack: &Stack) -> String {
    let information = stack.self_register(&public_metadata("Notes")).await;
    information["client_id"].as_str().unwrap().to_owned()
}

/// Returns how long the record and the status of the client go on, `None` where it has no end, and whether the time at which
/// DynamoDB may delete them fits. The items must exist.
async fn left(stack: &Stack, id: &str) -> [Option<Duration>; 2] {
    let items = stack.app.clients.table().all().await.unwrap();
    ["client", "status"].map(|kind| {
        let key = format!("{kind}#{id}");
        let item = items.iter().find(|item| item["pk"].as_s() == Ok(&key)).unwrap();
        let number = |name: &str| item.get(name).map(|value| value.as_n().unwrap().parse::<u64>().unwrap());
        let end = number("expires_at");
        assert_eq!(number("ttl"), end.map(|end| end / 1_000 + 1), "{key}");
        end.map(|end| Duration::from_millis(end - stack.now().millis()))
    })
}

/// Deletes the item with this key, as DynamoDB does once its `ttl` is over.
async fn expire(stack: &Stack, key: &str) {
    let table = stack.app.clients.table();
    shared::dynamodb::delete_all(table, [key.to_owned()]).await.unwrap();
}

#[tokio::test]
async fn the_same_public_body_ten_times_is_one_client() {
    let stack = Stack::with_registration().await;
    let first = stack.self_register(&public_metadata("Notes")).await;
    for nth in 1..10 {
        stack.advance(Duration::from_mins(1));
        // Another instance of the function knows nothing of the first.
        let other = stack.sibling(|_| ()).await;
        let again = other.self_register(&public_metadata("Notes")).await;
        assert_eq!(again, first, "{nth}");
    }
    assert_eq!(stack.count_of_self_registered().await, (1, 1));
}

#[tokio::test]
async fn simultaneous_registrations_of_one_public_client_lead_to_one_client() {
    let stack = Stack::with_registration().await;
    let (first, second) = (public_metadata("Notes"), public_metadata("Tasks"));
    let all = (0..20).map(|n| stack.self_register(if n % 2 == 0 { &first } else { &second }));
    let mut ids: Vec<_> =
        join_all(all).await.into_iter().map(|of| of["client_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), stack.count_of_self_registered().await), (2, (2, 2)));
    let new = stack.audited("registered").into_iter().filter(|line| line["repeated"] == false).count();
    assert_eq!(new, 2);
}

#[tokio::test]
async fn what_a_public_client_sends_decides_which_client_it_is() {
    let stack = Stack::with_registration().await;
    let metadata = |uris: &[&str], name: &str| json!({ "client_name": name, "redirect_uris": uris, "token_endpoint_auth_method": "none" });
    let (one, other) = ("https://a.example/cb", "cursor://x/cb");
    let id = async |metadata: Value| stack.self_register(&metadata).await["client_id"].clone();
    let first = id(metadata(&[one, other], "Notes")).await;
    // The order, what is not kept, and what is ignored make no difference.
    let mut decorated = metadata(&[other, "myapp:/cb", one, one], "Notes");
    decorated["logo_uri"] = json!("https://a.example/logo.png");
    decorated["scope"] = json!("read");
    assert_eq!(id(decorated).await, first);
    for different in [
        metadata(&[one], "Notes"),
        metadata(&[one, other], "notes"),
        metadata(&[other, "https://a.example/"], "Notes"),
    ] {
        assert_ne!(id(different).await, first);
    }
    // A confidential client has an id and a secret of its own each time.
    let confidential = json!({ "client_name": "Notes", "redirect_uris": [one, other] });
    let [a, b] = [stack.self_register(&confidential).await, stack.self_register(&confidential).await];
    assert!(a["client_id"] != b["client_id"] && a["client_secret"] != b["client_secret"]);
    assert_eq!(stack.count_of_self_registered().await, (6, 6));
}

#[tokio::test]
async fn a_registration_whose_response_was_lost_leaves_one_client() {
    let stack = Stack::with_registration().await;
    let confidential = json!({ "redirect_uris": ["https://a.example/cb"] });
    for (clients, metadata) in [(1, public_metadata("Notes")), (2, confidential)] {
        stack.dynamodb.fail(Fault::LoseFirstTransaction);
        let client = Registered::of(&stack.self_register(&metadata).await);
        stack.dynamodb.fail(Fault::None);
        assert_eq!(stack.count_of_self_registered().await, (clients, clients), "{metadata}");
        if !client.secret.is_empty() {
            let form = [("token", "garbage")];
            assert_eq!(stack.post("/oauth/revoke").basic(&client).form(&form).send().await.status, 200);
        }
    }
    // The function itself gets no response, and the client tries again.
    stack.dynamodb.fail(Fault::LoseTransactions);
    stack.registration(&public_metadata("Tasks")).send().await.is_unavailable();
    stack.dynamodb.fail(Fault::None);
    let information = stack.self_register(&public_metadata("Tasks")).await;
    assert_eq!(information["client_id_issued_at"], stack.now().seconds());
    assert_eq!(stack.count_of_self_registered().await, (3, 3));
}

#[tokio::test]
async fn a_repetition_renews_a_life_of_which_less_than_half_is_left_and_shortens_none() {
    let stack = Stack::with_registration().await;
    let id = notes(&stack).await;
    assert_eq!(left(&stack, &id).await, [Some(UNUSED); 2]);
    stack.advance(UNUSED / 2);
    notes(&stack).await;
    assert_eq!(left(&stack, &id).await, [Some(UNUSED / 2); 2], "half is left");
    stack.advance_by_the_last_millisecond();
    notes(&stack).await;
    assert_eq!(left(&stack, &id).await, [Some(UNUSED); 2]);
    // A consent has given it a longer life.
    let client = stack.stored_client(&Registered { id: id.clone(), secret: String::new() }).await;
    stack.app.clients.renew(&client, stack.now().after(USED)).await.unwrap();
    notes(&stack).await;
    assert_eq!(left(&stack, &id).await, [Some(USED); 2]);
}

#[tokio::test]
async fn an_interrupted_renewal_by_a_consent_is_completed_by_a_repetition() {
    let stack = Stack::with_registration().await;
    let id = notes(&stack).await;
    let client = stack.stored_client(&Registered { id: id.clone(), secret: String::new() }).await;
    stack.advance(20 * DAY);
    stack.app.clients.renew(&client, stack.now().after(USED)).await.unwrap();
    // As if the second of the two writes had not been made.
    let mut item: Item = shared::dynamodb::item(&client).unwrap();
    expire(&stack, &format!("client#{id}")).await;
    item.insert("later".to_owned(), aws_sdk_dynamodb::types::AttributeValue::Bool(true));
    shared::dynamodb::insert_all(stack.app.clients.table(), [item]).await.unwrap();
    assert_eq!(left(&stack, &id).await, [Some(10 * DAY), Some(USED)]);
    notes(&stack).await;
    assert_eq!(left(&stack, &id).await, [Some(USED); 2], "no end became earlier");
    assert!(stack.stored().await.contains("later"), "attributes of later versions stay");
}

#[tokio::test]
async fn a_client_that_has_ended_lives_again_when_it_registers_again() {
    let stack = Stack::with_registration().await;
    for [deleted_client, deleted_status] in [[false, false], [true, false], [false, true], [true, true]] {
        let id = notes(&stack).await;
        let parsed = id.parse().unwrap();
        stack.advance(31 * DAY);
        assert!(stack.app.clients.registered(&parsed, stack.now()).await.unwrap().is_none(), "it has ended");
        for (kind, deleted) in [("client", deleted_client), ("status", deleted_status)] {
            if deleted {
                expire(&stack, &format!("{kind}#{id}")).await;
            }
        }
        assert_eq!(notes(&stack).await, id);
        assert_eq!(left(&stack, &id).await, [Some(UNUSED); 2], "{deleted_client} {deleted_status}");
        assert!(stack.app.clients.registered(&parsed, stack.now()).await.unwrap().is_some(), "it lives");
    }
    assert_eq!(stack.count_of_self_registered().await, (1, 1));
}

#[tokio::test]
async fn a_client_that_an_administrator_disabled_does_not_come_back_by_registering() {
    let stack = Stack::with_registration().await;
    let id = notes(&stack).await;
    let client = Registered { id: id.clone(), secret: String::new() };
    stack.disable(&client).await;
    for day in 0..40 {
        if day == 35 {
            expire(&stack, &format!("client#{id}")).await; // DynamoDB has deleted the record, which has an end
        }
        let response = stack.registration(&public_metadata("Notes")).send().await;
        response.is_error(400, "invalid_client_metadata");
        let description = response.json()["error_description"].to_string();
        assert!(description.contains("administrator") && description.contains("disabled"), "{description}");
        stack.advance(DAY);
    }
    stack.enable(&client).await;
    assert_eq!(notes(&stack).await, id, "an administrator allows it again");
    assert!(stack.app.clients.registered(&id.parse().unwrap(), stack.now()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_client_that_an_administrator_deleted_gets_another_id_each_time_it_is_deleted() {
    let stack = Stack::with_registration().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let id = notes(&stack).await;
        assert_eq!(notes(&stack).await, id, "the other id is one, too");
        assert!(!ids.contains(&id), "{ids:?}");
        stack.delete(&Registered { id: id.clone(), secret: String::new() }).await;
        ids.push(id);
    }
    // From here on the id is random: each registration is another client.
    let (one, other) = (notes(&stack).await, notes(&stack).await);
    assert!(one != other && !ids.contains(&one) && !ids.contains(&other));
    // The tombstones stay.
    assert_eq!(stack.count_of_self_registered().await, (2, 6));
}

#[tokio::test]
async fn what_an_administrator_changed_stays_when_the_client_registers_again() {
    let stack = Stack::with_registration().await;
    let cursor = json!({
        "client_name": "Notes",
        "redirect_uris": ["cursor://x/cb", "https://a.example/cb"],
        "token_endpoint_auth_method": "none",
    });
    let client = Registered::of(&stack.self_register(&cursor).await);
    stack.amend(&client, |registration| "Checked notes".clone_into(&mut registration.name)).await;
    stack.advance(20 * DAY);
    let information = stack.self_register(&cursor).await;
    assert_eq!(
        (&information["client_id"], &information["client_name"]),
        (&json!(client.id), &json!("Checked notes"))
    );
    assert_eq!(left(&stack, &client.id).await, [Some(UNUSED); 2]);
}

#[tokio::test]
async fn registrations_race_disabling_and_deleting_and_lose() {
    for deletes in [false, true] {
        let stack = Stack::with_registration().await;
        let id = notes(&stack).await;
        stack.advance(20 * DAY); // so that each repetition writes
        let client = Registered { id: id.clone(), secret: String::new() };
        let registrations = join_all((0..10).map(|_| stack.registration(&public_metadata("Notes")).send()));
        let end = async { if deletes { stack.delete(&client).await } else { stack.disable(&client).await } };
        let (responses, ()) = tokio::join!(registrations, end);
        for response in responses {
            assert!([201, 400].contains(&response.status), "{}", response.text);
        }
        assert!(stack.app.clients.registered(&id.parse().unwrap(), stack.now()).await.unwrap().is_none());
        let status = stack.stored().await;
        assert!(status.contains(&format!("status#{id}")), "{status}");
        let again =
            stack.post(REGISTER).body("application/json", public_metadata("Notes").to_string()).send().await;
        assert_eq!(again.status, if deletes { 201 } else { 400 });
        assert!(deletes != again.text.contains(&id) || !deletes, "{}", again.text);
    }
}
