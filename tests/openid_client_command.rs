//! `jeton client …`: the settings of clients that sign users in by OpenID Connect.

use serde_json::{Value, json};

use crate::harness::{Ran, Stack, run, tool};

const CALLBACK: &str = "https://app.example.com/callback";
const GOODBYE: &str = "https://app.example.com/goodbye";

/// Runs `jeton client create --name x` with `more`.
async fn create(stack: &Stack, more: &[&str]) -> Ran {
    stack.jeton(&[&["client", "create", "--name", "x"], more].concat(), "").await
}

/// Returns what `jeton client show` says of the client that was created.
async fn shown(stack: &Stack, created: &Value) -> Value {
    stack.jeton(&["client", "show", created["client_id"].as_str().unwrap()], "").await.json()
}

#[tokio::test]
async fn a_client_is_registered_for_openid_connect_by_one_option() {
    let stack = Stack::start().await;
    let created = create(&stack, &["--openid", "--redirect-uri", CALLBACK]).await.json();
    assert!(created["client_secret"].is_string());
    let client = shown(&stack, &created).await;
    assert_eq!(client["scope"], json!(["email", "openid", "profile"]));
    assert_eq!(client["grants"], json!(["authorization_code", "refresh_token"]));
    let more =
        ["--openid", "--redirect-uri", CALLBACK, "--scope", "read openid", "--grant", "authorization_code"];
    let client = shown(&stack, &create(&stack, &more).await.json()).await;
    assert_eq!(client["scope"], json!(["email", "openid", "profile", "read"]));
    assert_eq!(client["grants"], json!(["authorization_code"]));
    create(&stack, &["--openid"]).await.failed(2, "the grant authorization_code needs a redirect URI");
    let machine = ["--openid", "--grant", "client_credentials"];
    create(&stack, &machine).await.failed(2, "--openid needs the grant authorization_code");
}

#[tokio::test]
async fn a_registered_client_gets_openid_connect_by_the_same_option() {
    let stack = Stack::start().await;
    let created = create(&stack, &["--redirect-uri", CALLBACK, "--scope", "read write"]).await.json();
    let id = created["client_id"].as_str().unwrap();
    let update = async |more: &[&str]| stack.jeton(&[&["client", "update", id], more].concat(), "").await;
    let client = update(&["--openid"]).await.json();
    assert_eq!(client["scope"], json!(["email", "openid", "profile", "read", "write"]));
    assert_eq!(client["default_scope"], json!(["read", "write"]));
    let client = update(&["--openid", "--scope", "read"]).await.json();
    assert_eq!(client["scope"], json!(["email", "openid", "profile", "read"]));
    let machine = update(&["--openid", "--grant", "client_credentials"]).await;
    machine.failed(2, "--openid needs the grant authorization_code");
}

#[tokio::test]
async fn settings_without_an_effect_are_refused() {
    let stack = Stack::start().await;
    let refresh = "an ID token on refresh needs the scope value openid and the grant refresh_token";
    let logout = "a post-logout redirect URI needs the scope value openid";
    for (options, message) in [
        (&["--id-token-on-refresh"][..], refresh),
        (&["--openid", "--grant", "authorization_code", "--id-token-on-refresh"], refresh),
        (&["--post-logout-redirect-uri", GOODBYE], logout),
    ] {
        create(&stack, &[&["--redirect-uri", CALLBACK], options].concat()).await.failed(2, message);
    }
    let file = format!(
        "clients:\n  photos:\n    name: Photos\n    redirect_uris: [{CALLBACK}]\n    \
         post_logout_redirect_uris: [{GOODBYE}]\n"
    );
    stack.apply(&file, &[]).await.failed(2, logout);
}

/// Runs `jeton client create --name x` with `more` where `JETON_ISSUER` is the deployment's.
async fn create_with_issuer(stack: &Stack, output: &[&str], more: &[&str]) -> String {
    let mut command = stack.command(&[output, &["client", "create", "--name", "x"], more].concat());
    command.env("JETON_ISSUER", &stack.url);
    run(command, "").await.stdout
}

#[tokio::test]
async fn the_command_prints_the_url_of_the_discovery_document_if_it_knows_the_issuer() {
    let stack = Stack::start().await;
    let discovery = format!("{}/.well-known/openid-configuration", stack.url);
    let options = ["--openid", "--redirect-uri", CALLBACK];
    for public in [&[][..], &["--public"]] {
        let options = [&options, public].concat();
        let json: Value =
            serde_json::from_str(&create_with_issuer(&stack, &["--json"], &options).await).unwrap();
        assert_eq!(json["discovery_url"], discovery);
        let text = create_with_issuer(&stack, &[], &options).await;
        assert!(text.contains(&format!("discovery URL  {discovery}")), "{text}");
        assert_eq!(text.contains("Store the secret now"), public.is_empty(), "{text}");
        assert_eq!(create(&stack, &options).await.json()["discovery_url"], Value::Null);
    }
    let other = create_with_issuer(&stack, &[], &["--scope", "openid"]).await;
    assert!(!other.contains("discovery"), "{other}");
}

