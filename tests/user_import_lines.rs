//! The lines that `jeton user import` reads: forms of other systems, and bad lines.

use serde_json::{Value, json};
use shared::{secret::Id, status::Role};

use crate::{
    harness::{PASSWORD, Stack},
    user_import::{HASH, UUID, audited, counted, import, shown, signs_in},
};

fn id_of(uuid: &str) -> Id {
    Id::from_bits(u128::from_str_radix(&uuid.replace('-', ""), 16).unwrap())
}

#[tokio::test]
async fn users_are_imported_as_another_deployment_exported_them() {
    let stack = Stack::start().await;
    let (ada, sub) = (id_of(UUID), Id::random());
    let lines = [
        json!({ "username": "Ada", "sub": UUID, "password": HASH, "roles": ["developer", "a", "developer"],
            "created_at": 1_795_665_122.005 })
        .to_string(),
        String::new(),
        json!({ "username": "bob", "sub": sub, "disabled": true }).to_string(),
        json!({ "username": "grace", "created_at": "2020-02-29T12:00:00+02:00" }).to_string(),
    ];
    let ran = import(&stack, &lines, &[]).await;
    assert!(counted(&ran, 3, 0, 0).is_empty());
    let audited = audited(&ran);
    assert!(audited.iter().all(|record| record["audit"] == "user_changed"));
    let changes = |user: Id| -> Vec<_> {
        let of_user = audited.iter().filter(|record| record["user"] == user.to_string());
        of_user.map(|record| record["change"].as_str().unwrap()).collect()
    };
    assert_eq!(changes(ada), ["created", "role_granted", "role_granted"]);
    assert_eq!(changes(sub), ["created", "disabled"]);
    assert_eq!(audited.len(), 6);

    assert!(
        signs_in(&stack, "ada").await && !signs_in(&stack, "bob").await && !signs_in(&stack, "grace").await
    );
    let (user, status) = stack.app.users.read(ada).await.unwrap().unwrap();
    assert_eq!(user.created_at.millis(), 1_795_665_122_005);
    assert_eq!(status.roles, ["a".parse::<Role>().unwrap(), Role::developer()]);
    assert_eq!(shown(&stack, "bob").await["disabled"], true);
    assert_eq!(shown(&stack, "bob").await["sub"], sub.to_string());
    assert_eq!(shown(&stack, "grace").await["created_at"], 1_582_970_400);
    // A name of any case, as for every user.
    stack.jeton(&["user", "create", "ADA", "--password-stdin"], PASSWORD).await.failed(2, "already");
}

#[tokio::test]
async fn users_are_imported_as_django_exports_them() {
    let stack = Stack::start().await;
    let django = HASH.replacen('$', "bcrypt$$", 1);
    let lines = [
        // `manage.py dumpdata auth.user --format jsonl`
        json!({ "model": "auth.user", "pk": 7, "fields": {
            "password": django, "last_login": null, "is_superuser": true, "username": "ada", "first_name": "Ada",
            "email": "ada@example.com", "is_staff": true, "is_active": true, "date_joined": "2020-02-29T10:00:00.123Z",
            "groups": [], "user_permissions": [] } }),
        // The columns of the table.
        json!({ "id": 8, "username": "bob", "password": "!Ghmd0bYK6nP8f4yPDNxe21LfVNK3mo6SrRcrk6Do", "is_active": 0,
            "date_joined": "2020-02-29 10:00:00.123456+00:00" }),
        json!({ "id": 9, "username": "eve", "password": "", "is_active": true, "date_joined": "2020-02-29 10:00:00" }),
    ];
    let lines = lines.map(|line| line.to_string());
    assert!(counted(&import(&stack, &lines, &[]).await, 3, 0, 0).is_empty());
    assert!(signs_in(&stack, "ada").await);
    let ada = shown(&stack, "ada").await;
    assert_eq!((&ada["roles"], &ada["created_at"]), (&json!([]), &json!(1_582_970_400)));
    let bob = shown(&stack, "bob").await;
    assert_eq!((&bob["disabled"], &bob["password_hash"]), (&json!(true), &Value::Null));
    assert_eq!(shown(&stack, "eve").await["created_at"], 1_582_970_400);

    let by_email = import(&stack, &lines[..2], &["--username-from", "email"]).await;
    let [bad] = counted(&by_email, 1, 0, 1)[..] else { panic!("{by_email:?}") };
    assert_eq!(bad, "2: `email` is missing");
    assert!(signs_in(&stack, "ada@example.com").await);
}

