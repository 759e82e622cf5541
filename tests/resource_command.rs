//! `jeton resource …`, on the tables of a running deployment.

use std::{fs, path::Path};

use serde_json::{Value, json};
use shared::resources::{Registry, Resource};
use yaml_rust2::{Yaml, YamlLoader};

use crate::harness::{Fault, Ran, Stack};

const NOTES: &str = "https://api.example.com/notes";
const ISSUER: &str = "https://auth.example.com";

impl Stack {
    /// Runs `jeton resource`.
    async fn resource_command(&self, arguments: &[&str]) -> Ran {
        self.jeton(&[&["resource"], arguments].concat(), "").await
    }

    /// Creates the resource of the example, with the scope `read write` and the default scope `read`.
    pub async fn create_notes(&self) -> Value {
        let scope = ["--scope", "read write", "--default-scope", "read"];
        self.resource_command(&[&["create", NOTES, "--name", "Notes"][..], &scope].concat()).await.json()
    }
}

#[tokio::test]
async fn a_resource_is_created_listed_shown_updated_and_deleted() {
    let stack = Stack::start().await;
    let created = stack
        .resource_command(&["create", NOTES, "--name", "Notes", "--scope", "read write", "--open"])
        .await;
    let notes = json!({
        "uri": NOTES,
        "name": "Notes",
        "scope": ["read", "write"],
        "default_scope": ["read", "write"],
        "open": true,
        "metadata_url": "https://api.example.com/.well-known/oauth-protected-resource/notes",
    });
    assert_eq!(created.json(), notes);
    let audited =
        |change| format!("\"audit\":\"resource_changed\",\"resource\":\"{NOTES}\",\"change\":\"{change}\"");
    assert!(created.stderr.contains(&audited("created")), "{created:?}");
    let bare = stack.resource_command(&["create", "https://a.example", "--name", "A"]).await.json();
    assert_eq!(
        (&bare["scope"], &bare["default_scope"], &bare["open"]),
        (&json!([]), &json!([]), &json!(false))
    );
    assert_eq!(stack.resource_command(&["list"]).await.json(), json!([bare, notes]));
    for spelling in [NOTES, "https://api.example.com/notes/"] {
        assert_eq!(stack.resource_command(&["show", spelling]).await.json(), notes);
    }

    let updated = stack.resource_command(&["update", NOTES, "--name", "My notes", "--open=false"]).await;
    assert!(updated.stderr.contains(&audited("updated")), "{updated:?}");
    let shown = stack.resource_command(&["show", NOTES]).await.json();
    assert_eq!(updated.json(), shown);
    assert_eq!(
        (&shown["name"], &shown["open"], &shown["scope"]),
        (&json!("My notes"), &json!(false), &json!(["read", "write"]))
    );

    let deleted = stack.resource_command(&["delete", NOTES]).await;
    assert_eq!(deleted.json(), json!({ "uri": NOTES, "deleted": true }));
    assert!(deleted.stderr.contains(&audited("deleted")), "{deleted:?}");
    assert_eq!(stack.resource_command(&["list"]).await.json(), json!([bare]));
    for command in [&["show", NOTES][..], &["update", NOTES, "--open"], &["delete", NOTES]] {
        stack
            .resource_command(command)
            .await
            .failed(3, "there is no resource https://api.example.com/notes;");
    }
}

#[tokio::test]
async fn the_default_scope_is_the_whole_scope_unless_it_is_given() {
    let stack = Stack::start().await;
    assert_eq!(stack.create_notes().await["default_scope"], json!(["read"]));
    let update = async |options: &[&str]| {
        let updated = stack.resource_command(&[&["update", NOTES], options].concat()).await.json();
        (updated["scope"].clone(), updated["default_scope"].clone())
    };
    let (read, both) = (json!(["read"]), json!(["read", "write"]));
    assert_eq!(update(&["--name", "x"]).await, (both.clone(), read.clone()));
    assert_eq!(update(&["--default-scope", "write"]).await, (both.clone(), json!(["write"])));
    assert_eq!(update(&["--scope", "read"]).await, (read.clone(), read.clone()));
    assert_eq!(
        update(&["--scope", "read", "--scope", "write", "--default-scope", "read"]).await,
        (both, read)
    );
}

