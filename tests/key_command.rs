//! `jeton key …`: keys of KMS and of a local database, and what the command refuses.

use std::{process::Command, sync::LazyLock, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use rsa::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

use crate::harness::{
    Fault, Ran, Stack,
    kms::{FakeKms, arn},
    run,
};

/// Public keys of KMS's form.
static PUBLIC: LazyLock<[String; 5]> = LazyLock::new(|| {
    std::array::from_fn(|_| {
        let private = rsa::PrivateKey::new(&mut UnwrapErr(SysRng), 2_048).unwrap();
        STANDARD.encode(private.to_public_key().to_public_key_der().unwrap())
    })
});

/// Returns KMS's response for the key with this ARN.
fn response(arn: &str, public: &str) -> Value {
    json!({
        "KeyId": arn,
        "KeyUsage": "SIGN_VERIFY",
        "KeySpec": "RSA_2048",
        "SigningAlgorithms": ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"],
        "PublicKey": public,
    })
}

/// Returns a KMS with the keys `0` to `4`.
async fn five_keys() -> FakeKms {
    let key = |(at, public): (usize, &String)| {
        let arn = arn(&at.to_string());
        (arn.clone(), response(&arn, public))
    };
    FakeKms::with_public_keys(PUBLIC.iter().enumerate().map(key)).await
}

impl Stack {
    /// Runs `jeton --json key` with these arguments, with KMS at `kms` and `keys` as the deployment's. A minute passes before.
    async fn key_with(&self, kms: &str, keys: &str, arguments: &[&str]) -> Ran {
        self.advance(Duration::from_mins(1));
        let mut command = self.command(&[&["--json", "key"], arguments].concat());
        command
            .env("AWS_ENDPOINT_URL_KMS", kms)
            .env("AWS_ACCESS_KEY_ID", "x")
            .env("AWS_SECRET_ACCESS_KEY", "x");
        command.env("AWS_REGION", "eu-west-1");
        if !keys.is_empty() {
            command.env("JETON_SIGNING_KEYS", keys);
        }
        run(command, "").await
    }

    async fn key(&self, kms: &str, arguments: &[&str]) -> Ran {
        self.key_with(kms, "", arguments).await
    }

    /// Returns the keys of the list, as the command prints them.
    async fn keys(&self) -> Value {
        self.jeton(&["key", "list"], "").await.json()["keys"].clone()
    }
}

fn members<'a>(keys: &'a Value, member: &str) -> Vec<&'a Value> {
    keys.as_array().unwrap().iter().map(|key| &key[member]).collect()
}

fn kid(ran: &Ran) -> String {
    ran.json()["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_the_next_one_a_day_later() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    let added = stack.key(&kms.url, &["add", &arn("0")]).await;
    let audit: Value = serde_json::from_str(added.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&audit["audit"], &audit["kid"], &audit["change"]),
        (&json!("key_changed"), &json!(kid(&added)), &json!("added"))
    );
    let from = added.json()["use_from"].as_u64().unwrap();
    assert!((stack.now().seconds()..stack.now().seconds() + 30).contains(&from));
    assert_eq!(
        stack.keys().await,
        json!([{
            "kid": kid(&added), "name": arn("0"), "deployed": null, "state": "signing",
            "use_from": from, "published_until": null, "hints_until": null,
        }])
    );
    let deployed = format!("{},{}", arn("0"), arn("1"));
    let second = stack.key_with(&kms.url, &deployed, &["add", &arn("1")]).await.json();
    let used = second["use_from"].as_u64().unwrap();
    assert!((stack.now().seconds()..stack.now().seconds() + 30).contains(&(used - 86_400)));
    let (keys, gone) = (&second["keys"], used + 2 * 86_400);
    assert_eq!(members(keys, "state"), ["signing", "waiting"]);
    assert_eq!(members(keys, "deployed"), [true, true]);
    assert_eq!(members(keys, "use_from"), [from, used]);
    assert_eq!(members(keys, "published_until"), [&json!(gone), &Value::Null]);
    assert_eq!(members(keys, "hints_until"), [&json!(gone + 90 * 86_400), &Value::Null]);
}

#[tokio::test]
async fn the_list_shows_the_state_of_each_key() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    let first = kid(&stack.key(&kms.url, &["add", &arn("0")]).await);
    stack.key(&kms.url, &["add", &arn("1")]).await.json();
    let text = stack.jeton_text(&["key", "list"]).await;
    assert!(text.contains("signing") && text.contains("waiting") && text.contains(&first), "{text}");
    assert!(
        text.contains("PUBLISHED UNTIL")
            && text.contains("no end yet")
            && text.contains("set JETON_SIGNING_KEYS"),
        "{text}"
    );
    let list = stack.key_with(&kms.url, &arn("0"), &["list"]).await.json();
    assert_eq!(members(&list["keys"], "deployed"), [true, false]);
}

