//! Headers that handlers read: credentials, cookies, proxies' addresses, languages, browsers.
//!
//! The input is headers as HTTP/1.1 writes them: a line each, with a name, a colon and a value.

#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use base64::{Engine, engine::general_purpose::STANDARD};
use fuzz::with_deployment;
use lambda_http::{
    Body,
    http::{HeaderName, HeaderValue, header},
};
use libfuzzer_sys::fuzz_target;
use shared::{
    config::{Language, Languages},
    endpoint::{Credentials, SESSION_COOKIE},
    http::{Basic, Cookie, Form, Request},
    oauth::{ClientId, Issuer},
    users::{rate_limit::Address, user_agent::UserAgent},
};

fuzz_target!(|data: &[u8]| {
    let mut request = Request::new(Body::Empty);
    for line in data.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            request.headers_mut().append(name, value);
        }
    }
    for value in request.headers().get_all(header::AUTHORIZATION) {
        if let Ok(value) = value.to_str() {
            basic(value);
        }
    }
    for value in request.headers().get_all("x-forwarded-for") {
        if let Ok(value) = value.to_str() {
            addresses(value);
        }
    }
    for value in request.headers().get_all(header::ACCEPT_LANGUAGE) {
        if let Ok(value) = value.to_str() {
            languages(value);
        }
    }
    if let Some(value) = request.headers().get(header::USER_AGENT) {
        user_agent(value.as_bytes());
    }
    cookies(&request);
    content_type(&request);
});

/// RFC 7617 §2, and RFC 6749 §2.3.1 for a client. The second opinion reads base64 by itself, and forms by `form_urlencoded`.
fn basic(header: &str) {
    let basic = Basic::of_header(header);
    let encoded = header
        .get(..6)
        .filter(|scheme| scheme.eq_ignore_ascii_case("basic "))
        .map(|_| header[6..].trim_ascii());
    let decoded = encoded
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|text| String::from_utf8(text).ok());
    let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
    assert_eq!(basic.as_ref().map(|basic| (basic.name.as_str(), basic.password.as_str())), pair);
    let (Some(basic), Some((name, password))) = (basic, pair) else { return };

    // The form's reading of `name=password`, unless these have characters that separate parameters.
    let credentials = Credentials::of_basic(&basic);
    if [name, password].iter().any(|text| text.contains(['&', '='])) {
        return;
    }
    let form = format!("{name}={password}");
    let (id, secret) = form_urlencoded::parse(form.as_bytes()).next().unwrap_or_default();
    let replaced = id.contains('\u{FFFD}') || secret.contains('\u{FFFD}');
    assert!(credentials.is_some() || replaced, "what a form can have is read");
    let (Some(credentials), Ok(_)) = (credentials, id.parse::<ClientId>()) else { return };
    with_deployment(|deployment| {
        let (app, names) = (&deployment.app, &deployment.names);
        let authenticated = deployment.block_on(credentials.authenticate(app, app.clock.now()));
        let expected = ["web", "machine", "rs", "old"].contains(&id.as_ref())
            && names.get(&format!("{id}-secret")) == secret
            && !replaced;
        assert_eq!(authenticated.is_ok(), expected, "{id:?}");
        assert!(authenticated.is_ok_and(|client| client.id.as_str() == id) == expected);
    });
}

/// What a caller writes to the left of the trusted entries changes nothing.
fn addresses(header: &str) {
    let gateway = "203.0.113.9";
    let own = Address::from(gateway.parse::<IpAddr>().unwrap());
    assert_eq!(Address::seen(gateway, Some(header), 0), own);
    assert_eq!(Address::seen(gateway, None, 3), own);
    let entries: Vec<_> = header.split(',').map(str::trim).collect();
    for proxies in 1..=8 {
        let seen = Address::seen(gateway, Some(header), proxies);
        let known = entries.iter().filter_map(|entry| entry.parse::<IpAddr>().ok()).map(Address::from);
        assert!(seen == own || known.into_iter().any(|known| known == seen), "an address from nowhere");
        if entries.last() != Some(&gateway) {
            assert_eq!(seen, own, "the gateway has not written this header");
        }
        if entries.len() > usize::from(proxies) {
            let longer = format!("192.0.2.1, {header}");
            assert_eq!(
                Address::seen(gateway, Some(&longer), proxies),
                seen,
                "the caller has chosen its address"
            );
        }
    }
    let unspecified = Address::from(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    assert_eq!(Address::seen(header, None, 0), header.parse::<IpAddr>().map_or(unspecified, Address::from));
}

/// A language that is not offered is never chosen, and what the client requests goes first.
fn languages(header: &str) {
    let [english, both]: [Languages; 2] = ["en", "fr,en"].map(|tags| tags.parse().unwrap());
    assert_eq!(english.choose(header, header), Language::English);
    assert_eq!(both.choose("", ""), Language::French);
    assert_eq!(both.choose("en", header), Language::English);
    if !header.to_ascii_lowercase().contains("en") {
        assert_eq!(both.choose("", header), Language::French);
    }
}

/// The names that users see are the product's own words.
fn user_agent(header: &[u8]) {
    let UserAgent { browser, system, .. } = UserAgent::of(header);
    for name in browser.into_iter().chain(system) {
        assert!(name.len() < 20 && name.chars().all(|c| c.is_ascii_alphabetic() || c == ' '), "{name}");
    }
}

/// The second opinion is the grammar of RFC 6265 §4.2.1, on bytes.
fn cookies(request: &Request) {
    let issuers: [Issuer; 2] =
        ["https://as.example", "http://127.0.0.1:8080"].map(|issuer| issuer.parse().unwrap());
    for (issuer, prefix) in issuers.iter().zip(["__Host-", ""]) {
        for (cookie, name) in [(SESSION_COOKIE, "jeton-session"), (Cookie::new("a"), "a")] {
            let wanted = format!("{prefix}{name}=").into_bytes();
            let header = request.headers().get(header::COOKIE).map_or(&b""[..], HeaderValue::as_bytes);
            let values = header
                .split(|byte| *byte == b';')
                .filter_map(|pair| pair.trim_ascii().strip_prefix(&wanted[..]));
            let expected = values.filter_map(|value| std::str::from_utf8(value).ok()).next();
            assert_eq!(cookie.read(request, issuer), expected, "{name}");
        }
    }
}

/// A body is at most one of the two.
fn content_type(request: &Request) {
    assert!(!(Form::is_form(request) && Form::is_json(request)));
}
