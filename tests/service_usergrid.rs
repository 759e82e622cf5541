//! Document 004 (Usergrid): API calls without a header, and a user's tokens revoked, all of them or one.

use shared::{
    client::{AuthMethod, Registration},
    role::Role,
};

use crate::harness::{Answer, Asking, Browser, Fault, Registered, Stack, machine};

async fn usergrid() -> Stack {
    Stack::configured(|config| {
        config.account.personal_scopes = "read".parse().unwrap();
        config.compat = "usergrid-revoke".parse().unwrap();
    })
    .await
}

/// An access token of `web` for whoever sits at `browser`.
async fn token(stack: &Stack, browser: &Browser<'_>, web: &Registered) -> String {
    let code = browser.consent(&Asking::by(web).with("prompt", "consent")).await;
    stack.redeem(web, code.code()).await.pair().access
}

/// What is answered to `PUT …/users/{user}/{action}`, shown `bearer`.
async fn put(stack: &Stack, user: &str, action: &str, bearer: &str) -> Answer {
    let path = format!("/your-org/your-app/users/{user}/{action}");
    stack.request("PUT", &path).header("authorization", &format!("Bearer {bearer}")).send().await
}

#[track_caller]
fn said(answer: &Answer, stack: &Stack, action: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(
        (told["action"].as_str(), told["timestamp"].as_u64()),
        (Some(action), Some(stack.now().millis()))
    );
    assert!(told["duration"].is_u64(), "{told}");
}

#[tokio::test]
async fn a_user_revokes_one_token_or_all_of_their_own() {
    let (stack, action) = (usergrid().await, "revoketokens");
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let ((ada, browser), (_, eve)) = (stack.at_home("ada").await, stack.at_home("eve").await);
    let (one, other) = (token(&stack, &browser, &web).await, token(&stack, &browser, &web).await);
    let (personal, eves) = (browser.personal_token("x", "7").await, token(&stack, &eve, &web).await);
    said(
        &put(&stack, "ada", &format!("revoketoken?token={one}"), &other).await,
        &stack,
        "revoked user token",
    );
    assert!(!stack.is_active(&rs, &one).await && stack.is_active(&rs, &other).await);
    let named = format!("revoketoken?token={personal}&access_token={other}");
    let path = format!("/your-org/your-app/users/{}/{named}", ada.sub);
    said(&stack.request("PUT", &path).send().await, &stack, "revoked user token");
    assert!(!stack.is_active(&rs, &personal).await);
    // One that is no longer, was never, or is another's: nothing has to be done, and nothing is.
    for gone in [one.as_str(), "garbage", &eves] {
        let answer = put(&stack, "ada", &format!("revoketoken?token={gone}"), &other).await;
        said(&answer, &stack, "revoked user token");
    }
    said(&put(&stack, "ADA", action, &other).await, &stack, "revoked user tokens");
    assert!(!stack.is_active(&rs, &other).await && stack.is_active(&rs, &eves).await);
    put(&stack, "ada", action, &other).await.is_error(401, "invalid_token");
    assert_eq!(stack.audited("user_changed").len(), 1);
}

