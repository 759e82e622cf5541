//! Files that `jeton apply` refuses: before the first write, with the place of the mistake.

use std::{fs, io::Write as _};

use crate::harness::{Stack, process::Directory};

/// Returns the beginning of a file whose client `c` has the properties.
fn client(properties: &str) -> String {
    format!("clients:\n  a: {{name: A}}\n  c: {{name: C, {properties}}}\n")
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_its_message_has_the_place() {
    let stack = Stack::start().await;
    let many = format!("redirect_uris: [{}]", vec!["https://a.example/"; 21].join(", "));
    let long = format!("scopes: {{read: {{en: {}}}}}", "x".repeat(201));
    stack.dynamodb.forget();
    for (text, message) in [
        // Fields and their types.
        (client("redirect_uri: [x]"), ":3: unknown field \"redirect_uri\"; did you mean \"redirect_uris\"?"),
        (client("client_secret: x"), "unknown field \"client_secret\""),
        (client("secret: x"), ":3: unknown field \"secret\"; the fields are name, public"),
        ("client: {}\n".to_owned(), ":1: unknown field \"client\"; did you mean \"clients\"?"),
        ("clients:\n  c:\n    public: true\n".to_owned(), ":3:5: missing field `name`"),
        (client("public: yes"), ": public: expected true or false"),
        (client("code_ttl: -1"), ": code_ttl: expected a whole number of seconds, such as `code_ttl: 600`"),
        (client("access_token_ttl: 10m"), ": access_token_ttl: expected a whole number of seconds"),
        (client("scope: read"), ": scope: expected a list, such as `scope: [one, two]`"),
        ("roles: {admin: ada}\n".to_owned(), ":1:16: expected a list, such as `[one, two]`"),
        (
            client("grants: [authorization-code]"),
            ": grants: must be one of authorization_code, client_credentials",
        ),
        (client("compat: [everything]"), ": compat: must be one of password, implicit"),
        ("resources:\n  notaurl: {name: x}\n".to_owned(), ":2:3: a resource is https://HOST"),
        ("scopes: {read: {xx: See}}\n".to_owned(), "must be one of en, fr"),
        ("roles: {Admin: []}\n".to_owned(), "a role is 1 to 32"),
        ("clients: {\"a b\": {name: x}}\n".to_owned(), "a client id is 1 to 22"),
        ("clients: [".to_owned(), ":1:"),
        ("- a\n".to_owned(), ":1:1:"),
        // Keys.
        ("clients:\n  a: {name: A}\n  a: {name: B}\n".to_owned(), "client a is in the files twice: "),
        ("clients:\n  a:\n    name: A\n    name: B\n".to_owned(), ":3:5: duplicate field `name`"),
        ("scopes:\n  read: {en: A, en: B}\n".to_owned(), "language en is in the files twice"),
        // Rules of registration.
        (client("public: true"), ":3: client c: a public client needs a redirect URI"),
        (client("redirect_uris: ['http://a.example/']"), ":3: client c: redirect URI \"http://a.example/\""),
        (client(&many), "at most 20 redirect URIs"),
        (client("access_token_ttl: 86401"), "the access token's lifetime must be 60 to 86400 seconds"),
        (
            client("resources: ['https://api.example.com/x']"),
            "there is no resource https://api.example.com/x",
        ),
        (client("compat: [guest]"), "the switch guest belongs to the deployment"),
        ("clients: {d-x: {name: x}}\n".to_owned(), ":1: client d-x: an id that starts with d-"),
        (
            "resources:\n  https://a.example: {name: ''}\n".to_owned(),
            ":2: resource https://a.example: a name is one line",
        ),
        (
            "resources:\n  https://a.example: {name: x}\n  https://a.example/: {name: x}\n".to_owned(),
            "there is a resource https://a.example already",
        ),
        ("scopes: {\"a b\": {en: x}}\n".to_owned(), ":1: scope a b: a scope value is"),
        ("scopes: {\"a\\e[2J\": {en: x}}\n".to_owned(), ":1: scope a\u{FFFD}[2J: a scope value is"),
        ("scopes: {read: {}}\n".to_owned(), ":1: scope read: a description is one line"),
        (long, "a description is one line of 1 to 200 characters"),
        (
            "clients: {a: {name: A}}\nroles: {admin: [eve]}\n".to_owned(),
            ":2: role admin: there is no user eve",
        ),
    ] {
        let ran = stack.apply(&text, &["--prune"]).await;
        ran.failed(2, message);
        assert!(ran.stderr.contains("jeton.yaml"), "{ran:?}");
    }
    let seen = stack.dynamodb.seen();
    let is_read = |operation: &str| ["GetItem", "BatchGetItem", "Scan"].contains(&operation);
    assert!(seen.iter().all(|seen| is_read(&seen.operation)), "{seen:?}");
}

#[tokio::test]
async fn a_type_cannot_change_and_the_message_says_so() {
    let stack = Stack::start().await;
    stack.apply(&client("scope: [read]"), &[]).await.applied();
    let public = client("public: true, redirect_uris: ['https://a.example/']");
    stack.apply(&public, &[]).await.failed(2, ":3: client c: a public client stays public");
}

#[tokio::test]
async fn several_files_are_one_configuration_and_a_key_twice_names_both_places() {
    let (stack, directory) = (Stack::start().await, Directory::new());
    let (one, two) = (directory.join("one.yaml"), directory.join("two.json"));
    fs::write(&one, "clients:\n  a: {name: A}\n").unwrap();
    fs::write(&two, "{\"clients\": {\n\"b\": {\"name\": \"B\"}}}\n").unwrap();
    stack.jeton(&["apply", &one, &two, "--yes"], "").await.applied();
    assert_eq!(stack.clients().await, 2);
    fs::write(&two, "{\"clients\": {\n\"a\": {\"name\": \"B\"}}}\n").unwrap();
    let message = format!("client a is in the files twice: {one}:2 and {two}:2");
    stack.jeton(&["apply", &one, &two], "").await.failed(2, &message);
    stack.jeton(&["apply", &one, &directory.join("none")], "").await.failed(2, "none: No such file");
    fs::write(&two, [0xFF, 0xFE, 0xFF]).unwrap();
    stack.jeton(&["apply", &two], "").await.failed(2, "two.json: ");
    fs::write(&two, "#".repeat(8 * 1024 * 1024 + 1)).unwrap();
    stack.jeton(&["apply", &two], "").await.failed(2, "a file has 8388608 bytes at most");
    stack.jeton(&["apply"], "").await.failed(2, "required");
}

#[tokio::test]
async fn a_pipe_or_device_is_not_read_without_end() {
    let stack = Stack::start().await;
    let mut child = stack.command(&["apply", "/dev/stdin"]).spawn().unwrap();
    let run = move || {
        let (mut input, mebibyte) = (child.stdin.take().unwrap(), vec![b'#'; 1024 * 1024]);
        let read = (0..64).take_while(|_| input.write_all(&mebibyte).is_ok()).count();
        drop(input);
        (read, child.wait_with_output().unwrap())
    };
    let (read, output) = tokio::task::spawn_blocking(run).await.unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("a file has 8388608 bytes at most"), "{message}");
    assert_eq!((output.status.code(), read), (Some(2), 8));
}

#[tokio::test]
async fn aliases_do_not_grow_a_file_without_end() {
    let stack = Stack::start().await;
    let line = |n: usize| {
        let before = n - 1;
        format!("  a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}]\n")
    };
    let lines: String = (1..40).map(line).collect();
    let ran = stack.apply(&format!("roles:\n  a0: &a0 [x]\n{lines}"), &[]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
}
