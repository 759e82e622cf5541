//! Document 004 (Usergrid): API calls without a header, and revocation of all tokens of a user or of one.

use shared::{clients::Registration, oauth::AuthMethod, status::Role};

use crate::harness::{AuthorizationRequest, Browser, Fault, Registered, Response, Stack, machine};

async fn usergrid() -> Stack {
    Stack::configured(|config| {
        config.account.personal_scopes = "read".parse().unwrap();
        config.compat = "usergrid-revoke".parse().unwrap();
    })
    .await
}

/// Returns an access token of `web` for the user of `browser`.
async fn token(stack: &Stack, browser: &Browser<'_>, web: &Registered) -> String {
    let code = browser.consent(&AuthorizationRequest::by(web).with("prompt", "consent")).await;
    stack.redeem(web, code.code()).await.pair().access
}

/// Sends `PUT …/users/{user}/{action}` with the token `bearer`.
async fn put(stack: &Stack, user: &str, action: &str, bearer: &str) -> Response {
    let path = format!("/your-org/your-app/users/{user}/{action}");
    stack.request("PUT", &path).header("authorization", &format!("Bearer {bearer}")).send().await
}

#[track_caller]
fn said(response: &Response, stack: &Stack, action: &str) {
    assert_eq!(response.status, 200, "{}", response.text);
    let response = response.json();
    assert_eq!(
        (response["action"].as_str(), response["timestamp"].as_u64()),
        (Some(action), Some(stack.now().millis()))
    );
    assert!(response["duration"].is_u64(), "{response}");
}

#[tokio::test]
async fn a_user_revokes_one_token_or_all_of_their_own() {
    let (stack, action) = (usergrid().await, "revoketokens");
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let ((ada, browser), (_, eve)) = (stack.signed_in_user("ada").await, stack.signed_in_user("eve").await);
    let (one, other) = (token(&stack, &browser, &web).await, token(&stack, &browser, &web).await);
    let (personal, eves) = (browser.personal_token("x", "7").await, token(&stack, &eve, &web).await);
    said(
        &put(&stack, "ada", &format!("revoketoken?token={one}"), &other).await,
        &stack,
        "revoked user token",
    );
    assert!(!stack.is_active(&rs, &one).await && stack.is_active(&rs, &other).await);
    let revoked = stack.audited("revoked");
    assert_eq!((revoked.len(), &revoked[0]["reason"]), (1, &"user".into()), "{revoked:?}");
    let named = format!("revoketoken?token={personal}&access_token={other}");
    let path = format!("/your-org/your-app/users/{}/{named}", ada.sub);
    said(&stack.request("PUT", &path).send().await, &stack, "revoked user token");
    assert!(!stack.is_active(&rs, &personal).await);
    // An ended token, an unknown one, and one of another user: nothing is revoked.
    for gone in [one.as_str(), "garbage", &eves] {
        let response = put(&stack, "ada", &format!("revoketoken?token={gone}"), &other).await;
        said(&response, &stack, "revoked user token");
    }
    said(&put(&stack, "ADA", action, &other).await, &stack, "revoked user tokens");
    assert!(!stack.is_active(&rs, &other).await && stack.is_active(&rs, &eves).await);
    put(&stack, "ada", action, &other).await.is_error(401, "invalid_token");
    assert_eq!(stack.audited("user_changed").len(), 1);
}

