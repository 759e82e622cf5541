//! `id_token_hint` in an authorization request (OpenID Connect Core §3.1.2.1).

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jeton::local::PrivateKey;
use ring::{digest, hmac};
use serde_json::{Map, Value, json};
use shared::{openid::hint, secret::Id};

use crate::harness::{
    AuthorizationRequest, Browser, Fault, HtmlForm, PASSWORD, Redirect, Registered, Stack, TestUser,
    dice::Dice, rights::POLICIES,
};

/// Returns a request for `openid` by `client`.
fn sign_in(client: &Registered) -> AuthorizationRequest {
    AuthorizationRequest::by(client).with("scope", "openid")
}

/// A user's browser, and a client that the user has allowed to sign them in.
struct Consented<'a> {
    stack: &'a Stack,
    rp: Registered,
    ada: TestUser,
    browser: Browser<'a>,
    request: AuthorizationRequest,
}

impl<'a> Consented<'a> {
    async fn at(stack: &'a Stack) -> Self {
        let (rp, ada, browser) =
            (stack.relying_party().await, stack.create_user("ada").await, stack.browser());
        browser.sign_in(&ada).await;
        let request = sign_in(&rp);
        browser.consent(&request).await.code();
        Self { stack, rp, ada, browser, request }
    }

    /// Returns a hint of the user.
    async fn hint(&self) -> String {
        self.stack.hint(&self.rp, self.ada.sub).await
    }

    /// Sends a request with this hint and `prompt=none`.
    async fn silent(&self, hint: &str) -> Redirect {
        self.browser.redirected(&self.request.with("prompt", "none").with("id_token_hint", hint)).await
    }

    /// Asserts that the server ignores `text`, and that a request with it and `prompt=none` gets no code.
    async fn is_unverifiable(&self, text: &str) {
        let silent = self.silent(text).await;
        assert_eq!(silent.get("error"), Some("login_required"), "{text:.3000}");
        silent.is_error(self.stack, "login_required");
        self.browser.redirected(&self.request.with("id_token_hint", text)).await.code();
    }
}

/// The length of a name with which an ID token has the largest size.
const LONG_NAME: usize = 818;

/// Returns one claim.
fn claims(name: &str, value: &str) -> Map<String, Value> {
    [(name.to_owned(), Value::from(value))].into_iter().collect()
}

/// Returns the claims of a hint, as JSON.
fn payload(hint: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(hint.split('.').nth(1).unwrap()).unwrap()
}

#[tokio::test]
async fn the_user_of_the_hint_is_signed_in_without_a_page_although_it_expired() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let own = user.hint().await;
    user.silent(&own).await.code();
    // The server need not be an audience, and another client's hint names the same user.
    let other = stack.hint(&stack.relying_party().await, user.ada.sub).await;
    user.silent(&other).await.code();
    // No user is signed in.
    let silent = user.request.with("prompt", "none").with("id_token_hint", &own);
    stack.browser().redirected(&silent).await.is_error(&stack, "login_required");
}

#[tokio::test]
async fn another_user_is_asked_to_sign_in_until_the_user_of_the_hint_does() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let eve = stack.create_user("eve").await;
    let hint = stack.hint(&user.rp, eve.sub).await;
    user.silent(&hint).await.is_error(&stack, "login_required");
    let login = user.browser.redirected(&user.request.with("id_token_hint", &hint)).await.location;
    assert!(login.starts_with("/login?"), "{login}");
    let again = user.browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let again = user.browser.get(&Redirect::of(&again).location).await;
    assert_eq!(Redirect::of(&again).location, login);
    let response = user.browser.try_to_sign_in(&login, "eve", PASSWORD).await;
    let page = user.browser.get(&Redirect::of(&response).location).await;
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&user.browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.user, Some(eve.sub));
}

