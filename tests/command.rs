//! The `jeton` command in real processes, on the tables of `jeton serve`.

use serde_json::json;
use tokio::net::TcpSocket;

use crate::harness::process::{Server, fails, jeton, run, run_with_input};

async fn server() -> Server {
    Server::start(&["--memory"]).await
}

#[tokio::test]
async fn a_client_is_created_shown_listed_and_deleted() {
    let server = server().await;
    let machine = server.register(&["--scope", "read", "--scope", "write", "--access-token-ttl", "60"]).await;
    let shown = server.json(&["client", "show", &machine.id]).await;
    assert_eq!(
        (&shown["client_id"], &shown["scope"], &shown["access_token_ttl"], &shown["disabled"]),
        (&json!(machine.id), &json!(["read", "write"]), &json!(60), &json!(false))
    );
    assert!(!shown.to_string().contains(&machine.secret[4..]), "a secret is shown once");
    assert_eq!(server.json(&["client", "list"]).await, json!([shown]));
    let response = server.request_token(&machine).await.json();
    assert_eq!((&response["scope"], &response["expires_in"]), (&json!("read write"), &json!(60)));

    let deleted = server.json(&["client", "delete", &machine.id]).await;
    assert_eq!(deleted, json!({ "client_id": machine.id, "deleted": true }));
    assert_eq!(server.json(&["client", "list"]).await, json!([]));
    server.request_token(&machine).await.is_invalid_client();
}

#[tokio::test]
async fn a_client_authenticates_by_the_given_methods_or_by_both_with_a_secret() {
    let server = server().await;
    for (options, methods) in [
        (&[][..], &["client_secret_basic", "client_secret_post"][..]),
        (&["--auth-method", "client_secret_basic"], &["client_secret_basic"]),
        (&["--auth-method", "client_secret_post"], &["client_secret_post"]),
        (&["--public", "--redirect-uri", "http://127.0.0.1/cb"], &["none"]),
    ] {
        let client = server.register(options).await;
        let shown = server.json(&["client", "show", &client.id]).await;
        assert_eq!(shown["auth_methods"], json!(methods), "{options:?}");
        let text = server.run(&["client", "show", &client.id]).await.stdout;
        let line = format!("authentication methods {}", methods.join(" "));
        let text = String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&line), "{text}");
    }
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let server = server().await;
    let public = server.register(&["--public", "--redirect-uri", "http://127.0.0.1/cb"]).await;
    assert_eq!(public.secret, "");
    fails(&server.run(&["client", "rotate-secret", &public.id]).await, 2, "is public");
}

#[tokio::test]
async fn a_rotated_secret_works_beside_the_previous_one_during_the_overlap() {
    let server = server().await;
    let old = server.register(&[]).await;
    let rotate = async |overlap: &str| {
        let printed = server.json(&["client", "rotate-secret", &old.id, "--overlap", overlap]).await;
        old.with_secret(printed["client_secret"].as_str().unwrap())
    };
    let new = rotate("3600").await;
    server.token(&old).await;
    server.token(&new).await;
    let newest = rotate("0").await;
    server.request_token(&old).await.is_invalid_client();
    server.request_token(&new).await.is_invalid_client();
    server.token(&newest).await;
    let shown = server.json(&["client", "show", &old.id]).await;
    let works: Vec<_> = shown["secrets"].as_array().unwrap().iter().map(|secret| &secret["works"]).collect();
    assert_eq!(works, [&json!(true), &json!(false)]);
}

#[tokio::test]
async fn two_rotations_at_once_print_no_secret_that_does_not_work() {
    let server = server().await;
    let machine = server.register(&[]).await;
    let rotate = ["--json", "client", "rotate-secret", &machine.id];
    let (one, two) = tokio::join!(server.run(&rotate), server.run(&rotate));
    let mut announced = 0;
    for output in [one, two] {
        if output.status.success() {
            let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            server.token(&machine.with_secret(printed["client_secret"].as_str().unwrap())).await;
            announced += 1;
        } else {
            fails(&output, 1, "changed by another administrator at the same time");
        }
    }
    assert!(announced > 0);
}