#[tokio::test]
async fn users_are_imported_as_cognito_exports_them() {
    let stack = Stack::start().await;
    let user = |name: &str, attributes: &[(&str, &str)]| {
        let list: Vec<_> =
            attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        json!({ "Username": name, "Attributes": list, "UserCreateDate": "2020-02-29T12:00:00.123000+02:00",
            "UserLastModifiedDate": "2021-02-27T12:00:00+02:00", "Enabled": name != "bob", "UserStatus": "CONFIRMED" })
        .to_string()
    };
    let other = "5b8c0e0a-3c7e-4b0b-8f63-0a3f0d2f9c55";
    let by_name = [
        user("ada", &[("sub", UUID), ("email", "ada@example.com"), ("email_verified", "true")]),
        user("bob", &[("sub", other), ("email", "bob@example.com"), ("email_verified", "false")]),
        // The columns of the file for imports, which has no sub.
        json!({ "cognito:username": "eve", "email": "eve@example.com", "email_verified": "TRUE" })
            .to_string(),
    ];
    assert!(counted(&import(&stack, &by_name, &[]).await, 3, 0, 0).is_empty());
    let ada = shown(&stack, "ada").await;
    assert_eq!(ada["sub"], id_of(UUID).to_string());
    assert_eq!((&ada["created_at"], &ada["password_hash"]), (&json!(1_582_970_400), &Value::Null));
    assert_eq!(shown(&stack, "bob").await["disabled"], true);

    // A pool whose users sign in with an e-mail address.
    let stack = Stack::start().await;
    let lines = [
        user(UUID, &[("sub", UUID), ("email", "ada@example.com"), ("email_verified", "true")]),
        user(other, &[("sub", other), ("email", "bob@example.com"), ("email_verified", "false")]),
        user("x", &[("sub", "x")]),
        by_name[2].clone(),
    ];
    let messages = import(&stack, &lines[..2], &[]).await;
    let messages = counted(&messages, 0, 0, 2);
    assert!(messages.iter().all(|message| message.contains("--username-from")), "{messages:?}");
    let ran = import(&stack, &lines, &["--username-from", "email"]).await;
    let messages = counted(&ran, 2, 0, 2);
    assert_eq!(
        messages,
        ["2: `email` is not verified, so it cannot become the user name", "3: `email` is missing"]
    );
    assert_eq!(shown(&stack, "ada@example.com").await["sub"], id_of(UUID).to_string());
}