#[tokio::test]
async fn a_hint_of_a_deleted_user_is_of_no_signed_in_user() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let gone = stack.create_user("gone").await;
    stack.app.users.delete(gone.sub).await.unwrap();
    let hint = stack.hint(&user.rp, gone.sub).await;
    user.silent(&hint).await.is_error(&stack, "login_required");
    let login = user.browser.redirected(&user.request.with("id_token_hint", &hint)).await.location;
    assert!(login.starts_with("/login?"), "{login}");
}

#[tokio::test]
async fn the_largest_hint_state_and_nonce_survive_the_sign_in_and_come_back() {
    let stack = Stack::with_openid().await;
    let (rp, ada) = (stack.relying_party().await, stack.create_user("ada").await);
    let hint = stack.hint_with(&rp, ada.sub, claims("name", &"n".repeat(LONG_NAME))).await;
    assert!((1_800..1_810).contains(&hint.len()), "{}", hint.len());
    let (state, nonce) = ("s".repeat(1_024), "n".repeat(256));
    let request = sign_in(&rp)
        .with("state", &state)
        .with("nonce", &nonce)
        .with("redirect_uri", "https://rp.example.com/callback")
        .with("id_token_hint", &hint);
    let browser = stack.browser();
    let login = browser.redirected(&request).await.location;
    let response = browser.try_to_sign_in(&login, "ada", PASSWORD).await;
    let page = browser.get(&Redirect::of(&response).location).await;
    page.is_page(200);
    let form = HtmlForm::of(&page, "/oauth/authorize");
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(redirect.get("state"), Some(state.as_str()));
    assert_eq!(stack.grant_of(&redirect).await.code.unwrap().nonce, Some(nonce));
    // By POST, too (§3.1.2.1).
    let silent = request.with("prompt", "none");
    let posted = browser.post("/oauth/authorize", &silent.parameters()).await;
    let silent = browser.get(posted.header("location").unwrap()).await;
    Redirect::of(&silent).code();
}

#[tokio::test]
async fn a_header_decides_nothing_even_if_it_is_signed() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let payload = payload(&user.hint().await);
    let kid = stack.signing_key().await.kid;
    for header in [
        json!({"alg":"none","kid":kid,"typ":"JWT"}).to_string(),
        json!({"alg":"RS384","kid":kid,"typ":"JWT"}).to_string(),
        json!({"alg":"PS256","kid":kid,"typ":"JWT"}).to_string(),
        json!({"alg":"rs256","kid":kid,"typ":"JWT"}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"at+jwt"}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"jwt"}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","crit":["exp"],"exp":1}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","crit":[]}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","b64":false}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","jku":"https://evil.example/jwks"}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","x5u":"https://evil.example/cert"}).to_string(),
        json!({"alg":"RS256","kid":kid,"typ":"JWT","jwk":{"kty":"oct","k":"AA"}}).to_string(),
        json!({"alg":"RS256","typ":"JWT"}).to_string(),
        json!({"kid":kid,"typ":"JWT"}).to_string(),
        json!({"alg":"RS256","kid":kid}).to_string(),
        json!({"alg":"RS256","kid":kid[1..],"typ":"JWT"}).to_string(),
        json!({"alg":"RS256","kid":[kid],"typ":"JWT"}).to_string(),
        format!(r#"{{"alg":"none","alg":"RS256","kid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{kid}","kid":"{kid}","typ":"JWT"}}"#),
        format!(r#"{{ "alg":"RS256","kid":"{kid}","typ":"JWT"}}"#),
        "null".to_owned(),
        "[".repeat(500),
    ] {
        user.is_unverifiable(&stack.jwt(&header, &payload).await).await;
    }
    let header = json!({"alg":"RS256","kid":kid,"typ":"JWT"}).to_string();
    user.silent(&stack.jwt(&header, &payload).await).await.code();
}

