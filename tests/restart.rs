//! `jeton serve --database FILE`: every response stays true after the server ends, in any way.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};
use shared::dynamodb::schema;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
};

use crate::harness::{
    Registered, Stack,
    process::{Directory, Server},
};

#[tokio::test]
async fn clients_and_valid_tokens_survive_a_restart_and_revoked_ones_stay_revoked() {
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    let server = Server::over(&file).await;
    let (machine, disabled) = (server.register(&["--scope", "read"]).await, server.register(&[]).await);
    let (token, revoked) = (server.token(&machine).await, server.token(&machine).await);
    server.revoke(&machine, &revoked).await;
    server.json(&["client", "disable", &disabled.id]).await;
    let before = server.json(&["client", "list"]).await;
    assert_eq!(server.stop().await.0, Some(0));

    let server = Server::over(&file).await;
    assert_eq!(server.json(&["client", "list"]).await, before);
    assert!(server.is_active(&machine, &token).await);
    assert!(!server.is_active(&machine, &revoked).await);
    server.request_token(&disabled).await.is_invalid_client();
    server.token(&machine).await;
}

/// The state of a token, as far as the server's responses tell.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    Active,
    /// The revocation got no response: the token may be active or not.
    Unknown,
    Inactive,
}

/// Requests tokens and revokes some of them until the server is gone. A busy machine may respond with 503.
async fn load(server: Arc<Server>, machine: Registered, sender: UnboundedSender<(String, Known)>) {
    while let Ok(issued) = server.token_request(&machine).try_send().await {
        if issued.status == 503 {
            continue;
        }
        assert_eq!(issued.status, 200, "{}", issued.text);
        let token = issued.json()["access_token"].as_str().unwrap().to_owned();
        let _ = sender.send((token.clone(), Known::Active));
        if token.bytes().last().is_some_and(|byte| byte % 2 == 0) {
            let _ = sender.send((token.clone(), Known::Unknown));
            let form = [("token", token.as_str())];
            let Ok(revoked) = server.post("/oauth/revoke").basic(&machine).form(&form).try_send().await
            else {
                return;
            };
            if revoked.status == 503 {
                continue;
            }
            assert_eq!(revoked.status, 200, "{}", revoked.text);
            let _ = sender.send((token, Known::Inactive));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_before_a_kill_is_true_after_it() {
    const ROUNDS: usize = 3;
    const OPERATIONS: usize = 200;
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    let mut server = Server::over(&file).await;
    let machine = server.register(&[]).await;
    let mut known: HashMap<String, Known> = HashMap::new();
    for _ in 0..ROUNDS {
        let loaded = Arc::new(server);
        let (sender, mut receiver) = unbounded_channel();
        let loads: JoinSet<()> =
            (0..4).map(|_| load(Arc::clone(&loaded), machine.clone(), sender.clone())).collect();
        drop(sender);
        let mut count = 0;
        while let Some((token, state)) = receiver.recv().await {
            known.insert(token, state);
            count += 1;
            if count == OPERATIONS {
                loaded.kill();
            }
        }
        loads.join_all().await;
        assert!(count >= OPERATIONS, "killed after {count}");
        Arc::into_inner(loaded).unwrap().gone().await;
        server = Server::over(&file).await;
        for (token, state) in known.iter().filter(|(_, state)| **state != Known::Unknown) {
            assert_eq!(server.is_active(&machine, token).await, *state == Known::Active, "{token}");
        }
    }
    for state in [Known::Active, Known::Inactive] {
        assert!(known.values().filter(|known| **known == state).count() > ROUNDS * 20);
    }
}

#[tokio::test]
async fn a_server_enables_the_deletion_of_expired_items_in_a_table_that_lacks_it() {
    let stack = Stack::start().await;
    let (client, names) = (stack.app.grants.table().client(), &stack.app.config.tables);
    for table in [&names.tokens, &names.clients] {
        let off = TimeToLiveSpecification::builder().attribute_name(schema::TTL).enabled(false);
        let request = client.update_time_to_live().table_name(table);
        request.time_to_live_specification(off.build().unwrap()).send().await.unwrap();
        schema::create(client, names).await.unwrap();
        let described = client.describe_time_to_live().table_name(table).send().await.unwrap();
        let status = described.time_to_live_description.unwrap().time_to_live_status;
        assert_eq!(status, Some(TimeToLiveStatus::Enabled), "{table}");
    }
}
