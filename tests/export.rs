//! `jeton export`: what it prints can be applied, here and elsewhere.

use std::fs;

use serde_json::{Value, json};

use crate::{
    apply::{NOTES, changes},
    harness::{Stack, tool},
};

/// The example in the documentation.
fn example() -> String {
    let page = fs::read_to_string(format!("{}/../../docs/configuration-file.md", env!("CARGO_MANIFEST_DIR")))
        .unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Makes everything that an administrator can make, by hand.
async fn administered(stack: &Stack) {
    stack.create_user("Ada").await;
    stack.create_user("bob").await;
    for command in [
        &[
            "resource",
            "create",
            NOTES,
            "--name",
            "Notes",
            "--scope",
            "read write",
            "--default-scope",
            "read",
            "--open",
        ][..],
        &["resource", "create", "https://api.example.com/", "--name", "l'été: #1"],
        &["scope", "describe", "read", "yes"],
        &["scope", "describe", "read", "Voir: \"tout\"", "--language", "fr"],
        &["scope", "describe", "1.0", "A number"],
        &["user", "grant-role", "ada", "developer"],
        &["user", "grant-role", "bob", "developer"],
        &["user", "grant-role", "bob", "admin"],
        &["client", "create", "--name", "null"],
        &[
            "client",
            "create",
            "--name",
            "web",
            "--redirect-uri",
            "https://b.example/",
            "--redirect-uri",
            "https://a.example/",
            "--scope",
            "write read",
            "--default-scope",
            "read",
            "--auth-method",
            "client_secret_post",
            "--resource",
            NOTES,
            "--first-party",
            "--pkce-optional",
            "--code-ttl",
            "30",
            "--refresh-grace",
            "0",
        ],
        &["client", "create", "--name", "cli", "--public", "--redirect-uri", "http://127.0.0.1/cb"],
        &[
            "client",
            "create",
            "--name",
            "oidc",
            "--openid",
            "--redirect-uri",
            "https://c.example/",
            "--id-token-on-refresh",
            "--post-logout-redirect-uri",
            "https://c.example/bye",
        ],
        &["client", "create", "--name", "rs", "--resource-server", "--serves", NOTES],
        &[
            "client",
            "create",
            "--name",
            "old",
            "--compat",
            "password,ttl",
            "--grant",
            "password",
            "--access-token-ttl",
            "0",
            "--longest-access-token-ttl",
            "0",
            "--refresh-token-ttl",
            "60",
        ],
    ] {
        stack.jeton(command, "").await.json();
    }
}

async fn export(stack: &Stack) -> String {
    stack.jeton_text(&["export"]).await
}

#[tokio::test]
async fn an_export_applied_is_no_change_and_elsewhere_makes_the_same() {
    let stack = Stack::start().await;
    administered(&stack).await;
    stack.jeton(&["client", "create", "--name", "hers", "--owner", "ada"], "").await.json();
    stack.self_registered(tool()).await;
    let exported = export(&stack).await;
    assert!(
        !exported.contains("hers") && !exported.contains("d-") && !exported.contains("jts_"),
        "{exported}"
    );
    let planned = stack.apply(&exported, &["--prune", "--dry-run"]).await.json();
    assert_eq!((&planned["changes"], &planned["unchanged"]), (&json!([]), &json!(12)), "{planned}");
    assert_eq!(export(&stack).await, exported, "the order is always the same");
    // JSON says the same.
    let printed = stack.jeton(&["export"], "").await.stdout;
    assert!(stack.apply(&printed, &["--prune", "--dry-run"]).await.json()["changes"] == json!([]));

    let other = Stack::start().await;
    other.apply(&exported, &[]).await.failed(2, "there is no user");
    other.create_user("ada").await;
    other.create_user("bob").await;
    let applied = other.apply(&exported, &[]).await.applied();
    assert_eq!(changes(&applied.plan["changes"]).len(), 12);
    assert_eq!(applied.secrets.len(), 5, "all but that of the public client are new");
    assert_eq!(export(&other).await, exported.replace("- Ada", "- ada"));
}

#[tokio::test]
async fn defaults_are_left_out() {
    let stack = Stack::start().await;
    let text = "\
# yaml-language-server: $schema=jeton.schema.json
resources:
  \"https://api.example.com/notes\":
    name: Notes
    scope:
    - read
scopes:
  read:
    en: See your notes
clients:
  service:
    name: Service
  web:
    name: Web
    redirect_uris:
    - https://app.example.com/cb
    scope:
    - read
    disabled: true
roles: {}
";
    stack.apply(text, &[]).await.applied();
    assert_eq!(export(&stack).await, text);
    let empty = Stack::start().await;
    assert_eq!(
        export(&empty).await.lines().skip(1).collect::<Vec<_>>(),
        ["resources: {}", "scopes: {}", "clients: {}", "roles: {}"]
    );
}

#[tokio::test]
async fn the_example_of_the_documentation_can_be_applied() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let example = example();
    let applied = stack.apply(&example, &[]).await.applied();
    assert_eq!((changes(&applied.plan["changes"]).len(), applied.secrets.len()), (7, 3));
    stack.is_as_declared(&example).await;
}

#[tokio::test]
async fn the_schema_knows_every_field_of_an_export() {
    let stack = Stack::start().await;
    administered(&stack).await;
    let schema: Value = serde_json::from_str(&stack.jeton_text(&["schema"]).await).unwrap();
    let exported = stack.jeton(&["export"], "").await.json();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let known = names(&schema["properties"]);
    assert!(names(&exported).iter().all(|kind| known.contains(kind)));
    let known = names(&schema["$defs"]["Client"]["properties"]);
    for client in exported["clients"].as_object().unwrap().values() {
        assert!(names(client).iter().all(|field| known.contains(field)), "{client}");
    }
}