#[tokio::test]
async fn a_disabled_client_gets_no_tokens_until_it_is_enabled() {
    let server = server().await;
    let machine = server.register(&[]).await;
    let token = server.token(&machine).await;
    let disabled = server.json(&["client", "disable", &machine.id]).await;
    assert_eq!(disabled, json!({ "client_id": machine.id, "disabled": true, "grants_ended": 1 }));
    server.request_token(&machine).await.is_invalid_client();
    assert_eq!(server.json(&["token", "inspect", &token]).await["active"], false);
    server.json(&["client", "enable", &machine.id]).await;
    assert!(!server.is_active(&machine, &token).await, "what was ended stays ended");
    assert!(server.is_active(&machine, &server.token(&machine).await).await);
}

#[tokio::test]
async fn a_token_is_inspected_and_revoked_by_argument_and_from_standard_input() {
    let server = server().await;
    let machine = server.register(&["--scope", "read"]).await;
    for by_argument in [true, false] {
        let token = server.token(&machine).await;
        let act = async |verb: &str| {
            let mut arguments = vec!["--json", "--endpoint-url", &server.dynamodb_url, "token", verb];
            let output = if by_argument {
                arguments.push(&token);
                run(&arguments).await
            } else {
                run_with_input(&arguments, &format!("{token}\n")).await
            };
            assert!(output.status.success(), "{output:?}");
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        };
        let printed = act("inspect").await;
        assert_eq!((&printed["active"], &printed["grant"]["client_id"]), (&json!(true), &json!(machine.id)));
        assert!(!printed.to_string().contains(&token[26..70]), "a token is not repeated");
        assert_eq!(act("revoke").await["revoked"], true);
        assert!(!server.is_active(&machine, &token).await);
        let printed = act("inspect").await;
        assert_eq!(printed["active"], false);
        assert!(printed["reason"].as_str().unwrap().contains("revoked"), "{printed}");
    }
}

#[tokio::test]
async fn a_grant_is_ended_by_its_id() {
    let server = server().await;
    let machine = server.register(&[]).await;
    let token = server.token(&machine).await;
    let printed = server.json(&["token", "inspect", &token]).await;
    let grant = printed["grant"]["id"].as_str().unwrap();
    server.json(&["token", "revoke", grant]).await;
    assert!(!server.is_active(&machine, &token).await);
    let printed = server.json(&["token", "inspect", grant]).await;
    assert_eq!(printed["grant"]["ended_because"], "ended by an administrator");
}

#[tokio::test]
async fn without_json_the_output_is_text() {
    let server = server().await;
    let created = server.text(&["client", "create", "--name", "Payments", "--scope", "pay"]).await;
    assert!(created.contains("client secret") && created.contains("not shown again"), "{created}");
    let id = created.lines().next().unwrap().split_whitespace().last().unwrap();
    let listed = server.text(&["client", "list"]).await;
    assert!(
        listed.starts_with("CLIENT ID") && listed.contains("Payments") && listed.contains("enabled"),
        "{listed}"
    );
    let shown = server.text(&["client", "show", id]).await;
    assert!(shown.contains("access token lifetime") && shown.contains("3600 s"), "{shown}");
    let rotated = server.text(&["client", "rotate-secret", id]).await;
    assert!(rotated.contains("works for another 86400 s"), "{rotated}");
    assert!(server.text(&["client", "disable", id]).await.contains("is disabled"));
    assert!(server.text(&["client", "list"]).await.contains("disabled"));
    assert!(server.text(&["client", "enable", id]).await.contains("is enabled"));
    let secret = rotated.split_whitespace().find(|word| word.starts_with("jts_")).unwrap();
    let client = crate::harness::Registered { id: id.to_owned(), secret: secret.to_owned() };
    let token = server.token(&client).await;
    let inspected = server.text(&["token", "inspect", &token]).await;
    assert!(
        inspected.contains("active") && inspected.contains("yes") && inspected.contains(" UTC"),
        "{inspected}"
    );
    assert!(server.text(&["token", "revoke", &token]).await.contains("The token is revoked."));
    assert!(server.text(&["client", "delete", id]).await.contains("is deleted"));
}

