use super::*;
use crate::{
    openid::{IdToken, SigningKey},
    secret::{AccessToken, Secret},
};

const USER: Id = Id::from_bits(u128::MAX);

fn scope() -> Scope {
    "openid profile email groups".parse().unwrap()
}

fn status(name: &str, roles: impl IntoIterator<Item = String>) -> Status {
    let roles = roles.into_iter().map(|role| role.parse().unwrap()).collect();
    Status { roles, ..Status::new(USER, name) }
}

/// Returns claims whose part of an ID token is as large as it may be, for a user called `username`.
fn largest(username: &str) -> Claims {
    let mut claims = Claims::none(USER);
    claims.set(Claim::Email, &format!("{}@example.com", "a".repeat(52))).unwrap();
    let rest = Claims::MOST_IN_ID_TOKEN - username.len() - 64;
    claims.set(Claim::Name, &"n".repeat(rest)).unwrap();
    assert_eq!(claims.check_size(username), Ok(()));
    claims.set(Claim::Name, &"n".repeat(rest + 1)).unwrap();
    assert_eq!(claims.check_size(username), Err(InvalidClaim::IdTokenTooLarge));
    claims.set(Claim::Name, &"n".repeat(rest)).unwrap();
    claims
}

#[test]
fn the_largest_id_token_fits_into_a_query() {
    let username = "u".repeat(64);
    // 35 bytes each, as JSON; and the rest in one.
    let mut roles: Vec<_> = (10..15).map(|nth| format!("{nth:a>32}")).collect();
    roles.push("r".repeat(30));
    let status = status(&username, roles);
    let bytes: usize = status.roles.iter().map(|role| role.as_str().len() + 3).sum();
    assert_eq!(bytes, Claims::MOST_GROUPS);
    let (issuer, nonce) = (format!("https://{}.example", "i".repeat(84)), "0".repeat(256));
    let (issuer, client) = (issuer.parse().unwrap(), "c".repeat(22).parse().unwrap());
    let now = Timestamp::from_millis(9_999_999_999_000);
    let claims = largest(&username).in_id_token(&scope(), &status);
    assert_eq!(claims.len(), 5);
    let token = IdToken {
        iss: &issuer,
        sub: USER,
        aud: &client,
        exp: now.seconds(),
        iat: now.seconds(),
        auth_time: now.seconds(),
        nonce: Some(&nonce),
        at_hash: crate::openid::id_token::at_hash(&Secret::<AccessToken>::new(USER, &[1; 32])),
        claims,
    };
    let key = SigningKey::new("local/x".parse().unwrap(), &[255; 256], &[1, 0, 1], now);
    let signed = IdToken::signed(&token.signing_input(&key).unwrap(), &[255; 256]);
    assert!(signed.len() <= Claims::MOST_OF_ID_TOKEN, "{}", signed.len());
    assert!(signed.len() + 8 > Claims::MOST_OF_ID_TOKEN, "{}", signed.len());
}

#[test]
fn roles_without_room_are_in_userinfo_alone() {
    let status = status("ada", (10..20).map(|nth| format!("{nth:a>32}")));
    let claims = Claims::none(USER);
    assert_eq!(claims.in_id_token(&scope(), &status).get("groups"), None);
    assert_eq!(claims.in_user_info(&scope(), &status)["groups"].as_array().unwrap().len(), 10);
}

#[test]
fn sizes_are_those_of_json() {
    let mut claims = Claims::none(USER);
    claims.set(Claim::Name, &"\"".repeat(94)).unwrap();
    assert_eq!(claims.check_size("ada"), Ok(()));
    assert_eq!(claims.check_size("adaa\""), Err(InvalidClaim::IdTokenTooLarge));
    assert_eq!(claims.check_size(&"\"".repeat(64)), Err(InvalidClaim::IdTokenTooLarge));
    // The longest login name alone always has room.
    assert_eq!(Claims::none(USER).check_size(&"\"".repeat(64)), Ok(()));
    claims.set(Claim::Website, &format!("https://example.com/{}", "w".repeat(2_048))).unwrap();
    assert_eq!(claims.check_size("ada"), Err(InvalidClaim::TooLarge));
}

#[test]
fn a_new_email_is_not_verified_and_the_same_one_stays_verified() {
    let mut claims = Claims::none(USER);
    assert_eq!(claims.verify_email(), Err(InvalidClaim::NoEmail));
    let mut claims = Claims::none(USER);
    claims.set(Claim::Email, "ada@example.com").unwrap();
    assert!(!claims.has_verified_email());
    claims.verify_email().unwrap();
    claims.set(Claim::Email, "ada@example.com").unwrap();
    assert!(claims.has_verified_email());
    claims.set(Claim::Email, "Ada@example.com").unwrap();
    assert!(!claims.has_verified_email());
    claims.verify_email().unwrap();
    claims.unset(Claim::Email);
    claims.set(Claim::Email, "ada@example.com").unwrap();
    assert!(!claims.has_verified_email());
}

#[test]
fn an_unknown_claim_of_a_later_version_is_kept_and_not_released() {
    let json = r#"{"pk":"claims#x","v":1,"claims":{"name":"Ada","title":"Countess"},"later":1}"#;
    let claims: Claims = serde_json::from_str(json).unwrap();
    assert_eq!(claims.values.len(), 2);
    assert!(!claims.in_user_info(&scope(), &status("ada", [])).contains_key("title"));
    assert!(!claims.has_verified_email());
}