#[tokio::test]
async fn what_the_key_did_not_sign_is_no_hint() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let good = user.hint().await;
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    // HS256, with the public key as the secret.
    let key = stack.signing_key().await;
    let other = URL_SAFE_NO_PAD.encode(json!({"alg":"HS256","kid":key.kid,"typ":"JWT"}).to_string());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(&key.n).unwrap());
    let tag = |header: &str| hmac::sign(&secret, format!("{header}.{payload}").as_bytes());
    let [tag, tag_of_own] = [tag(&other), tag(header)].map(|tag| URL_SAFE_NO_PAD.encode(tag));
    // A digest in the place of a signature, and the signature of other bytes.
    let digest = digest::digest(&digest::SHA256, format!("{header}.{payload}").as_bytes());
    let digest = URL_SAFE_NO_PAD.encode(digest);
    let of_payload = stack.signature(payload).await;
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let zeros = URL_SAFE_NO_PAD.encode(vec![0; bytes.len()]);
    let leading_zero = URL_SAFE_NO_PAD.encode([&[0], bytes.as_slice()].concat());
    for text in [
        format!("{other}.{payload}.{tag}"),
        format!("{header}.{payload}.{tag_of_own}"),
        format!("{header}.{payload}.{digest}"),
        format!("{header}.{payload}.{of_payload}"),
        format!("{header}.{payload}.{zeros}"),
        format!("{header}.{payload}.{leading_zero}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}==.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{}", STANDARD.encode(&bytes)),
        format!(" {good}"),
        format!("{good}\n"),
        format!("Bearer {good}"),
        good.replace('.', ".."),
        STANDARD.encode(&good),
        "x".repeat(hint::MOST_BYTES),
        format!("{good}{}", "A".repeat(hint::MOST_BYTES)),
        ".".repeat(500),
        "é.é.é".to_owned(),
        "{}".to_owned(),
    ] {
        user.is_unverifiable(&text).await;
    }
    // It cannot be decoded at all.
    user.browser.get(&format!("{}&id_token_hint=%FF.%FF.%FF", user.request.url())).await.is_page(400);
}