#[tokio::test]
async fn a_key_that_cannot_sign_id_tokens_is_refused_and_nothing_is_written() {
    let with = |id: &str, member: &str, value: Value| {
        let mut key = response(&arn(id), &PUBLIC[0]);
        key[member] = value;
        (arn(id), key)
    };
    let kms = FakeKms::with_public_keys([
        with("usage", "KeyUsage", json!("ENCRYPT_DECRYPT")),
        with("kind", "KeySpec", json!("ECC_NIST_P256")),
        with("algorithm", "SigningAlgorithms", json!(["RSASSA_PSS_SHA_256"])),
        with("der", "PublicKey", json!(STANDARD.encode("no key"))),
        with("other", "KeyId", json!(arn("x"))),
        with("disabled", "__type", json!("DisabledException")),
        with("denied", "__type", json!("AccessDeniedException")),
    ])
    .await;
    let stack = Stack::start().await;
    for (id, code, message) in [
        ("usage", 2, "is for ENCRYPT_DECRYPT, not for SIGN_VERIFY"),
        ("kind", 2, "of the kind ECC_NIST_P256"),
        ("algorithm", 2, "RSASSA_PKCS1_V1_5_SHA_256"),
        ("der", 2, "cannot be read"),
        ("other", 2, "give the ARN of the key itself"),
        ("disabled", 1, "DisabledException; the key is disabled"),
        ("denied", 1, "you need the right kms:GetPublicKey"),
        ("missing", 1, "NotFoundException; is this the key's ARN"),
    ] {
        stack.key(&kms.url, &["add", &arn(id)]).await.failed(code, message);
    }
    for name in ["alias/jeton", "arn:aws:kms:eu-west-1:123456789012:alias/jeton", "local/x", "1234abcd", ""] {
        stack.key(&kms.url, &["add", name]).await.failed(2, "the ARN of a KMS key");
    }
    stack.key(&kms.url, &["add"]).await.failed(2, "<ARN>");
    stack.key(&kms.url, &["add", "--local", &arn("x")]).await.failed(2, "cannot be used with");
    stack.key("http://127.0.0.1:9", &["add", &arn("x")]).await.failed(1, "KMS: no connection");
    assert_eq!(stack.keys().await, json!([]));
}

#[tokio::test]
async fn a_key_is_added_once_and_need_not_wait_when_the_one_before_it_was_stolen() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    let first = kid(&stack.key(&kms.url, &["add", &arn("0")]).await);
    for options in [&[][..], &["--now"]] {
        let again = stack.key(&kms.url, &[&["add", &arn("0")], options].concat()).await;
        again.failed(2, &format!("key {first} is in the list already"));
    }
    let second = kid(&stack.key(&kms.url, &["add", &arn("1")]).await);
    stack.key(&kms.url, &["add", &arn("1")]).await.failed(2, "in the list already");
    let now = stack.key(&kms.url, &["add", &arn("1"), "--now"]).await;
    assert!(now.stderr.contains(r#""change":"used_at_once""#), "{now:?}");
    let keys = &now.json()["keys"];
    assert_eq!(
        (members(keys, "kid"), members(keys, "state")),
        (vec![&json!(first), &json!(second)], vec![&json!("published"), &json!("signing")])
    );
}

#[tokio::test]
async fn of_two_administrators_at_once_one_changes_the_keys() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    stack.dynamodb.fail(Fault::HoldFirstWrite);
    let overtaking = async {
        stack.dynamodb.hangs().await;
        stack.key(&kms.url, &["add", &arn("1")]).await.json();
        stack.dynamodb.release();
    };
    let (zero, one) = (arn("0"), arn("1"));
    let first = ["add", zero.as_str()];
    let (overtaken, ()) = tokio::join!(stack.key(&kms.url, &first), overtaking);
    overtaken.failed(1, "changed by another administrator at the same time; try again");
    assert_eq!(members(&stack.keys().await, "name"), [&one]);
}