#[tokio::test]
async fn a_resource_that_is_not_valid_is_refused_and_the_accepted_spelling_is_named() {
    let stack = Stack::start().await;
    let create = async |uri: &str, options: &[&str]| {
        stack.resource_command(&[&["create", uri, "--name", "x"], options].concat()).await
    };
    for (uri, accepted) in [
        ("https://API.example.com:443/x/../notes?utm_source=x#y", NOTES),
        ("https://user:secret@api.example.com/notes", NOTES),
        ("http://localhost:1/a b", "http://localhost:1/a%20b"),
    ] {
        create(uri, &[]).await.failed(2, &format!("Did you mean {accepted}?"));
    }
    let long = format!("https://api.example.com/{}", "a".repeat(105));
    for uri in ["", "notes", "urn:example:notes", "http://api.example.com/notes", &long] {
        let refused = create(uri, &[]).await;
        refused.failed(2, "a resource is https://HOST[:PORT][/PATH] of at most 128 bytes");
        assert!(!refused.stderr.contains("Did you mean"), "{refused:?}");
    }
    let many: Vec<_> = (0..21).map(|n| format!("s{n}")).collect();
    let many = many.join(" ");
    for (options, message) in [
        (&["--name", "a\nb"][..], "a name is one line"),
        (&["--name", ""], "a name is one line"),
        (&["--scope", "r\u{e9}ad"], "printable ASCII"),
        (&["--scope", &many], "at most 20 values of 224 bytes"),
        (&["--scope", "read", "--default-scope", "write"], "must be part of the scope"),
    ] {
        let arguments = [&["create", NOTES], options];
        let name: &[&str] = if options[0] == "--name" { &[] } else { &["--name", "x"] };
        stack.resource_command(&[&arguments.concat(), name].concat()).await.failed(2, message);
    }
    create(NOTES, &[]).await.json();
    for again in [NOTES, "https://api.example.com/notes/"] {
        create(again, &[]).await.failed(2, "there is a resource https://api.example.com/notes already");
    }
    let wide = ["update", NOTES, "--default-scope", "admin"];
    stack.resource_command(&wide).await.failed(2, "must be part of the scope");
    assert_eq!(stack.resource_command(&["list"]).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deployment_has_64_resources_at_most() {
    let stack = Stack::start().await;
    let resource = |n: usize| Resource {
        uri: format!("https://api.example.com/{n}").parse().unwrap(),
        name: "x".to_owned(),
        scope: "read".parse().unwrap(),
        default_scope: "read".parse().unwrap(),
        open: false,
    };
    let full = (0..Registry::MOST).try_fold(Registry::default(), |all, n| all.with(resource(n))).unwrap();
    stack.app.resources.replace(&Registry::default(), &full).await.unwrap();
    let one_more = ["create", NOTES, "--name", "x"];
    stack.resource_command(&one_more).await.failed(2, "64 resources at most");
    stack.resource_command(&["delete", "https://api.example.com/7"]).await.json();
    stack.resource_command(&one_more).await.json();
}

#[tokio::test]
async fn of_two_administrators_at_once_one_changes_the_resources_and_the_other_is_told() {
    let stack = Stack::start().await;
    stack.create_notes().await;
    let mut raced = 0;
    for round in 0..5 {
        let (one, other) = (format!("https://one.example/{round}"), format!("https://two.example/{round}"));
        let name = format!("Name {round}");
        let create = async |uri: &str| stack.resource_command(&["create", uri, "--name", "x"]).await;
        let update = async |name: &str| stack.resource_command(&["update", NOTES, "--name", name]).await;
        let outcomes = tokio::join!(create(&one), create(&other), update(&name));
        let listed = stack.resource_command(&["list"]).await.json();
        let listed = listed.as_array().unwrap();
        let has = |uri: &str| listed.iter().any(|resource| resource["uri"] == uri);
        let is_renamed = listed.iter().any(|resource| resource["name"] == name.as_str());
        for (ran, made) in [(outcomes.0, has(&one)), (outcomes.1, has(&other)), (outcomes.2, is_renamed)] {
            assert_eq!(made, ran.code == 0, "{ran:?}");
            if !made {
                ran.failed(1, "changed by another administrator at the same time; try again");
                raced += 1;
            }
        }
    }
    assert!(raced > 0, "no two commands met");
}

#[tokio::test]
async fn a_change_of_the_resources_whose_response_was_lost_is_recognized() {
    let stack = Stack::start().await;
    for command in [
        &["create", NOTES, "--name", "Notes"][..],
        &["update", NOTES, "--name", "My notes"],
        &["delete", NOTES],
    ] {
        stack.dynamodb.fail(Fault::LoseFirstAnswer);
        stack.resource_command(command).await.json();
        stack.dynamodb.fail(Fault::None);
    }
    assert_eq!(stack.resource_command(&["list"]).await.json(), json!([]));
}

/// Returns the fragment in `output` by logical id.
fn fragment(output: &str) -> Yaml {
    YamlLoader::load_from_str(output).unwrap().remove(0)
}

#[tokio::test]
async fn the_gateway_serves_the_metadata_at_both_paths_and_challenges() {
    let stack = Stack::start().await;
    stack.create_notes().await;
    stack
        .resource_command(&["show", NOTES, "--gateway"])
        .await
        .failed(2, "set JETON_ISSUER, or give --issuer");
    stack.resource_command(&["show", NOTES, "--issuer", ISSUER]).await.failed(2, "--gateway");
    let printed = stack.resource_command(&["show", NOTES, "--gateway", "--issuer", ISSUER]).await.json();
    let metadata = json!({
        "resource": NOTES,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Notes",
    });
    assert_eq!(printed["metadata"], metadata);
    let at_path = "https://api.example.com/.well-known/oauth-protected-resource/notes";
    let at_root = "https://api.example.com/.well-known/oauth-protected-resource";
    assert_eq!(printed["metadata_urls"], json!([at_path, at_root]));

    let text = stack.jeton_text(&["resource", "show", NOTES, "--gateway", "--issuer", ISSUER]).await;
    assert_eq!(Some(text.trim_end()), printed["cloudformation"].as_str().map(str::trim_end));

    let fragment = fragment(printed["cloudformation"].as_str().unwrap());
    let properties = |id: &str| fragment[id]["Properties"].clone();
    let parents = [
        ("WellKnown", ".well-known"),
        ("ResourceMetadata", "oauth-protected-resource"),
        ("ResourceMetadata1", "notes"),
    ];
    for (id, part) in parents {
        assert_eq!(properties(id)["PathPart"].as_str(), Some(part));
    }
    for (id, method, status) in [
        ("GetResourceMetadata", "GET", "200"),
        ("GetResourceMetadata1", "GET", "200"),
        ("OptionsResourceMetadata", "OPTIONS", "204"),
        ("OptionsResourceMetadata1", "OPTIONS", "204"),
    ] {
        let method_of = properties(id);
        assert_eq!(method_of["HttpMethod"].as_str(), Some(method));
        assert_eq!(method_of["AuthorizationType"].as_str(), Some("NONE"));
        let response = &method_of["Integration"]["IntegrationResponses"][0];
        assert_eq!(response["StatusCode"].as_str(), Some(status));
        let request = method_of["Integration"]["RequestTemplates"]["application/json"].as_str().unwrap();
        let request: Value = serde_json::from_str(request).unwrap();
        assert_eq!(request["statusCode"].to_string(), status);
        if method == "GET" {
            let body = response["ResponseTemplates"]["application/json"].as_str().unwrap();
            assert_eq!(serde_json::from_str::<Value>(body).unwrap(), metadata);
        }
        // A mapped header must be declared.
        let mapped = response["ResponseParameters"].as_hash().unwrap();
        let declared = method_of["MethodResponses"][0]["ResponseParameters"].as_hash().unwrap();
        assert!(mapped.keys().eq(declared.keys()), "{id}");
        assert_eq!(
            response["ResponseParameters"]["method.response.header.Access-Control-Allow-Origin"].as_str(),
            Some("'*'")
        );
    }
    for (id, kind, challenge) in [
        ("Unauthorized", "UNAUTHORIZED", format!("'Bearer resource_metadata=\"{at_path}\"'")),
        ("AccessDenied", "ACCESS_DENIED", "context.authorizer.challenge".to_owned()),
    ] {
        let response = properties(id);
        let header = |name: &str| {
            response["ResponseParameters"][format!("gatewayresponse.header.{name}").as_str()]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(response["ResponseType"].as_str(), Some(kind));
        assert_eq!(header("WWW-Authenticate"), challenge);
        assert_eq!(header("Access-Control-Allow-Origin"), "'*'");
        assert_eq!(header("Access-Control-Expose-Headers"), "'WWW-Authenticate'");
    }
}

#[tokio::test]
async fn a_document_of_any_name_path_and_scope_is_valid_in_a_template() {
    let stack = Stack::start().await;
    let name = "l'été: C# $context.stage \u{1f600}";
    for (uri, ids, has_fragment) in [
        ("https://a.example", &["GetResourceMetadata"][..], true),
        ("https://a.example/api/v1.0/mcp", &["GetResourceMetadata", "GetResourceMetadata3"], true),
        ("http://127.0.0.1:8080/api/mcp/", &["GetResourceMetadata", "GetResourceMetadata2"], true),
        ("https://a.example/~ada", &[], false),
    ] {
        let scope = "read $input.params('x') #set($a=1)";
        stack.resource_command(&["create", uri, "--name", name, "--scope", scope]).await.json();
        let printed = stack.resource_command(&["show", uri, "--gateway", "--issuer", ISSUER]).await.json();
        let metadata = &printed["metadata"];
        assert_eq!((&metadata["resource"], &metadata["resource_name"]), (&json!(uri), &json!(name)));
        let text = printed["cloudformation"].as_str().unwrap();
        assert!(text.is_ascii() && !text.contains('$') && text.contains("\n#   {"), "{text}");
        let fragment = YamlLoader::load_from_str(text).unwrap();
        assert_eq!(!fragment.is_empty(), has_fragment, "{text}");
        for id in ids {
            let response = &fragment[0][*id]["Properties"]["Integration"]["IntegrationResponses"][0];
            let body = response["ResponseTemplates"]["application/json"].as_str().unwrap();
            assert_eq!(&serde_json::from_str::<Value>(body).unwrap(), metadata);
        }
    }
}

#[tokio::test]
async fn the_example_api_has_what_the_command_prints() {
    let stack = Stack::start().await;
    stack.create_notes().await;
    let printed = stack.resource_command(&["show", NOTES, "--gateway", "--issuer", ISSUER]).await.json();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/rest-api/template.yaml");
    let template = fs::read_to_string(template).unwrap();
    let printed = printed["cloudformation"].as_str().unwrap();
    assert!(template.contains(printed), "examples/rest-api/template.yaml lacks:\n{printed}");
    // A deployment contains what exists when it is made.
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let resources = &template["Resources"];
    let is_deployed = |resource: &Yaml| {
        let kind = resource["Type"].as_str().unwrap();
        ["AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"].contains(&kind)
    };
    let all = resources.as_hash().unwrap().iter();
    let deployed = all.filter(|(_, resource)| is_deployed(resource)).map(|(id, _)| id);
    let dependencies = resources["Deployment"]["DependsOn"].as_vec().unwrap();
    assert!(deployed.eq(dependencies), "{dependencies:?}");
    assert_eq!(dependencies.len(), 8);
}