#[tokio::test]
async fn a_signed_payload_of_another_shape_or_issuer_is_no_hint() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let kid = stack.signing_key().await.kid;
    let header = json!({"alg":"RS256","kid":kid,"typ":"JWT"}).to_string();
    let (sub, client) = (user.ada.sub, &user.rp.id);
    let good = json!({"iss":stack.url,"sub":sub,"aud":client,"auth_time":1,"exp":1});
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed.to_string()
    };
    user.silent(&stack.jwt(&header, good.to_string().as_bytes()).await).await.code();
    for payload in [
        with("iss", json!("https://evil.example")),
        with("iss", json!(format!("{}/", stack.url))),
        with("iss", json!([stack.url])),
        with("sub", json!("ada")),
        with("sub", json!(null)),
        with("aud", json!([client])),
        with("aud", json!("")),
        with("auth_time", json!("1")),
        with("auth_time", json!(-1)),
        "{}".to_owned(),
        "null".to_owned(),
        "[".repeat(500),
        format!(r#"{{"sub":{}"#, "[".repeat(400)),
        good.to_string().replacen('{', &format!(r#"{{"sub":"{sub}","#), 1),
        format!("{good}x"),
    ] {
        user.is_unverifiable(&stack.jwt(&header, payload.as_bytes()).await).await;
    }
    user.is_unverifiable(&stack.jwt(&header, b"\xFF\xFE{}").await).await;
    // A deployment with another address, on the same tables.
    user.is_unverifiable(&stack.sibling(|_| ()).await.hint(&user.rp, sub).await).await;
}

#[tokio::test]
async fn no_changed_byte_of_a_hint_passes() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let good = user.hint().await;
    let mut dice = Dice::new(14);
    for _ in 0..200 {
        let mut bytes = good.clone().into_bytes();
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 => bytes[at] = *dice.one(b"ABCxyz019-_.=+/ {\""),
            1 => _ = bytes.remove(at),
            2 => bytes.insert(at, *dice.one(b"Aa0-_.=")),
            _ => bytes.truncate(at),
        }
        let text = String::from_utf8(bytes).unwrap();
        let redirect = user.silent(&text).await;
        if text == good || text.is_empty() {
            redirect.code();
        } else {
            assert_eq!(redirect.get("error"), Some("login_required"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_hint_counts_for_90_days_after_its_key_is_gone() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let old = user.hint().await;
    let (private, key) = PrivateKey::make(stack.now()).unwrap();
    private.store(stack.app.clients.table()).await.unwrap();
    let list = stack.app.signing_keys.read().await.unwrap();
    stack.app.signing_keys.replace(&list, &list.with(key, true, stack.now())).await.unwrap();
    let begin = stack.now();
    user.silent(&old).await.code();
    let new = user.hint().await;
    user.silent(&new).await.code();
    stack.advance_to_just_before(Duration::from_hours(48 + 90 * 24) - stack.now().since(begin));
    user.browser.sign_in(&user.ada).await;
    user.silent(&old).await.code();
    stack.advance_by_the_last_millisecond();
    user.silent(&old).await.is_error(&stack, "login_required");
    user.silent(&new).await.code();
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_an_outage_and_lose_nothing() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    let hint = user.hint().await;
    let hinted = user.request.with("id_token_hint", &hint);
    stack.dynamodb.fail(Fault::ThrottleKeys);
    user.browser.redirected(&hinted).await.is_error(&stack, "temporarily_unavailable");
    user.silent(&hint).await.is_error(&stack, "temporarily_unavailable");
    user.browser.redirected(&user.request).await.code();
    stack.dynamodb.fail(Fault::None);
    user.silent(&hint).await.code();
    // The keys are remembered.
    let reads = async |request: &AuthorizationRequest| {
        stack.dynamodb.forget();
        user.browser.redirected(request).await.code();
        stack.dynamodb.seen().len()
    };
    assert_eq!(reads(&hinted).await, reads(&user.request).await);
}

#[tokio::test]
async fn without_openid_a_hint_is_ignored_and_reads_nothing() {
    let on = Stack::with_openid().await;
    let off = Stack::start().await;
    let hint = on.hint(&on.relying_party().await, Id::random()).await;
    for (stack, scope) in [(&on, "read"), (&off, "openid")] {
        let (rp, browser) = (stack.relying_party().await, stack.signed_in().await);
        let request = AuthorizationRequest::by(&rp).with("scope", scope);
        browser.consent(&request).await.code();
        stack.dynamodb.fail(Fault::ThrottleKeys);
        for text in ["x", &hint] {
            let silent = request.with("id_token_hint", text).with("prompt", "none");
            browser.redirected(&silent).await.code();
        }
    }
}

#[tokio::test]
async fn no_log_line_contains_a_hint() {
    let stack = Stack::with_openid().await;
    let user = Consented::at(&stack).await;
    for sub in [user.ada.sub, Id::random()] {
        let hint = stack.hint_with(&user.rp, sub, claims("email", "ada@secret.example")).await;
        for text in [hint.clone(), hint.replace('.', "-")] {
            user.silent(&text).await;
            user.browser.redirected(&user.request.with("id_token_hint", &text)).await;
            let payload = hint.split('.').nth(1).unwrap();
            assert!(!stack.logged().contains(payload) && !stack.logged().contains("ada@secret"));
        }
    }
}

#[test]
fn authorize_reads_keys_only_where_openid_connect_is_on() {
    let judge = |key: &str, conditions: &[&str]| {
        let request = json!({ "TableName": "test-clients", "Key": { "pk": { "S": key } } });
        let conditions = conditions.iter().copied().collect();
        POLICIES.judge("/oauth/authorize", "GetItem", &request, &conditions).is_ok()
    };
    assert!(judge("keys#", &["HasOpenId"]) && !judge("keys#", &[]));
    assert!(!judge("local_key#a", &["HasOpenId"]), "no function reads a private key");
}