#[tokio::test]
async fn nobody_but_an_administrator_revokes_what_is_anothers() {
    let stack = usergrid().await;
    let (web, machine, rs) = (stack.web().await, stack.machine().await, stack.resource_server().await);
    let ((_, ada), (eve, eves)) = (stack.at_home("ada").await, stack.at_home("eve").await);
    let (token, evil) = (token(&stack, &ada, &web).await, token(&stack, &eves, &web).await);
    let machines = stack.token(&machine).await;
    let one = format!("revoketoken?token={token}");
    for user in ["ada", "nobody", "%00", "a%2Fb"] {
        put(&stack, user, "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        put(&stack, user, &one, &evil).await.is_error(403, "insufficient_scope");
    }
    put(&stack, "ada", "revoketokens", &machines).await.is_error(403, "insufficient_scope");
    // Their own path does not end what is another's.
    said(&put(&stack, "eve", &one, &evil).await, &stack, "revoked user token");
    assert!(stack.is_active(&rs, &token).await);
    let own = eves.personal_token("own", "7").await;
    for role in [Role::developer(), Role::admin()] {
        let is_admin = role == Role::admin();
        stack.app.users.grant_role(eve.sub, &role).await.unwrap();
        // What an administrator allowed some application is not all that an administrator may do.
        put(&stack, "ada", "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        put(&stack, "nobody", "revoketokens", &evil).await.is_error(403, "insufficient_scope");
        let answer = put(&stack, "nobody", "revoketokens", &own).await;
        answer.is_error(
            if is_admin { 404 } else { 403 },
            if is_admin { "not_found" } else { "insufficient_scope" },
        );
    }
    said(&put(&stack, "ada", &one, &own).await, &stack, "revoked user token");
    assert!(!stack.is_active(&rs, &token).await);
    said(&put(&stack, "ada", "revoketokens", &own).await, &stack, "revoked user tokens");
    // What is counted is the route: its path is the caller's to choose.
    let refused = stack.audited("refused");
    assert!(
        refused.iter().all(|record| !record["path"].as_str().unwrap().contains("your-org")),
        "{refused:?}"
    );
    assert_eq!(ada.get("/account").await.status, 303, "signed out as well");
    assert!(stack.is_active(&rs, &evil).await);
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_said() {
    let stack = usergrid().await;
    let (web, browser) = (stack.web().await, stack.signed_in().await);
    let token = token(&stack, &browser, &web).await;
    let path = "/o/a/users/ada/revoketokens";
    let answer = stack.request("PUT", path).send().await;
    answer.is_error(401, "invalid_request");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"Jeton\""));
    put(&stack, "ada", "revoketokens", "garbage").await.is_error(401, "invalid_token");
    put(&stack, "ada", "revoketoken", &token).await.is_error(400, "invalid_request");
    put(&stack, "ada", "revoketoken?token=a&token=b", &token).await.is_error(400, "invalid_request");
    put(&stack, "ada", &format!("revoketokens?access_token={token}"), &token)
        .await
        .is_error(400, "invalid_request");
    let basic = stack.request("PUT", path).raw_basic("ada:x").send().await;
    basic.is_error(401, "invalid_request");
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
async fn without_its_switch_nothing_is_there() {
    let stack = Stack::start().await;
    let (web, rs, browser) = (stack.web().await, stack.resource_server().await, stack.signed_in().await);
    let token = token(&stack, &browser, &web).await;
    let nowhere = put(&stack, "ada", "nothing", &token).await;
    for action in ["revoketokens", "revoketoken?token=x"] {
        let answer = put(&stack, "ada", action, &token).await;
        assert_eq!((answer.status, &answer.text), (404, &nowhere.text));
    }
    assert!(stack.is_active(&rs, &token).await);
}

#[tokio::test]
async fn its_api_calls_bring_a_token_or_id_and_secret_in_the_query() {
    let stack = Stack::protecting("query-token,query-client").await;
    let auth_methods = vec![AuthMethod::ClientSecretPost];
    let client = stack.register(Registration { auth_methods, ..machine() }).await;
    let form = [("grant_type", "client_credentials")];
    let answer = stack.post("/oauth/token").post(&client, &form).send().await.json();
    let token = answer["access_token"].as_str().unwrap();
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
async fn its_sandbox_is_open_to_guests_as_far_as_they_may_go() {
    let stack = Stack::protecting("guest,query-token").await;
    assert_eq!(stack.request("GET", "/api/notes").send().await.status, 200);
    assert_eq!(stack.request("POST", "/api/notes").send().await.status, 403);
    assert_eq!(stack.request("GET", "/api/notes?access_token=over").send().await.status, 401);
}
