//! Texts that are no `id_token_hint`: forged, altered or malformed (RFC 7515 §5.2, RFC 8725).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{digest, hmac};
use serde_json::{Value, json};
use shared::openid::hint;

use crate::harness::{SignIn, Stack, dice::Dice};

/// Returns the claims of a hint, as JSON.
fn payload(hint: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(hint.split('.').nth(1).unwrap()).unwrap()
}

#[tokio::test]
async fn a_header_decides_nothing_even_if_it_is_signed() {
    let stack = Stack::with_openid().await;
    let user = SignIn::consented(&stack).await;
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
    let user = SignIn::consented(&stack).await;
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
    let user = SignIn::consented(&stack).await;
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
    let user = SignIn::consented(&stack).await;
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
