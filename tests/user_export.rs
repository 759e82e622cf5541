//! `jeton user export`, on the tables of a running deployment.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use shared::pages::Section;

use crate::harness::{AuthorizationRequest, HtmlForm, PASSWORD, Stack, items};

async fn exported(stack: &Stack, options: &[&str]) -> String {
    let ran = stack.jeton(&[&["user", "export"], options].concat(), "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let has_hashes = options.contains(&"--with-password-hashes");
    assert_eq!(ran.stderr.contains("keep it secret"), has_hashes, "{ran:?}");
    assert_eq!(ran.stderr.contains(r#""audit":"password_hashes_exported""#), has_hashes, "{ran:?}");
    ran.stdout
}

/// Returns the lines in alphabetical order.
fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

#[tokio::test]
async fn an_export_that_is_imported_into_an_empty_deployment_is_the_same() {
    let stack = Stack::start().await;
    let made: Vec<_> = (0..230)
        .map(
            |nth| json!({ "username": format!("User {nth}"), "disabled": nth % 2 == 0, "roles": ["a", "b"] }),
        )
        .map(|line| line.to_string())
        .collect();
    stack.jeton(&["user", "import", "-"], &made.join("\n")).await.json();
    stack.developer("ada").await;
    stack
        .create_user_with(
            "bob",
            "$2b$05$LaknXUxdKVpbdyxoIWEC1.c5fEjkcdcDyJ50dM/55mTqyrKt53JBS".parse().unwrap(),
        )
        .await;
    let export = exported(&stack, &["--with-password-hashes"]).await;
    assert_eq!(lines(&export).len(), 232);

    let other = Stack::start().await;
    let ran = other.jeton(&["user", "import", "-"], &export).await.json();
    assert_eq!((&ran["created"], &ran["bad"]), (&json!(232), &json!(0)));
    let again = exported(&other, &["--with-password-hashes"]).await;
    assert_eq!(lines(&again), lines(&export));
    let users = async |stack: &Stack| {
        let mut items = items(stack.app.users.table()).await;
        items.retain(|item| !item.contains("status#"));
        items
    };
    assert_eq!(users(&stack).await, users(&other).await);
    for name in ["ada", "bob"] {
        assert_eq!(other.browser().try_to_sign_in("/login", name, PASSWORD).await.status, 303);
    }
}

#[tokio::test]
async fn an_export_has_no_hashes_unless_it_is_asked_for_them() {
    let stack = Stack::start().await;
    stack.create_user("ada").await;
    let export = exported(&stack, &[]).await;
    assert!(export.contains("ada") && !export.contains('$') && !export.contains("password"), "{export}");
    // Without a hash the user has no password at the other deployment.
    let other = Stack::start().await;
    other.jeton(&["user", "import", "-"], &export).await.json();
    assert_eq!(other.browser().try_to_sign_in("/login", "ada", PASSWORD).await.status, 400);
    assert!(exported(&stack, &["--with-password-hashes"]).await.contains("$argon2id$"));
    let both = stack.jeton(&["user", "export", "ada", "--with-password-hashes"], "").await;
    both.failed(2, "cannot be used with");
}

#[tokio::test]
async fn one_users_data_is_one_document_without_secrets() {
    let stack = Stack::configured(|config| {
        config.account.personal_scopes = "read write".parse().unwrap();
        config.account.developer_scopes = "orders".parse().unwrap();
        config.compat = "password".parse().unwrap();
    })
    .await;
    let (ada, browser) = stack.developer("ada").await;
    let (web, password) = (stack.web().await, stack.legacy("password").await);
    browser.consent(&AuthorizationRequest::by(&web)).await;
    let tokens = stack.authorized(&web, ada.sub).await;
    let form = [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD)];
    assert_eq!(stack.post("/oauth/token").basic(&password).form(&form).send().await.status, 200);
    let personal = browser.personal_token("my script", "7").await;
    let credentials = browser.credentials("my client").await;
    // Another user has a grant, too.
    let (grace, _) = stack.signed_in_user("grace").await;
    stack.authorized(&web, grace.sub).await;

    let ran = stack.jeton(&["user", "export", "ADA"], "").await;
    let data = ran.json();
    assert_eq!((&data["sub"], &data["username"]), (&json!(ada.sub), &json!("ada")));
    assert_eq!((&data["roles"], &data["password_hash"]), (&json!(["developer"]), &json!("argon2id")));
    let count = |name: &str| data[name].as_array().unwrap().len();
    for (name, expected) in [
        ("sessions", 1),
        ("grants", 3),
        ("personal_tokens", 1),
        ("consents", 1),
        ("device_cookies", 1),
        ("known_callers", 1),
        ("clients", 1),
    ] {
        assert_eq!(count(name), expected, "{name} {data}");
    }
    assert_eq!(data["personal_tokens"][0]["name"], "my script");
    assert_eq!(data["consents"][0]["client_id"], json!(web.id));
    assert_eq!(
        data["clients"][0],
        json!({ "client_id": credentials.id, "name": "my client",
        "created_at": stack.now().seconds() })
    );
    let clients: BTreeSet<_> = data["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| &grant["client_id"])
        .map(Value::to_string)
        .collect();
    assert_eq!(clients.len(), 2);
    assert!(!ran.stdout.contains(&grace.sub.to_string()));

    // No token, secret, digest or hash: every long text is an id.
    let access = tokens["access_token"].as_str().unwrap();
    for secret in [access, &personal, &credentials.secret, "$argon2"] {
        assert!(!ran.stdout.contains(secret), "{secret}");
    }
    let texts = ran.stdout.split('"').filter(|text| text.len() > 22);
    assert_eq!(texts.filter(|text| !text.contains([':', ','])).collect::<Vec<_>>(), Vec::<&str>::new());
    stack.jeton(&["user", "export", "nobody"], "").await.failed(3, "there is no user nobody");
}

#[tokio::test]
async fn one_users_data_say_what_has_ended_and_when() {
    let stack = Stack::with_accounts().await;
    let (web, (ada, here)) = (stack.web().await, stack.signed_in_user("ada").await);
    let (there, elsewhere) = (stack.browser(), stack.browser());
    there.sign_in(&ada).await;
    elsewhere.sign_in(&ada).await;
    stack.authorized(&web, ada.sub).await;
    here.personal_token("robot", "never").await;
    let begin = stack.now().seconds();
    let ends = async |list: &str| {
        let data = stack.jeton(&["user", "export", "ada"], "").await.json();
        let mut ends: Vec<_> =
            data[list].as_array().unwrap().iter().map(|one| one["ended_at"].as_u64()).collect();
        ends.sort_unstable();
        ends
    };
    assert_eq!(ends("sessions").await, [None, None, None]);
    // By its own sign-out, by another browser, by signing out everywhere, and by the end of everything.
    stack.advance(Duration::from_secs(1));
    let form = HtmlForm::of(&there.get("/login").await, "/logout");
    there.submit(&form, &[]).await.is_page(200);
    stack.advance(Duration::from_secs(1));
    let page = here.get(Section::SESSIONS).await;
    assert_eq!(here.submit(&HtmlForm::of(&page, Section::SESSIONS), &[]).await.status, 303);
    assert_eq!(ends("sessions").await, [None, Some(begin + 1), Some(begin + 2)]);
    stack.advance(Duration::from_secs(1));
    stack.app.users.sign_out_everywhere(ada.sub, stack.now()).await.unwrap();
    assert_eq!(ends("sessions").await, [Some(begin + 1), Some(begin + 2), Some(begin + 3)]);
    assert_eq!((ends("grants").await, ends("personal_tokens").await), (vec![None], vec![None]));
    stack.advance(Duration::from_secs(1));
    stack.app.users.end_everything(ada.sub, stack.now()).await.unwrap();
    let end = vec![Some(begin + 4)];
    assert_eq!((ends("grants").await, ends("personal_tokens").await), (end.clone(), end));
    assert_eq!(ends("sessions").await, [Some(begin + 1), Some(begin + 2), Some(begin + 3)]);
}

#[tokio::test]
async fn one_users_data_have_the_time_of_an_outstanding_reset_link() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let created_at =
        async || stack.jeton(&["user", "export", "ada"], "").await.json()["reset_link_created_at"].clone();
    assert_eq!(created_at().await, Value::Null);
    stack.app.users.create_reset_link(ada.sub, stack.now()).await.unwrap();
    assert_eq!(created_at().await, stack.now().seconds());
}

#[tokio::test]
async fn data_of_an_unknown_kind_are_not_left_out_silently() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let future = json!({ "pk": "z#1", "v": 1, "p": ada.sub });
    stack.app.grants.table().put(&future).await.unwrap();
    let ran = stack.jeton(&["user", "export", "ada"], "").await;
    ran.failed(1, "this version does not know the kind of the items \"z#\"");
}
