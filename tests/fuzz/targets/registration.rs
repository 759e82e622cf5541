//! Client metadata (RFC 7591), and the client that they make.
//!
//! The input is the body of a registration request. What is accepted is printed in the response; sent as the next request, it
//! must be accepted, and print the same.

#![no_main]

use fuzz::{Answer, Deployment, exchange, with_deployment};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use shared::{
    clients::Registration,
    config::display_name,
    oauth::{ClientId, redirect_uri},
};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    with_deployment(|deployment| {
        let first = register(deployment, text);
        if first.status != 201 {
            assert!([400, 413].contains(&first.status), "{first:?}");
            return;
        }
        let first = first.json();
        check(deployment, text, &first);
        let again = register(deployment, &first.to_string());
        assert_eq!(again.status, 201, "{again:?}");
        let again = again.json();
        let is_public = first["token_endpoint_auth_method"] == "none";
        assert_eq!(
            again["client_id"] == first["client_id"],
            is_public,
            "a public client keeps its id, no other does"
        );
        for member in
            ["client_name", "redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method"]
        {
            assert_eq!(again[member], first[member], "{member}");
        }
    });
});

/// Sends a registration request. Each has an address of its own, so that no rate limit is reached.
fn register(deployment: &Deployment, body: &str) -> Answer {
    let (route, handler) = exchange::route("/oauth/register").unwrap();
    let event = json!({
        "version": "2.0",
        "routeKey": format!("ANY {route}"),
        "rawPath": route,
        "rawQueryString": "",
        "headers": { "content-type": "application/json" },
        "requestContext": {
            "domainName": "as.example",
            "http": { "method": "POST", "path": route, "protocol": "HTTP/1.1", "sourceIp": deployment.next_address() },
            "requestId": "request",
            "routeKey": format!("ANY {route}"),
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": false,
    });
    let answer = exchange::invoke(deployment, handler, &event.to_string());
    answer.check(&deployment.names);
    answer
}

/// Checks the client that `metadata` made.
fn check(deployment: &Deployment, metadata: &str, information: &Value) {
    // Members that are ignored may be what `Value` cannot hold.
    let Ok(metadata) = serde_json::from_str::<Value>(metadata) else { return };
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|uri| uri.as_str().map(str::to_owned)).collect()
    };
    let (requested, accepted) = (strings(&metadata["redirect_uris"]), strings(&information["redirect_uris"]));
    assert!((1..=10).contains(&accepted.len()) && accepted.iter().all(|uri| requested.contains(uri)));
    for uri in &accepted {
        redirect_uri::check_with(uri, |scheme| ["cursor", "vscode", "vscode-insiders"].contains(&scheme))
            .unwrap();
    }
    let name = information["client_name"].as_str().expect("a name");
    assert!(display_name::is_plain_line(name, 100), "{name:?}");
    assert_eq!(information["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(information["response_types"], json!(["code"]));
    let is_public = information["token_endpoint_auth_method"] == "none";
    assert_eq!(information["client_secret"].is_null(), is_public);

    let id: ClientId = information["client_id"].as_str().expect("an id").parse().unwrap();
    assert!(id.is_self_registered());
    let client =
        deployment.block_on(deployment.app.clients.read(&id)).unwrap().expect("the client is stored").0;
    assert!(client.redirect_uris == accepted && client.name == name && client.is_public() == is_public);
    assert!(
        !client.first_party && !client.resource_server && !client.may_skip_pkce() && client.scope.is_empty()
    );
    // An administrator who changes nothing is refused nothing.
    assert_eq!(Registration::of(&client).update(&client).as_ref(), Ok(&client));
}
