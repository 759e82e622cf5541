//! Values of the protocol: token strings, redirect URIs, resources, scopes, PKCE. The second opinion is the `url` crate.
//!
//! The input is lines. Each is read as every kind of value; two that follow each other also as the registered and the requested
//! redirect URI, and as two scopes.

#![no_main]

use std::{collections::BTreeSet, sync::LazyLock};

use fuzz::names::is_token;
use libfuzzer_sys::fuzz_target;
use shared::{
    clients::{Client, Registration},
    endpoint::bearer::BearerToken,
    oauth::{
        ClientId, RequestedResource, ResourceUri, Scope, pkce,
        redirect_uri::{self, InvalidRedirectUri},
    },
    secret::{
        AccessToken, ApiToken, AuthorizationCode, ClientSecret, DeviceCookie, Digest, Id, Kind, RefreshToken,
        ResetLink, Secret, Session, TemporaryToken, Verifier, Visit,
    },
    time::Timestamp,
};
use url::{Host, Url};

/// A public client, and a confidential one.
static CLIENTS: LazyLock<[Client; 2]> = LazyLock::new(|| {
    [true, false].map(|public| {
        let redirect_uris = vec!["https://app.example/cb".to_owned()];
        let registration =
            Registration { name: "Client".to_owned(), public, redirect_uris, ..Registration::default() };
        registration.accept("client".parse().unwrap(), Timestamp::from_millis(0)).unwrap().0
    })
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut before = "";
    for line in text.lines() {
        tokens(line);
        redirect_uri(line);
        redirect_uris(before, line);
        resources(before, line);
        scopes(before, line);
        pkce_values(line);
        before = line;
    }
});

/// A token string is of one kind at most, and has one spelling.
fn tokens(text: &str) {
    let kinds = [
        token::<AccessToken>(text),
        token::<ApiToken>(text),
        token::<AuthorizationCode>(text),
        token::<ClientSecret>(text),
        token::<DeviceCookie>(text),
        token::<RefreshToken>(text),
        token::<ResetLink>(text),
        token::<Session>(text),
        token::<TemporaryToken>(text),
        token::<Visit>(text),
    ];
    let kinds = kinds.into_iter().filter(|is_one| *is_one).count();
    assert!(kinds <= 1);
    assert!(kinds == 0 || is_token(text));
    assert!(BearerToken::parse(text).is_none() || kinds == 1);
    if let Ok(token) = Secret::<RefreshToken>::parse(text) {
        let next = token.successor(&[7; 32]);
        assert!(next.id() == token.id() && next.family() == token.family());
        let next = Secret::<RefreshToken>::parse(next.expose()).expect("a successor is a token");
        assert!(next.generation() > token.generation() || next.generation() == 62_u64.pow(6) - 1);
    }
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.to_string(), text);
        assert_eq!(ClientId::from(id).to_string(), text);
    }
    if let Ok(id) = text.parse::<ClientId>() {
        assert!(id.as_str() == text && text.len() <= 22 && text.is_ascii());
    }
}

fn token<K: Kind>(text: &str) -> bool {
    let Ok(token) = Secret::<K>::parse(text) else { return false };
    assert_eq!(token.expose(), text);
    assert_eq!(text.len(), Secret::<K>::LENGTH);
    assert!(Secret::<K>::is_prefixed(text));
    assert!(!format!("{token:?}").contains(text), "Debug reveals a secret");
    // RFC 3720 appendix B.4 has the polynomial of CRC-32C; ours is that of ISO 3309, bit by bit.
    let (body, checksum) = text.split_at(text.len() - 6);
    let crc = !body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    });
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digit = |c: u8| digits.iter().position(|digit| *digit == c).expect("a digit") as u64;
    assert_eq!(checksum.bytes().fold(0, |number, c| number * 62 + digit(c)), u64::from(crc));
    true
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// RFC 6749 §3.1.2, RFC 8252 §7: what may be registered.
fn redirect_uri(text: &str) {
    let checked = redirect_uri::check(text);
    assert!(
        checked.is_err() || redirect_uri::check_with(text, |_| true).is_ok(),
        "a permitted scheme forbids nothing"
    );
    if redirect_uri::check_with(text, |scheme| scheme == "cursor").is_err() {
        return;
    }
    let url = Url::parse(text).expect("what Jeton accepts is a URL");
    assert!(text.len() <= 512 && text.is_ascii());
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    match url.scheme() {
        "https" => assert!(url.has_host()),
        "http" => assert!(is_loopback(&url), "http to another computer: {text}"),
        scheme => assert!(scheme.contains('.') || (scheme == "cursor" && checked.is_err()), "{text}"),
    }
    if ["https", "http"].contains(&url.scheme()) {
        let host = url.host_str().unwrap();
        assert!(
            text.starts_with(&format!("{}://{host}", url.scheme())),
            "the host is not written as browsers show it: {text}"
        );
        assert!(host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)), "{host}");
        assert!(redirect_uri::destination(text).starts_with(host));
        assert_eq!(redirect_uri::is_on_this_computer(text), is_loopback(&url));
    } else {
        assert!(text.starts_with(redirect_uri::destination(text)) && redirect_uri::is_on_this_computer(text));
    }
    // A browser that follows the redirect comes to the same place, and the client reads what was sent.
    let fields = [("code", "a b&=#%\u{e9}".to_owned()), ("state", text.to_owned())];
    let location = Url::parse(&redirect_uri::with_query(text, &fields)).expect("a redirect is a URL");
    let place = |url: &Url| {
        (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port(), url.path().to_owned())
    };
    assert_eq!(place(&location), place(&url));
    let read: Vec<_> =
        location.query_pairs().filter(|(name, _)| ["code", "state"].contains(&name.as_ref())).collect();
    assert_eq!(read, fields.iter().map(|(name, value)| ((*name).into(), value.into())).collect::<Vec<_>>());
}