#[tokio::test]
async fn only_an_administrator_revokes_the_tokens_of_another_user() {
    let stack = usergrid().await;
    let (web, machine, rs) = (stack.web().await, stack.machine().await, stack.resource_server().await);
    let ((_, ada), (eve, eves)) = (stack.signed_in_user("ada").await, stack.signed_in_user("eve").await);
    let (token, evil) = (token(&stack, &ada, &web).await, token(&stack, &eves, &web).await);
    let machines = stack.token(&machine).await;
    let one = format!("revoketoken?token={token}");
    for user in ["ada", "nobody", "%00", "a%2Fb"] {
        put(&stack, user, "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        put(&stack, user, &one, &evil).await.is_error(403, "insufficient_scope");
    }
    put(&stack, "ada", "revoketokens", &machines).await.is_error(403, "insufficient_scope");
    // A user's own path does not end the tokens of another user.
    said(&put(&stack, "eve", &one, &evil).await, &stack, "revoked user token");
    assert!(stack.is_active(&rs, &token).await);
    let own = eves.personal_token("own", "7").await;
    for role in [Role::developer(), Role::admin()] {
        let is_admin = role == Role::admin();
        stack.app.users.grant_role(eve.sub, &role).await.unwrap();
        // An administrator's token with less scope does not have an administrator's rights.
        put(&stack, "ada", "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        put(&stack, "nobody", "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        let response = put(&stack, "nobody", "revoketokens", &own).await;
        response.is_error(
            if is_admin { 404 } else { 403 },
            if is_admin { "not_found" } else { "insufficient_scope" },
        );
    }
    said(&put(&stack, "ada", &one, &own).await, &stack, "revoked user token");
    assert!(!stack.is_active(&rs, &token).await);
    let revoked = stack.audited("revoked");
    assert_eq!((revoked.len(), &revoked[0]["reason"]), (1, &"admin".into()), "{revoked:?}");
    said(&put(&stack, "ada", "revoketokens", &own).await, &stack, "revoked user tokens");
    // The log has the route, because the caller chooses the path.
    let refused = stack.audited("refused");
    assert!(
        refused.iter().all(|record| !record["path"].as_str().unwrap().contains("your-org")),
        "{refused:?}"
    );
    assert_eq!(ada.get("/account").await.status, 303, "signed out as well");
    assert!(stack.is_active(&rs, &evil).await);
}

#[tokio::test]
async fn a_malformed_request_gets_a_specific_error() {
    let stack = usergrid().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let token = token(&stack, &browser, &web).await;
    let path = "/o/a/users/ada/revoketokens";
    let response = stack.request("PUT", path).send().await;
    response.is_error(401, "invalid_request");
    assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"Jeton\""));
    put(&stack, "ada", "revoketokens", "garbage").await.is_error(401, "invalid_token");
    put(&stack, "ada", "revoketoken", &token).await.is_error(400, "invalid_request");
    put(&stack, "ada", "revoketoken?token=a&token=b", &token).await.is_error(400, "invalid_request");
    put(&stack, "ada", &format!("revoketokens?access_token={token}"), &token)
        .await
        .is_error(400, "invalid_request");
    let basic = stack.request("PUT", path).raw_basic("ada:x").send().await;
    basic.is_error(401, "invalid_request");
    for (user, status) in [("", 403), ("%C3%A9%2Fx", 403), ("%FF", 400)] {
        assert_eq!(put(&stack, user, "revoketokens", &token).await.status, status, "{user:?}");
    }
    let posted = stack.request("POST", path).send().await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("PUT")));
    for fault in [Fault::Throttle, Fault::ThrottleWrites] {
        stack.dynamodb.fail(fault);
        put(&stack, "ada", "revoketokens", &token).await.is_unavailable();
    }
    stack.dynamodb.fail(Fault::None);
    assert_eq!(put(&stack, "ada", "revoketokens", &token).await.status, 200);
}

#[tokio::test]
async fn without_the_switch_there_is_no_such_path() {
    let stack = Stack::start().await;
    let (web, rs, browser) = (stack.web().await, stack.resource_server().await, stack.signed_in().await);
    let token = token(&stack, &browser, &web).await;
    let nowhere = put(&stack, "ada", "nothing", &token).await;
    for action in ["revoketokens", "revoketoken?token=x"] {
        let response = put(&stack, "ada", action, &token).await;
        assert_eq!((response.status, &response.text), (404, &nowhere.text));
    }
    assert!(stack.is_active(&rs, &token).await);
}

#[tokio::test]
async fn its_api_calls_bring_a_token_or_id_and_secret_in_the_query() {
    let stack = Stack::protecting("query-token,query-client").await;
    let auth_methods = vec![AuthMethod::ClientSecretPost];
    let client = stack.register(Registration { auth_methods, ..machine() }).await;
    let form = [("grant_type", "client_credentials")];
    let response = stack.post("/oauth/token").post(&client, &form).send().await.json();
    let token = response["access_token"].as_str().unwrap();
    let call = |query: &str| stack.request("GET", &format!("/api/notes?{query}"));
    let by_query = call(&format!("access_token={token}")).send().await;
    assert_eq!(by_query.status, 200);
    assert!(by_query.header("cache-control").unwrap().contains("private"));
    // "append the following parameters to your request URL"
    let by_secret = call(&format!("client_id={}&client_secret={}", client.id, client.secret)).send().await;
    assert_eq!(by_secret.json()["you"]["client_id"], by_query.json()["you"]["client_id"]);
    let by_header = call("limit=10").header("authorization", &format!("Bearer {token}"));
    assert_eq!(by_header.send().await.status, 200);
    assert_eq!(call("limit=10").send().await.status, 401);
}

#[tokio::test]
async fn its_sandbox_is_open_to_guests_with_the_guest_scope() {
    let stack = Stack::protecting("guest,query-token").await;
    assert_eq!(stack.request("GET", "/api/notes").send().await.status, 200);
    assert_eq!(stack.request("POST", "/api/notes").send().await.status, 403);
    assert_eq!(stack.request("GET", "/api/notes?access_token=over").send().await.status, 401);
}