#[tokio::test]
async fn not_found_is_exit_code_3() {
    let server = server().await;
    let unknown = "0000000000000000000000";
    for verb in ["show", "rotate-secret", "disable", "enable", "delete"] {
        fails(&server.run(&["client", verb, unknown]).await, 3, "there is no client");
    }
    for verb in ["show", "update", "delete"] {
        let output = server.run(&["resource", verb, "https://api.example.com/none"]).await;
        fails(&output, 3, "there is no resource");
    }
    fails(&server.run(&["key", "remove", unknown, "--yes"]).await, 3, "there is no key");
    for verb in ["inspect", "revoke"] {
        fails(&server.run(&["token", verb, unknown]).await, 3, "there is no grant");
    }
    let machine = server.register(&[]).await;
    let token = server.token(&machine).await;
    server.revoke(&machine, &token).await;
    fails(&server.run(&["token", "revoke", &token]).await, 3, "does not work any more");
    assert!(server.json(&["client", "list"]).await.as_array().unwrap().len() == 1, "nothing was made up");
}

#[tokio::test]
async fn invalid_input_is_exit_code_2() {
    let server = server().await;
    let create = |more: &[&'static str]| [&["client", "create", "--name", "x"], more].concat();
    for (arguments, reason) in [
        (create(&["--redirect-uri", "http://app.example.com/cb"]), "http is for loopback addresses only"),
        (create(&["--public"]), "needs a redirect URI"),
        (create(&["--grant", "telepathy"]), "possible values: authorization_code, client_credentials"),
        (create(&["--grant", "password"]), "needs the switch"),
        (create(&["--access-token-ttl", "59"]), "must be 60 to 86400 seconds"),
        (create(&["--scope", "a\"b"]), "scope"),
        (vec!["client", "create", "--name", ""], "a name is"),
        (vec!["client", "show", "no client id"], "a client id is"),
        (vec!["token", "inspect", "not-a-token"], "neither a token nor"),
        (vec!["client", "frobnicate"], "unrecognized"),
        (vec!["--endpoint-url", "ftp://x", "client", "list"], "--endpoint-url"),
    ] {
        let output = if arguments[0] == "--endpoint-url" {
            run(&arguments).await
        } else {
            server.run(&arguments).await
        };
        fails(&output, 2, reason);
    }
    let token = server.token(&server.register(&[]).await).await;
    let mistyped = server.run(&["token", "inspect", &token[..70]]).await;
    fails(&mistyped, 2, "neither a token nor");
    assert!(
        !String::from_utf8_lossy(&mistyped.stderr).contains(&token[4..70]),
        "it may be a token after all"
    );
    let misconfigured = jeton(&["client", "list"]).env("JETON_LOG_LEVEL", "loud").output().await.unwrap();
    fails(&misconfigured, 2, "JETON_LOG_LEVEL");
    assert_eq!(server.json(&["client", "list"]).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unreachable_database_is_exit_code_1() {
    // A port that no other program gets, and that is not listened on.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap());
    fails(&run(&["--endpoint-url", &url, "client", "list"]).await, 1, "no connection");
}

#[tokio::test]
async fn a_command_is_logged_without_secrets() {
    let server = server().await;
    let output = server.run(&["--json", "client", "create", "--name", "x"]).await;
    let (printed, logged) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let logged: serde_json::Value = serde_json::from_str(&logged).unwrap();
    assert_eq!((&logged["audit"], &logged["change"]), (&json!("client_changed"), &json!("created")));
    assert_eq!(logged["client"], printed["client_id"]);
    assert!(!logged.to_string().contains(&printed["client_secret"].as_str().unwrap()[26..70]));
}

#[tokio::test]
async fn an_empty_endpoint_variable_counts_as_absent() {
    let server = server().await;
    let mut list = jeton(&["--json", "client", "list"]);
    let everywhere =
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key")];
    list.envs(everywhere).env("AWS_ENDPOINT_URL", &server.dynamodb_url);
    let output = list.env("AWS_ENDPOINT_URL_DYNAMODB", "").output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[]", "{output:?}");
}