#[tokio::test]
async fn the_settings_are_set_shown_changed_and_removed() {
    let stack = Stack::start().await;
    let plain = shown(&stack, &create(&stack, &[]).await.json()).await;
    assert_eq!(plain["id_token_on_refresh"], false);
    assert_eq!(plain["post_logout_redirect_uris"], json!([]));
    let set = [
        "--id-token-on-refresh",
        "--post-logout-redirect-uri",
        GOODBYE,
        "--post-logout-redirect-uri",
        CALLBACK,
    ];
    let created =
        create(&stack, &[&["--openid", "--redirect-uri", CALLBACK], &set[..]].concat()).await.json();
    let client = shown(&stack, &created).await;
    assert_eq!(client["id_token_on_refresh"], true);
    assert_eq!(client["post_logout_redirect_uris"], json!([GOODBYE, CALLBACK]));
    let id = created["client_id"].as_str().unwrap();
    let text = stack.jeton_text(&["client", "show", id]).await;
    for (name, value) in [("ID token on refresh", "yes"), ("post-logout redirect URIs", GOODBYE)] {
        assert!(text.lines().any(|line| line.starts_with(name) && line.ends_with(value)), "{text}");
    }
    let update =
        async |more: &[&str]| stack.jeton(&[&["client", "update", id], more].concat(), "").await.json();
    let client = update(&["--name", "y"]).await;
    assert_eq!(client["id_token_on_refresh"], true);
    assert_eq!(client["post_logout_redirect_uris"], json!([GOODBYE, CALLBACK]));
    let client = update(&["--id-token-on-refresh=false", "--post-logout-redirect-uri", GOODBYE]).await;
    assert_eq!(client["id_token_on_refresh"], false);
    assert_eq!(client["post_logout_redirect_uris"], json!([GOODBYE]));
    assert_eq!(update(&["--post-logout-redirect-uri", ""]).await["post_logout_redirect_uris"], json!([]));
    assert_eq!(update(&["--id-token-on-refresh"]).await["id_token_on_refresh"], true);
}

#[tokio::test]
async fn a_post_logout_redirect_uri_obeys_the_rules_of_redirect_uris() {
    let stack = Stack::start().await;
    let with = async |more: &[&str]| {
        create(&stack, &[&["--openid", "--redirect-uri", CALLBACK], more].concat()).await
    };
    for uri in [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.example.com/",
        "https://app.example.com/#x",
        "https://*.example.com/",
        "https://app.example.com/?state=x",
        "myapp:/bye",
        "/goodbye",
        "",
    ] {
        let ran = with(&["--post-logout-redirect-uri", uri]).await;
        ran.failed(2, &format!("post-logout redirect URI {uri:?}: "));
    }
    let many: Vec<_> = (0..21).map(|nth| format!("{GOODBYE}{nth}")).collect();
    let options = |count: usize| {
        many[..count].iter().flat_map(|uri| ["--post-logout-redirect-uri", uri]).collect::<Vec<_>>()
    };
    with(&options(21)).await.failed(2, "at most 20 post-logout redirect URIs");
    with(&options(20)).await.json();
    with(&["--post-logout-redirect-uri", "com.example.app:/bye"]).await.json();
}

#[tokio::test]
async fn a_client_that_registered_itself_gets_none_of_them() {
    let stack = Stack::start().await;
    let tool = stack.self_registered(tool()).await;
    for option in
        [&["--id-token-on-refresh"][..], &["--post-logout-redirect-uri", GOODBYE], &["--scope", "openid"]]
    {
        let ran = stack.jeton(&[&["client", "update", &tool.id], option].concat(), "").await;
        ran.failed(2, "no OpenID Connect");
    }
    // Not even if its record says so: the function that writes it takes requests of any client.
    let mut stored = stack.stored_client(&tool).await;
    let read = stored.clone();
    stored.post_logout_redirect_uris = vec![GOODBYE.to_owned()];
    stored.id_token_on_refresh = true;
    stack.app.clients.update(&read, &stored).await.unwrap();
    let found = stack.app.clients.find_fresh(&stored.id, stack.now()).await.unwrap().client;
    assert!(found.post_logout_redirect_uris.is_empty() && !found.id_token_on_refresh);
}

#[tokio::test]
async fn a_file_declares_them_and_an_export_has_them() {
    let stack = Stack::start().await;
    let file = format!(
        "clients:\n  photos:\n    name: Photos\n    redirect_uris: [{CALLBACK}]\n    \
         post_logout_redirect_uris: [{GOODBYE}]\n    id_token_on_refresh: true\n    scope: [openid]\n"
    );
    stack.apply(&file, &[]).await.applied();
    let client = shown(&stack, &json!({ "client_id": "photos" })).await;
    assert_eq!(client["post_logout_redirect_uris"], json!([GOODBYE]));
    assert_eq!(client["id_token_on_refresh"], true);
    stack.is_as_declared(&file).await;
    let exported: Value = stack.jeton(&["export"], "").await.json();
    assert_eq!(exported["clients"]["photos"]["post_logout_redirect_uris"], json!([GOODBYE]));
    assert_eq!(exported["clients"]["photos"]["id_token_on_refresh"], true);
    let bad = file.replace(GOODBYE, "javascript:x");
    stack.apply(&bad, &[]).await.failed(2, "post-logout redirect URI");
}