/// RFC 8252 §7.3: at a loopback address, the port may differ, and nothing else. Anywhere else, nothing may.
fn redirect_uris(registered: &str, requested: &str) {
    if redirect_uri::check(registered).is_err() {
        return;
    }
    for client in &*CLIENTS {
        let mut client = client.clone();
        client.redirect_uris = vec![registered.to_owned()];
        assert_eq!(client.redirect_uri(None), Some(registered));
        assert_eq!(client.redirect_uri(Some(registered)), Some(registered));
        let found = client.redirect_uri(Some(requested));
        assert!(found.is_none_or(|found| found == requested));
        if found.is_none() || registered == requested {
            continue;
        }
        let [mut one, mut other] = [registered, requested].map(|uri| Url::parse(uri).expect("a URL"));
        assert!(one.scheme() == "http" && is_loopback(&one), "{registered} {requested}");
        assert!(client.is_public() || one.host_str() != Some("localhost"), "{registered} {requested}");
        let ports = [one.port(), other.port()];
        one.set_port(None).unwrap();
        other.set_port(None).unwrap();
        assert_eq!(one, other, "more than the ports {ports:?} differs");
        let checked = redirect_uri::check(requested);
        assert!(matches!(checked, Ok(()) | Err(InvalidRedirectUri::TooLong)), "{registered} {requested}");
    }
}

/// RFC 8707 §2, RFC 9728 §1.2: a resource has one spelling; a request may have another.
fn resources(one: &str, other: &str) {
    let requested = other.parse::<RequestedResource>();
    if let Ok(resource) = other.parse::<ResourceUri>() {
        let url = Url::parse(other).expect("a resource is a URL");
        assert!(resource.to_string() == other && other.len() <= ResourceUri::MOST_BYTES && other.is_ascii());
        assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
        assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)));
        assert_eq!(format!("{}{}", resource.origin(), resource.path()), other);
        assert_eq!(resource.origin(), url.origin().ascii_serialization());
        let metadata = Url::parse(&resource.metadata_url()).expect("a URL");
        assert_eq!(metadata.origin(), url.origin());
        assert!(
            metadata.path().starts_with(ResourceUri::WELL_KNOWN)
                && metadata.as_str() == resource.metadata_url()
        );
        assert!(requested.as_ref().expect("a resource can be requested").is(&resource));
        assert!(ResourceUri::suggested(other).is_none_or(|uri| uri.canonical() == resource.canonical()));
    }
    if let (Ok(registered), Ok(requested)) = (one.parse::<ResourceUri>(), requested) {
        let [registered_url, requested_url] = [one, other].map(|uri| Url::parse(uri).expect("a URL"));
        if requested.is(&registered) || requested.is_origin_of(&registered) {
            assert_eq!(registered_url.origin(), requested_url.origin());
            assert!(requested_url.username().is_empty() && requested_url.password().is_none());
        }
        if requested.is(&registered) {
            let path = |url: &Url| url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
            assert_eq!(path(&registered_url), path(&requested_url));
        }
    }
}

/// RFC 6749 §3.3: `scope = scope-token *( SP scope-token )`, and the laws of sets.
fn scopes(one: &str, other: &str) {
    let allowed = |c: char| matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
    let grammar = |text: &str| text.split(' ').all(|value| !value.is_empty() && value.chars().all(allowed));
    let parsed = other.parse::<Scope>();
    assert_eq!(parsed.is_ok(), grammar(other), "{other:?}");
    let (Ok(a), Ok(b)) = (one.parse::<Scope>(), parsed) else { return };
    let values: BTreeSet<_> = other.split(' ').collect();
    assert!(b.values().eq(values.iter().copied()) && values.iter().all(|value| b.has(value)));
    assert_eq!(b.to_string().parse(), Ok(b.clone()));
    assert_eq!(
        b.fits_a_grant(),
        values.len() <= 20 && values.iter().map(|value| value.len()).sum::<usize>() <= 224
    );
    let (union, common, rest) = (a.with(&b), a.within(&b), a.without(&b));
    assert!(union == b.with(&a) && common == b.within(&a) && rest == a.without(&common));
    assert!(a.is_within(&union) && common.is_within(&a) && common.is_within(&b) && common.with(&rest) == a);
    assert_eq!(a.is_within(&b), common == a);
    assert!(rest.within(&b).is_empty() && a.without(&a).is_empty() && a.only(|value| b.has(value)) == common);
}

/// RFC 7636 §4.1 and §4.2.
fn pkce_values(text: &str) {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let verifier = pkce::verifier(text);
    assert_eq!(verifier.is_ok(), (43..=128).contains(&text.len()) && text.chars().all(unreserved));
    assert!(verifier.is_err() || verifier == Ok(Digest::<Verifier>::of(text)));
    if pkce::challenge(text).is_ok() {
        assert!(text.len() == 43 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
}
