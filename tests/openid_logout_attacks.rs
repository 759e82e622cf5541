//! OpenID Connect RP-Initiated Logout 1.0: what another site, another user or an old ID token cannot do.

use std::time::Duration;

use crate::{
    harness::{HtmlForm, Redirect},
    openid_logout::{GOODBYE, LOGOUT, Scene, is_signed_out_page, path, with, without},
};

#[tokio::test]
async fn the_id_token_of_an_earlier_sign_in_asks() {
    let scene = Scene::new().await;
    scene.stack.advance(Duration::from_hours(24));
    let browser = scene.stack.browser();
    browser.sign_in(&scene.ada).await;
    let response = browser.get(&path(&scene.request())).await;
    assert!(response.text.contains("<strong>Photo Book</strong> asks to sign you out."), "{}", response.text);
    assert!(response.text.contains("as <strong>ada</strong>"), "{}", response.text);
    assert!(browser.get("/login").await.text.contains("You are signed in"));
    // The ID token proves the client, so the browser returns to it once the user has confirmed.
    let response = browser.submit(&HtmlForm::of(&response, LOGOUT), &[]).await;
    assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?state=af0ifjsldkj"));
    assert!(!browser.get("/login").await.text.contains("You are signed in"));
    // An expired ID token of the same sign-in does not ask.
    let scene = Scene::new().await;
    scene.stack.advance(Duration::from_mins(110));
    Redirect::of(&scene.log_out(&scene.request()).await);
    assert!(!scene.is_signed_in().await);
}

#[tokio::test]
async fn the_id_token_of_another_user_asks() {
    let scene = Scene::new().await;
    let eve = scene.stack.create_user("eve@example.com").await;
    // At the same moment as ada.
    let hint = scene.stack.id_token(&scene.client, eve.sub, scene.stack.now()).await;
    let response = scene.log_out(&with(&scene.request(), "id_token_hint", &hint)).await;
    scene.asks(&response).await;
    assert!(!response.text.contains("eve@"), "{}", response.text);
}

#[tokio::test]
async fn a_link_or_form_of_another_site_signs_no_user_out() {
    let scene = Scene::new().await;
    let (stack, request) = (&scene.stack, scene.request());
    let form = scene.asks(&scene.log_out(&[]).await).await;
    let csrf = form.get("csrf").unwrap();
    // A browser sends no cookie with another site's form (SameSite), but would accept one from the response.
    let posted = stack.post(LOGOUT).form(&request).send().await;
    assert_eq!(Redirect::of(&posted).location, path(&request), "the browser continues by GET");
    assert_eq!(posted.headers("set-cookie"), Vec::<&str>::new());
    for fields in [vec![("csrf", "0")], vec![("csrf", csrf)], with(&request, "csrf", "0")] {
        let posted = stack.post(&path(&[("state", "x")])).form(&fields).send().await;
        assert_eq!(Redirect::of(&posted).location, path(&[("state", "x")]));
        assert_eq!(posted.headers("set-cookie"), Vec::<&str>::new());
    }
    // Without an ID token of the session, the browser asks.
    scene.asks(&scene.log_out(&without(&request, "id_token_hint")).await).await;
    // A form of another session, of another page or for another request.
    let eve = stack.browser();
    eve.sign_in(&stack.create_user("eve").await).await;
    let of_eve = HtmlForm::of(&eve.get(LOGOUT).await, LOGOUT);
    let other_page = HtmlForm::of(&scene.browser().get("/login").await, "/logout").to(LOGOUT);
    for wrong in [of_eve, other_page, form.with("csrf", "0"), form.to(&path(&[("state", "x")]))] {
        let response = scene.browser().submit(&wrong, &[]).await;
        response.is_page(403);
        assert!(response.text.contains("<h1>You are still signed in</h1>"), "{}", response.text);
        assert!(response.text.contains(&format!("href=\"{LOGOUT}")), "{}", response.text);
        assert_eq!(response.headers("set-cookie"), Vec::<&str>::new());
    }
    assert!(scene.is_signed_in().await);
    assert_eq!(stack.audited("signed_out").len(), 0);
    // The right form works, once.
    let response = scene.browser().submit(&form, &[]).await;
    scene.signed_out(&response).await;
    assert_eq!(Redirect::of(&scene.browser().submit(&form, &[]).await).location, LOGOUT);
    assert_eq!(stack.audited("signed_out").len(), 1);
}

