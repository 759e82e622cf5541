//! `jeton apply`: the deployment becomes what files declare.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Fault, Ran, Registered, Stack, process::Directory, tool};

pub const NOTES: &str = "https://api.example.com/notes";

pub const CONFIGURATION: &str = "
resources:
  https://api.example.com/notes: {name: Notes, scope: [read, write], default_scope: [read]}
scopes:
  read: {en: See your notes, fr: Voir vos notes}
clients:
  service: {name: Service, scope: [read, write], resources: [https://api.example.com/notes/]}
  tool: {name: Tool, public: true, redirect_uris: ['http://127.0.0.1/cb'], scope: [read]}
";

impl Stack {
    /// Runs `jeton apply --yes` on a file with this text.
    pub async fn apply(&self, text: &str, options: &[&str]) -> Ran {
        let directory = Directory::new();
        let file = directory.join("jeton.yaml");
        fs::write(&file, text).unwrap();
        self.jeton(&[&["apply", &file, "--yes"], options].concat(), "").await
    }

    /// Asserts that a deployment is as the file declares it.
    pub async fn is_as_declared(&self, text: &str) {
        let planned = self.apply(text, &["--dry-run"]).await.json();
        assert_eq!(planned["changes"], json!([]), "{planned}");
    }
}

/// The output of `jeton apply`.
#[derive(Debug)]
pub struct Applied {
    pub plan: Value,
    /// The secrets that were printed.
    pub secrets: Vec<Registered>,
    /// The last line. `Null`: nothing was to be changed.
    pub outcome: Value,
}

impl Applied {
    /// Parses the lines that a run printed before it ended, or was killed.
    pub fn parse(stdout: &str) -> Self {
        let mut lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let outcome = lines.pop_if(|line| line.get("applied").is_some()).unwrap_or_default();
        let plan = lines.remove(0);
        let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let secret =
            |line: &Value| Registered { id: word(line, "client_id"), secret: word(line, "client_secret") };
        Self { plan, secrets: lines.iter().map(secret).collect(), outcome }
    }
}

impl Ran {
    /// Returns the output of a successful run of `jeton apply`.
    #[track_caller]
    pub fn applied(&self) -> Applied {
        assert_eq!(self.code, 0, "{self:?}");
        Applied::parse(&self.stdout)
    }
}

/// Returns the changes of a plan, as `action kind name`.
pub fn changes(plan: &Value) -> Vec<String> {
    let words =
        |change: &Value| ["action", "kind", "name"].map(|word| change[word].as_str().unwrap().to_owned());
    plan.as_array().unwrap().iter().map(|change| words(change).join(" ")).collect()
}

/// Returns the plan that a dry run with changes printed.
pub fn pending(ran: &Ran) -> Value {
    assert_eq!(ran.code, 4, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

#[tokio::test]
async fn what_is_declared_is_created_once_and_the_second_time_nothing_changes() {
    let stack = Stack::start().await;
    stack.dynamodb.forget();
    let planned = pending(&stack.apply(CONFIGURATION, &["--dry-run"]).await);
    let expected = [
        &format!("create resource {NOTES}"),
        "create scope read",
        "create client service",
        "create client tool",
    ];
    assert_eq!(changes(&planned["changes"]), expected);
    let is_write = |operation: &str| !["GetItem", "BatchGetItem", "Scan"].contains(&operation);
    assert!(!stack.dynamodb.seen().iter().any(|seen| is_write(&seen.operation)), "a dry run wrote");

    let ran = stack.apply(CONFIGURATION, &[]).await;
    let Applied { plan, secrets, outcome } = ran.applied();
    assert_eq!((&plan, outcome), (&planned, json!({ "applied": true, "secrets": 1 })));
    for event in ["\"client\":\"service\",\"change\":\"created\"", "resource_changed", "scope_changed"] {
        assert!(ran.stderr.contains(event), "{}", ran.stderr);
    }
    // The public client has no secret; that of the other works.
    let [service] = &secrets[..] else { panic!("{secrets:?}") };
    let response = stack.request_token(service, &[("resource", NOTES)]).await;
    assert_eq!((response.status, &response.json()["scope"]), (200, &json!("read write")));

    let again = stack.apply(CONFIGURATION, &[]).await.json();
    assert_eq!(again, json!({ "changes": [], "unchanged": 4, "only_with_prune": [] }));
    stack.is_as_declared(CONFIGURATION).await;
    assert_eq!(stack.request_token(service, &[]).await.status, 200, "the secret stays");
}

#[tokio::test]
async fn a_change_made_by_hand_is_shown_and_changed_back() {
    let stack = Stack::start().await;
    stack.apply(CONFIGURATION, &[]).await.applied();
    for command in [
        &["client", "update", "service", "--scope", "read", "--access-token-ttl", "60"][..],
        &["client", "disable", "tool"],
        &["resource", "update", NOTES, "--name", "Other"],
        &["scope", "describe", "read", "Anything"],
    ] {
        stack.jeton(command, "").await.json();
    }
    let planned = pending(&stack.apply(CONFIGURATION, &["--dry-run"]).await);
    let field = |nth: usize, name: &str| planned["changes"][nth]["fields"][name].clone();
    assert_eq!(field(0, "name"), json!({ "old": "Other", "new": "Notes" }));
    assert_eq!(field(1, "en"), json!({ "old": "Anything", "new": "See your notes" }));
    assert_eq!(field(2, "scope"), json!({ "old": ["read"], "new": ["read", "write"] }));
    assert_eq!(field(2, "access_token_ttl"), json!({ "old": 60, "new": 3600 }));
    assert_eq!(planned["changes"][3]["fields"], json!({ "disabled": { "old": true, "new": false } }));
    assert_eq!(planned["changes"].as_array().map(Vec::len), Some(4));
    let applied = stack.apply(CONFIGURATION, &[]).await.applied();
    assert_eq!((applied.plan, applied.secrets.len()), (planned, 0));
    stack.is_as_declared(CONFIGURATION).await;

    // A field that is left out has its default again.
    let shorter = CONFIGURATION
        .replace(", fr: Voir vos notes", "")
        .replace("scope: [read, write], resources", "resources");
    stack.apply(&shorter, &[]).await.applied();
    let service = stack.jeton(&["client", "show", "service"], "").await.json();
    assert_eq!((&service["scope"], &service["resources"]), (&json!([]), &json!([NOTES])));
    let scopes = stack.jeton(&["scope", "list"], "").await.json();
    assert_eq!(scopes, json!([{ "scope": "read", "descriptions": { "en": "See your notes" } }]));
}

#[tokio::test]
async fn a_plan_for_people_names_each_field_with_its_old_and_new_value() {
    let stack = Stack::start().await;
    stack.apply(CONFIGURATION, &[]).await.applied();
    let directory = Directory::new();
    let file = directory.join("jeton.yaml");
    let other = "clients:\n  tool: {name: Tool, public: true, redirect_uris: ['http://127.0.0.1/other'], scope: [read]}\n";
    fs::write(&file, other).unwrap();
    let text = stack.jeton_text(&["apply", &file, "--yes"]).await;
    let expected = "\
update client   tool
         redirect_uris: [\"http://127.0.0.1/cb\"] -> [\"http://127.0.0.1/other\"]
0 to create, 1 to update, 0 to delete, 0 unchanged.
Not in the files; --prune would delete them:
  client service
The changes are made.
";
    assert_eq!(text, expected);
    let file = directory.join("new.yaml");
    fs::write(&file, "clients: {new: {name: New}}\n").unwrap();
    let text = stack.jeton_text(&["apply", &file, "--yes"]).await;
    let (_, secret) = text.split_once("\nThe secret of client new: jts_").unwrap();
    assert!(
        secret.ends_with("\nThe changes are made. Store the secrets now: they are not shown again.\n"),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_terminal_nothing_is_changed_unless_yes_is_given() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let file = directory.join("jeton.yaml");
    fs::write(&file, CONFIGURATION).unwrap();
    let message = "there is no terminal to ask at: give --yes to make the change";
    stack.jeton(&["apply", &file], "yes\n").await.failed(2, message);
    assert_eq!(stack.clients().await, 0);
    stack.apply(CONFIGURATION, &[]).await.applied();
    stack.jeton(&["apply", &file], "").await.json();
}

#[tokio::test]
async fn only_prune_deletes_and_only_what_administrators_declare() {
    let stack = Stack::start().await;
    stack.apply(CONFIGURATION, &[]).await.applied();
    let ada = stack.create_user("ada").await;
    stack.jeton(&["user", "grant-role", "ada", "developer"], "").await.json();
    let owned = stack.jeton(&["client", "create", "--name", "hers", "--owner", "ada"], "").await.json();
    let itself = stack.self_registered(tool()).await;
    let owned = owned["client_id"].as_str().unwrap().to_owned();
    let empty = "resources: {}\nscopes: {}\nclients: {}\nroles: {developer: [ada]}\n";
    let kept = stack.apply(empty, &[]).await.json();
    assert_eq!(kept["changes"], json!([]));
    let extra = [
        "delete client service",
        "delete client tool",
        "delete scope read",
        &format!("delete resource {NOTES}"),
    ];
    assert_eq!(changes(&kept["only_with_prune"]), extra);

    // A kind that no file has is left alone.
    let pruned = stack.apply("scopes: {}\n", &["--prune"]).await.applied().plan;
    assert_eq!(changes(&pruned["changes"]), ["delete scope read"]);
    let pruned = stack.apply(empty, &["--prune"]).await.applied().plan;
    assert_eq!(changes(&pruned["changes"]), [extra[0], extra[1], extra[3]]);
    assert_eq!(stack.apply(empty, &["--prune"]).await.json()["changes"], json!([]));
    for id in [&owned, &itself.id] {
        stack.jeton(&["client", "show", id], "").await.json();
    }
    stack.jeton(&["client", "show", "service"], "").await.failed(3, "there is no client service");
    assert!(stack.app.users.read(ada.sub).await.unwrap().unwrap().1.has(&"developer".parse().unwrap()));

    // The ids of deleted clients stay taken, and those of others are not an administrator's.
    for (id, reason) in [
        ("service", "client service was deleted; its id cannot be used again"),
        (owned.as_str(), "the client belongs to a developer"),
        (itself.id.as_str(), "an id that starts with d- is for a client that registers itself"),
    ] {
        stack.apply(&format!("clients:\n  {id}: {{name: x}}\n"), &[]).await.failed(2, reason);
    }
}

#[tokio::test]
async fn a_role_has_the_declared_users_and_no_others() {
    let stack = Stack::start().await;
    for name in ["ada", "bob"] {
        stack.create_user(name).await;
    }
    stack.jeton(&["user", "grant-role", "bob", "developer"], "").await.json();
    stack.jeton(&["user", "grant-role", "bob", "tester"], "").await.json();
    let planned = pending(&stack.apply("roles: {developer: [ADA]}\n", &["--dry-run"]).await);
    assert_eq!(planned["changes"][0]["fields"], json!({ "users": { "old": ["bob"], "new": ["ada"] } }));
    assert_eq!(changes(&planned["only_with_prune"]), ["delete role tester"]);
    let ran = stack.apply("roles: {developer: [ADA]}\n", &["--prune"]).await;
    assert!(ran.stderr.contains("role_granted") && ran.stderr.contains("role_removed"), "{}", ran.stderr);
    let roles = async |name| stack.jeton(&["user", "show", name], "").await.json()["roles"].clone();
    assert_eq!((roles("ada").await, roles("bob").await), (json!(["developer"]), json!([])));
    stack.is_as_declared("roles: {developer: [ada]}\n").await;

    // A misspelt role is created, with a warning.
    let warnings = async |roles| pending(&stack.apply(roles, &["--dry-run"]).await)["warnings"].clone();
    let expected = json!(["develper is a new role, to which Jeton gives no meaning."]);
    assert_eq!(warnings("roles: {develper: [ada], developer: []}\n").await, expected);
    assert_eq!(warnings("roles: {developer: [ada, bob], admin: [bob]}\n").await, Value::Null);

    stack.apply("roles: {developer: [ada, eve]}\n", &[]).await.failed(2, "there is no user eve");
    let many: Vec<String> = (0..20).map(|n| format!("  r{n}: [ada]\n")).collect();
    let many = format!("roles:\n{}  developer: [ada]\n", many.concat());
    stack.apply(&many, &[]).await.failed(2, "user ada would have more than 20 roles");
    // Removals come first: 20 roles replace another.
    stack.apply(&many.replace("developer: [ada]", "developer: []"), &[]).await.applied();
}

#[tokio::test]
async fn a_change_whose_response_was_lost_is_recognized() {
    let stack = Stack::start().await;
    for (text, fault) in [
        (CONFIGURATION.to_owned(), Fault::LoseFirstTransaction),
        (CONFIGURATION.replace("name: Service", "name: Other"), Fault::LoseFirstAnswer),
        (CONFIGURATION.replace("See your notes", "See them"), Fault::LoseFirstAnswer),
        (CONFIGURATION.replace("name: Notes", "name: All notes"), Fault::LoseFirstAnswer),
    ] {
        stack.dynamodb.fail(fault);
        let ran = stack.apply(&text, &[]).await;
        assert_eq!(ran.applied().outcome["applied"], true);
        stack.dynamodb.fail(Fault::None);
        stack.is_as_declared(&text).await;
    }
}