#[tokio::test]
async fn a_bad_line_is_reported_by_its_number_and_stops_no_other() {
    let stack = Stack::start().await;
    let secret = "MySecretPassword";
    let long = "x".repeat(70_000);
    let line = |username: Value, more: Value| {
        let mut line = json!({ "username": username });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let roles: Vec<_> = (0..21).map(|nth| format!("r{nth}")).collect();
    let bad = [
        ("not json".to_owned(), "not a JSON object"),
        ("[]".to_owned(), "not a JSON object"),
        ("\u{feff}{}".to_owned(), "not a JSON object"),
        ("[".repeat(60_000), "not a JSON object"),
        ("{}".to_owned(), "`username` is missing"),
        (line(json!(" ada"), json!({})), "a user name is 1 to 64 bytes"),
        (line(json!(7), json!({})), "`username` must be a text"),
        (
            line(json!("u"), json!({ "password": secret })),
            "`password`: not a hash of Argon2, bcrypt, scrypt or PBKDF2. Leave it out to import the user without",
        ),
        (line(json!("u"), json!({ "password": "" })), "`password`: not a hash of "),
        (
            line(json!("u"), json!({ "password": HASH.trim_end_matches('S') })),
            "`password`: the hash is incomplete or malformed. Leave it out ",
        ),
        (
            line(json!("u"), json!({ "password": HASH.replace("$05$", "$14$") })),
            "`password`: the cost of bcrypt is 14: 13 is the most. Leave it out ",
        ),
        (
            line(json!("u"), json!({ "passwrod": HASH })),
            "a name is unknown; a line of Jeton has username, sub,",
        ),
        (line(json!("u"), json!({ "\u{1b}]0;x\u{7}\u{9b}": 1 })), "a name is unknown; "),
        (line(json!("u"), json!({ "sub": secret })), "`sub` must be a UUID or a sub of Jeton"),
        (line(json!("u"), json!({ "disabled": "no" })), "`disabled` must be true or false"),
        (
            line(json!("u"), json!({ "roles": ["Developer"] })),
            "`roles` must be a list of roles, each of 1 to 32",
        ),
        (line(json!("u"), json!({ "roles": roles })), "a user has at most 20 roles"),
        (
            line(json!("u"), json!({ "created_at": -1 })),
            "`created_at` must be seconds since 1970 or ISO 8601",
        ),
        (
            line(json!("u"), json!({ "created_at": "today" })),
            "`created_at` must be seconds since 1970 or ISO 8601",
        ),
        (
            line(json!("u"), json!({ "created_at": 1e300 })),
            "`created_at` must be seconds since 1970 or ISO 8601",
        ),
        (line(json!("u"), json!({ "roles": [long] })), "a line has at most 65536 bytes"),
        (json!({ "fields": { "username": "u" } }).to_string(), "`password` is missing"),
        (json!({ "fields": [] }).to_string(), "`fields` must be an object"),
        (
            json!({ "username": "u", "is_active": true, "password": secret }).to_string(),
            "`password`: not a hash of ",
        ),
        (json!({ "Username": "u" }).to_string(), "`Attributes` must be a list of objects"),
        (
            json!({ "Username": "u", "Attributes": [{}] }).to_string(),
            "`Attributes` must be a list of objects",
        ),
    ];
    let good = |nth: usize| json!({ "username": format!("good {nth}"), "password": HASH }).to_string();
    let lines: Vec<_> =
        bad.iter().enumerate().flat_map(|(nth, (line, _))| [line.clone(), good(nth)]).collect();
    let ran = import(&stack, &lines, &[]).await;
    let messages = counted(&ran, bad.len() as u64, 0, bad.len() as u64);
    for (nth, ((_, reason), message)) in bad.iter().zip(&messages).enumerate() {
        assert!(message.starts_with(&format!("{}: {reason}", 2 * nth + 1)), "{message} {reason}");
    }
    assert!(ran.stderr.contains(&format!("bad lines, not imported: {}", bad.len())), "{}", ran.stderr);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    let reported = summary["bad_lines"].as_array().unwrap().iter();
    let reported: Vec<_> = reported
        .map(|bad| format!("{}: {}", bad["line"].as_u64().unwrap(), bad["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(reported, messages);
    for value in [secret, "$2b$", "c5fEjkcdcDyJ50dM", "\u{1b}", "\u{9b}"] {
        assert!(!ran.stderr.contains(value) && !ran.stdout.contains(value), "{ran:?}");
    }
    assert_eq!(stack.app.users.list().await.unwrap().len(), bad.len());
}

#[tokio::test]
async fn the_user_name_of_an_export_is_not_to_be_chosen() {
    let stack = Stack::start().await;
    let line = [json!({ "username": "ada" }).to_string()];
    for from in ["email", "sub", "username"] {
        let ran = import(&stack, &line, &["--username-from", from]).await;
        let messages = counted(&ran, 0, 0, 1);
        assert!(messages[0].contains("leave out --username-from"), "{messages:?}");
    }
}