#[tokio::test]
async fn a_response_that_is_lost_leaves_one_key() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    stack.dynamodb.fail(Fault::LoseFirstAnswer);
    stack.key(&kms.url, &["add", &arn("0")]).await.json();
    assert_eq!(stack.keys().await.as_array().unwrap().len(), 1);
    stack.dynamodb.fail(Fault::Throttle);
    stack.key(&kms.url, &["add", &arn("1")]).await.failed(1, "DynamoDB");
    stack.dynamodb.fail(Fault::None);
    assert_eq!(stack.keys().await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_fifth_key_is_refused_until_one_is_of_no_use_any_more() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    for at in 0..4 {
        stack.key(&kms.url, &["add", &arn(&at.to_string())]).await.json();
    }
    stack
        .key(&kms.url, &["add", &arn("4")])
        .await
        .failed(2, "remove one that does not sign with `jeton key remove KID`");
    stack.advance(Duration::from_hours(95 * 24));
    // Without the deployment's keys, the command does not know whether the oldest still signs.
    stack.key(&kms.url, &["add", &arn("4")]).await.failed(2, "the list has 4 keys");
    // It does: its successors were not deployed.
    let kept = stack.key_with(&kms.url, &arn("0"), &["add", &arn("4")]).await.json();
    assert_eq!(members(&kept["keys"], "name"), [&arn("0"), &arn("3"), &arn("4")]);
    let all = [0, 3, 4].map(|at| arn(&at.to_string())).join(",");
    stack.advance(Duration::from_hours(95 * 24));
    let dropped = stack.key_with(&kms.url, &all, &["add", &arn("1")]).await.json();
    assert_eq!(members(&dropped["keys"], "name"), [&arn("4"), &arn("1")]);
}

#[tokio::test]
async fn a_key_that_signs_or_is_published_is_removed_by_force_only() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    let first = kid(&stack.key(&kms.url, &["add", &arn("0")]).await);
    let second = kid(&stack.key(&kms.url, &["add", &arn("1"), "--now"]).await);
    let third = kid(&stack.key(&kms.url, &["add", &arn("2")]).await);
    stack
        .key(&kms.url, &["remove", &first, "--yes"])
        .await
        .failed(2, "is published: without it, applications refuse ID tokens");
    stack.key(&kms.url, &["remove", &second, "--yes"]).await.failed(2, "signs: without it");
    stack.key(&kms.url, &["remove", &second, "--force"]).await.failed(2, "give --yes");
    for unknown in ["x", "-x", "--x"] {
        stack.key(&kms.url, &["remove", unknown, "--yes"]).await.failed(3, "there is no key");
    }
    assert_eq!(stack.keys().await.as_array().unwrap().len(), 3);
    // It has signed nothing.
    let removed = stack.key(&kms.url, &["remove", &third, "--yes"]).await;
    assert!(removed.stderr.contains(r#""change":"removed""#), "{removed:?}");
    stack.key(&kms.url, &["remove", &second, "--force", "--yes"]).await.json();
    let keys = stack.keys().await;
    assert_eq!(
        (members(&keys, "state"), members(&keys, "published_until")),
        (vec![&json!("signing")], vec![&Value::Null])
    );
}

#[tokio::test]
async fn a_key_in_another_region_than_the_deployment_is_refused() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    let elsewhere = arn("0").replace("eu-west-1", "us-east-1");
    let message =
        "the key is in us-east-1, and the deployment in eu-west-1: the token function cannot sign with it";
    stack.key(&kms.url, &["add", &elsewhere]).await.failed(2, message);
    assert_eq!(stack.keys().await, json!([]));
}

#[tokio::test]
async fn a_key_that_waits_takes_over_from_one_that_signs_at_once_and_the_command_says_when() {
    let (stack, kms) = (Stack::start().await, five_keys().await);
    stack.key(&kms.url, &["add", &arn("0")]).await.json();
    let waiting = kid(&stack.key(&kms.url, &["add", &arn("1")]).await);
    let mut command = stack.command(&["key", "add", &arn("2"), "--now"]);
    command.env("AWS_ENDPOINT_URL_KMS", &kms.url).env("AWS_REGION", "eu-west-1");
    command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x");
    let text = run(command, "").await.stdout;
    assert!(text.contains(&format!("Key {waiting} ({}) takes over at ", arn("1"))), "{text}");
}

#[tokio::test]
async fn a_local_key_is_made_only_where_the_command_is_given_a_database_on_this_machine() {
    let stack = Stack::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(["key", "add", "--local"]).env_clear();
    for (name, value) in stack.command(&[]).get_envs() {
        command.env(name, value.unwrap());
    }
    command.env("AWS_ENDPOINT_URL_DYNAMODB", &stack.dynamodb.url);
    command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_REGION", "eu-west-1");
    run(command, "").await.failed(2, "give the --endpoint-url that `jeton serve` prints");
    assert!(!stack.stored().await.contains("local_key#"));
    stack.jeton(&["key", "add", "--local"], "").await.json();
    assert!(stack.stored().await.contains("local_key#"));
}
