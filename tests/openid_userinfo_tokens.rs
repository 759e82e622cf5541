//! Which access tokens open UserInfo, and until when (OpenID Connect Core §5.3.1, RFC 6750).

use std::time::Duration;

use shared::{
    clients::Registration,
    secret::{AuthorizationCode, Id, Secret, random},
};

use crate::{
    harness::{PASSWORD, Stack, altered, code_flow::Request, legacy, machine},
    openid_userinfo::{
        ALL, EMAIL, INSUFFICIENT_SCOPE, NAME, Setup, USERINFO, get, is_invalid, refused, success,
    },
};

#[tokio::test]
async fn a_token_of_another_kind_is_invalid_and_not_looked_up() {
    let stack = Stack::configured(|config| {
        config.signing_keys = "local".parse().unwrap();
        config.account.personal_scopes = "openid email read".parse().unwrap();
    })
    .await;
    let setup = Setup::on(stack).await;
    let (stack, pair) = (&setup.stack, setup.pair(ALL).await);
    let browser = stack.browser();
    browser.sign_in(&setup.ada).await;
    let personal = browser.personal_token("script", "7").await;
    let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
    stack.dynamodb.forget();
    for token in [&pair.refresh, &personal, code.expose(), &setup.client.secret, "garbage", &pair.access[1..]]
    {
        is_invalid(&get(stack, token).await);
        is_invalid(&stack.post(USERINFO).form(&[("access_token", token)]).send().await);
    }
    assert_eq!(stack.dynamodb.cost(), []);
    let altered = altered(&pair.access, &setup.access(ALL).await).into_iter();
    for token in altered.filter(|token| !token.contains(char::is_whitespace)) {
        let response = get(stack, &token).await;
        assert!([400, 401].contains(&response.status), "{token}: {}", response.text);
    }
}

#[tokio::test]
async fn only_a_code_grant_of_a_user_opens_userinfo() {
    let stack = Stack::configured(|config| {
        config.signing_keys = "local".parse().unwrap();
        config.compat = "password".parse().unwrap();
    })
    .await;
    let setup = Setup::on(stack).await;
    let stack = &setup.stack;
    let scope = vec!["openid".to_owned(), "email".to_owned()];
    let machine = stack.register(Registration { scope: scope.clone(), ..machine() }).await;
    let token = stack.request_token(&machine, &[("scope", "openid email")]).await;
    is_invalid(&get(stack, token.json()["access_token"].as_str().unwrap()).await);

    let legacy = stack.register(Registration { scope, ..legacy("password") }).await;
    let form =
        [("grant_type", "password"), ("username", "ada"), ("password", PASSWORD), ("scope", "openid email")];
    let token = stack.post("/oauth/token").basic(&legacy).form(&form).send().await.json();
    assert_eq!(token["token_type"], "Bearer", "{token}");
    is_invalid(&get(stack, token["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn a_token_without_openid_lacks_scope() {
    let setup = Setup::start().await;
    let access = setup.access("profile email read").await;
    refused(&get(&setup.stack, &access).await, 403, "insufficient_scope", INSUFFICIENT_SCOPE);
}

#[tokio::test]
async fn a_token_for_a_resource_is_invalid() {
    let setup = Setup::start().await;
    let stack = &setup.stack;
    let resource = Some("https://api.example.com/mcp");
    let request = Request { scope: ALL, resource, ..Request::default() };
    let code = stack.issue_code(&setup.client, setup.ada.sub, request).await;
    let access = stack.redeem(&setup.client, &code).await.pair().access;
    is_invalid(&get(stack, &access).await);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_invalid() {
    let setup = Setup::start().await;
    let access = setup.access(ALL).await;
    let other =
        setup.stack.sibling(|config| config.issuer = Some("https://other.example".parse().unwrap())).await;
    is_invalid(&get(&other, &access).await);
    success(&get(&setup.stack, &access).await);
}

#[tokio::test]
async fn a_token_is_valid_until_it_expires_and_its_grant_until_it_ends() {
    let setup = Setup::start().await;
    let (stack, client) = (&setup.stack, &setup.client);
    let [expiring, revoked] = [setup.access(ALL).await, setup.access(ALL).await];
    stack.revoke(client, &revoked).await;
    is_invalid(&get(stack, &revoked).await);
    stack.advance_to_just_before(Duration::from_hours(1));
    success(&get(stack, &expiring).await);
    stack.advance_by_the_last_millisecond();
    is_invalid(&get(stack, &expiring).await);
    // The end of the whole grant.
    let pair = setup.pair(ALL).await;
    stack.revoke(client, &pair.refresh).await;
    is_invalid(&get(stack, &pair.access).await);
}

#[tokio::test]
async fn a_token_is_invalid_after_the_client_or_the_user_lost_good_standing() {
    let setup = Setup::start().await;
    let (stack, users, ada) = (&setup.stack, &setup.stack.app.users, setup.ada.sub);
    let access = setup.access(ALL).await;
    stack.disable(&setup.client).await;
    is_invalid(&get(stack, &access).await);
    stack.enable(&setup.client).await;
    stack.advance(Duration::from_millis(1));
    let access = setup.access(ALL).await;
    success(&get(stack, &access).await);
    users.disable(ada, stack.now()).await.unwrap();
    is_invalid(&get(stack, &access).await);
    users.enable(ada).await.unwrap();
    is_invalid(&get(stack, &access).await);
    stack.advance(Duration::from_millis(1));
    let access = setup.access(ALL).await;
    success(&get(stack, &access).await);
    users.delete(ada).await.unwrap();
    is_invalid(&get(stack, &access).await);
    assert!(!stack.stored().await.contains(NAME) && !stack.stored().await.contains(EMAIL));
}