#[tokio::test]
async fn the_form_of_the_login_page_is_no_form_of_the_endpoint_and_the_other_way_round() {
    let scene = Scene::new().await;
    let form = scene.asks(&scene.log_out(&[]).await).await;
    scene.browser().submit(&form.to("/logout"), &[]).await.is_page(403);
    assert!(scene.is_signed_in().await);
}

#[tokio::test]
async fn a_request_by_post_continues_by_get_with_the_same_parameters() {
    let scene = Scene::new().await;
    let posted = scene.browser().post(LOGOUT, &scene.request()).await;
    let response = scene.browser().get(&Redirect::of(&posted).location).await;
    assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?state=af0ifjsldkj"));
    assert!(!scene.is_signed_in().await);
}

#[tokio::test]
async fn an_id_token_counts_only_for_its_client_in_good_standing() {
    let scene = Scene::new().await;
    let (stack, other) = (&scene.stack, scene.stack.web().await);
    let request = scene.request();
    for id in [other.id.as_str(), "unknown", "not an id"] {
        scene.asks(&scene.log_out(&with(&request, "client_id", id)).await).await;
    }
    stack.disable(&scene.client).await;
    let response = scene.log_out(&request).await;
    assert!(!response.text.contains("Photo Book"), "{}", response.text);
    scene.asks(&response).await;
    stack.enable(&scene.client).await;
    stack.delete(&scene.client).await;
    let response = scene.confirm(&scene.log_out(&request).await).await;
    scene.signed_out(&response).await;
    assert!(!response.text.contains("app.example.com"), "{}", response.text);
    // No user is signed in: still no redirect.
    is_signed_out_page(&scene.log_out(&request).await, 200);
    // The client itself may name itself.
    let scene = Scene::new().await;
    let response = scene.log_out(&with(&scene.request(), "client_id", &scene.client.id)).await;
    assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?state=af0ifjsldkj"));
}

#[tokio::test]
async fn no_open_redirect() {
    let scene = Scene::new().await;
    let with_port = GOODBYE.replace("example.com", "example.com:443");
    for uri in [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/goodbye",
        "https://evil.example/goodbye",
        "https://app.example.com.evil.example/goodbye",
        "https://app.example.com@evil.example/goodbye",
        "https://app.example.com/goodbye/",
        "https://app.example.com/goodbye#x",
        "https://app.example.com/oauth/callback",
        "HTTPS://app.example.com/goodbye",
        "https://app.example.com/goodbye\r\nSet-Cookie: a=b",
        " https://app.example.com/goodbye",
        "/account",
        &with_port,
    ] {
        // Signed in at first, and then signed out.
        let request = with(&scene.request(), "post_logout_redirect_uri", uri);
        let response = scene.log_out(&request).await;
        is_signed_out_page(&response, 400);
        assert!(!response.text.contains("evil") && !response.text.contains("alert("), "{}", response.text);
        let by_id = with(&without(&request, "id_token_hint"), "client_id", &scene.client.id);
        let response = scene.log_out(&by_id).await;
        is_signed_out_page(&response, 400);
        assert!(!response.text.contains("evil") && !response.text.contains("alert("), "{}", response.text);
    }
}

#[tokio::test]
async fn no_port_is_free() {
    let scene = Scene::new().await;
    scene
        .stack
        .amend(&scene.client, |client| {
            client.post_logout_redirect_uris = vec!["http://127.0.0.1:4000/bye".to_owned()];
        })
        .await;
    let at = |uri| path(&with(&scene.request(), "post_logout_redirect_uri", uri));
    let browser = scene.stack.browser();
    for uri in ["http://127.0.0.1:4001/bye", "http://127.0.0.1/bye", "http://localhost:4000/bye"] {
        is_signed_out_page(&browser.get(&at(uri)).await, 400);
    }
    let response = browser.get(&at("http://127.0.0.1:4000/bye")).await;
    assert_eq!(Redirect::of(&response).location, "http://127.0.0.1:4000/bye?state=af0ifjsldkj");
}

#[tokio::test]
async fn a_state_reaches_the_client_as_it_was_sent_and_nothing_else() {
    let scene = Scene::new().await;
    let longest = "s".repeat(1_024);
    for state in ["a b&c=d#e", "\r\nSet-Cookie: a=b", "é\u{2028}\"'<>", &longest] {
        let response = scene.log_out(&with(&scene.request(), "state", state)).await;
        let location = Redirect::of(&response).location;
        let query = location.strip_prefix(&format!("{GOODBYE}?")).unwrap();
        let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(fields, [("state".into(), state.into())], "{location}");
        assert!(!response.headers("set-cookie").iter().any(|cookie| cookie.starts_with("a=")));
    }
    let by_id = without(&scene.request(), "id_token_hint");
    let by_id = with(&by_id, "client_id", &scene.client.id);
    let response = scene.log_out(&with(&by_id, "state", "\"><script>alert(1)</script>")).await;
    is_signed_out_page(&response, 200);
}

#[tokio::test]
async fn a_request_that_is_ambiguous_or_too_long_is_refused_and_signs_no_user_out() {
    let scene = Scene::new().await;
    let once = path(&scene.request());
    let too_long = "s".repeat(1_025);
    let id = &scene.client.id;
    let mut requests: Vec<_> = ["id_token_hint", "post_logout_redirect_uri", "state", "state"]
        .iter()
        .map(|name| format!("{once}&{name}=x"))
        .collect();
    requests.extend([
        format!("{once}&client_id={id}&client_id=other"),
        format!("{once}&client_id={id}&client_id={id}"),
        path(&with(&scene.request(), "state", &too_long)),
        format!("{once}&x={}", "x".repeat(6_144)),
        format!("{once}&x=1&x=2"),
        format!("{once}&x=%FF"),
        format!("{once}&x=%00"),
    ]);
    for request in &requests {
        let response = scene.browser().get(request).await;
        response.is_page(400);
        assert!(
            response.text.contains("<h1>The request cannot be read</h1>"),
            "{request}: {}",
            response.text
        );
    }
    let post = |body: &str| {
        scene.stack.post(LOGOUT).body("application/x-www-form-urlencoded", body.to_owned()).send()
    };
    for body in [&format!("x={}", "x".repeat(6_144)), "x=%FF"] {
        post(body).await.is_page(400);
    }
    let repeated = post("state=a&state=b").await;
    assert_eq!((repeated.status, repeated.header("location")), (303, Some("/oauth/logout?state=a&state=b")));
    scene.stack.request("PUT", LOGOUT).send().await.is_error(405, "invalid_request");
    assert!(scene.is_signed_in().await);
    // `logout_hint` and unknown parameters are ignored, and `ui_locales` chooses the language.
    let stack = scene.stack.sibling(|config| config.languages = "en,fr".parse().unwrap()).await;
    let browser = stack.browser();
    browser.set_cookie("jeton-session", &scene.browser().cookie("jeton-session").unwrap());
    let page = browser.get(&path(&[("logout_hint", "eve"), ("x", "y"), ("ui_locales", "fr")])).await;
    page.is_page(200);
    assert!(page.text.contains("<h1>Se déconnecter\u{202f}?</h1>"), "{}", page.text);
    assert!(page.text.contains("<strong>ada</strong>"), "{}", page.text);
}

#[tokio::test]
async fn of_two_logouts_at_once_both_end_on_the_clients_page() {
    let scene = Scene::new().await;
    let request = scene.request();
    let (one, other) = tokio::join!(scene.log_out(&request), scene.log_out(&request));
    for response in [one, other] {
        assert_eq!(Redirect::of(&response).location, format!("{GOODBYE}?state=af0ifjsldkj"));
    }
    assert!(!scene.is_signed_in().await);
}

#[tokio::test]
async fn a_logout_ends_the_browsers_session_and_no_other_and_no_grant() {
    let scene = Scene::new().await;
    let (stack, web) = (&scene.stack, scene.stack.web().await);
    let pair = stack.pair(&web).await;
    stack.advance(Duration::from_secs(1));
    let elsewhere = stack.browser();
    elsewhere.sign_in(&scene.ada).await;
    Redirect::of(&scene.log_out(&scene.request()).await);
    assert!(!scene.is_signed_in().await);
    assert!(elsewhere.get("/login").await.text.contains("You are signed in"));
    assert_eq!(stack.introspect(&web, &pair.access).await["active"], true);
}
