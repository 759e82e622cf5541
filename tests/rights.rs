//! Every right in the policies of `template.yaml` is used.
//!
//! Every other test checks the converse: the proxy before DynamoDB denies requests that no policy allows, and a test with a
//! denied request fails.

use std::{collections::BTreeSet, time::Duration};

use jeton::local::run_as;

use shared::{
    endpoint::lambda::{FirstRead, warm_up},
    pages::Section,
};

use crate::harness::{
    AuthorizationRequest, Fault, HtmlForm, PASSWORD, Stack,
    account::{reset_path, shown},
    code_flow::{self, Pair},
    public_metadata,
    rights::POLICIES,
    tool,
};

const METADATA: &str = "/.well-known/oauth-authorization-server";

/// `password`, hashed with other parameters than today's.
const OLD_HASH: &str =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

/// Uses a machine's token, from issue to revocation.
async fn use_machine_tokens(stack: &Stack) {
    let machine = stack.machine().await;
    let token = stack.token(&machine).await;
    stack.introspect(&machine, &token).await;
    stack.revoke(&machine, &token).await;
    let resource = stack.resource("https://api.example.com/mcp").await;
    stack.request_token(&machine, &[("resource", resource.uri.as_str())]).await;
}

/// Uses a user's grant, from signing in to signing out.
async fn use_grants(stack: &Stack) {
    let (web, browser) = (stack.web().await, stack.browser());
    let ada = stack.create_user_with("ada", OLD_HASH.parse().unwrap()).await;
    // The login page names the client.
    let login = browser.redirected(&AuthorizationRequest::by(&web)).await.location;
    browser.try_to_sign_in(&login, &ada.name, "password").await;
    browser.consent(&AuthorizationRequest::by(&web)).await;
    let code = browser.redirected(&AuthorizationRequest::by(&web)).await.code().to_owned();
    // All responses to the redemption's write get lost: the function reads whether it was made.
    stack.dynamodb.fail(Fault::LoseAnswers);
    let Pair { access, refresh } = stack.redeem(&web, &code).await.pair();
    stack.dynamodb.fail(Fault::None);
    stack.introspect(&stack.resource_server().await, &access).await;
    let Pair { refresh, .. } = stack.refresh(&web, &refresh).await.pair();
    stack.revoke(&web, &refresh).await;
    browser.sign_out().await;
}

/// Signs in with a device cookie, uses the session after a while, and signs out everywhere.
async fn use_sessions(stack: &Stack) {
    let (web, browser) = (stack.web().await, stack.browser());
    let eve = stack.create_user("eve").await;
    browser.sign_in(&eve).await;
    browser.sign_in(&eve).await;
    stack.advance(Duration::from_mins(30));
    browser.consent(&AuthorizationRequest::by(&web)).await;
    stack.advance(Duration::from_mins(30));
    let page = browser.get("/login").await;
    browser.submit(&HtmlForm::of(&page, "/logout"), &[("where", "everywhere")]).await;
}

/// Changes a password, sets another by a reset link, and ends a session of another browser.
async fn use_new_passwords(stack: &Stack) {
    let rosa = stack.create_user("rosa").await;
    let [browser, other] = [stack.browser(), stack.browser()];
    browser.sign_in(&rosa).await;
    for everything in [true, false] {
        browser.change_password(PASSWORD, PASSWORD, everything).await;
    }
    stack.advance(Duration::from_millis(1));
    other.sign_in(&rosa).await;
    let page = browser.get(Section::SESSIONS).await;
    browser.submit(&HtmlForm::of(&page, Section::SESSIONS), &[]).await;
    let link = stack.app.users.create_reset_link(rosa.sub, stack.now()).await.unwrap();
    browser.reset_password(&browser.get(&reset_path(&link)).await, PASSWORD).await;
}

/// Calls an API with a user's token.
async fn protect_an_api(stack: &Stack) {
    let web = stack.web().await;
    let access = stack.pair(&web).await.access;
    stack.request("GET", "/api/notes").header("authorization", &format!("Bearer {access}")).send().await;
}

/// Calls an API without a token.
async fn protect_an_api_the_old_way(stack: &Stack) {
    stack.create_user("basic").await;
    let call = || stack.request("GET", "/api/notes");
    call().raw_basic(&format!("basic:{PASSWORD}")).send().await;
    call().basic(&stack.machine().await).send().await;
}

/// Creates, uses and ends personal tokens and credentials.
async fn use_accounts(stack: &Stack) {
    let (_, browser) = stack.developer("olga").await;
    let (web, rs) = (stack.web().await, stack.resource_server().await);
    let code = browser.consent(&AuthorizationRequest::by(&web)).await;
    stack.redeem(&web, code.code()).await;
    // Sent twice: the second request finds the item of the first.
    let make =
        HtmlForm::to_make(&browser.get(Section::TOKENS).await).with("name", "x").with("allow:read", "yes");
    let token = shown(&browser.submit(&make, &[]).await, 0);
    browser.submit(&make, &[]).await;
    let api = stack.request("GET", "/api/notes").header("authorization", &format!("Bearer {token}"));
    api.send().await;
    // The use is stored once a day, by the function that sees it first.
    stack.introspect(&rs, &browser.personal_token("y", "7").await).await;
    // Use of a session after a while.
    stack.advance(Duration::from_mins(30));
    for (path, button) in [(Section::APPLICATIONS, "end"), (Section::TOKENS, "end")] {
        let page = browser.get(path).await;
        let form = HtmlForm::all(&page, path).into_iter().find(|form| form.get(button).is_some()).unwrap();
        browser.submit(&form, &[]).await;
    }
    let create = HtmlForm::to_make(&browser.get(Section::CREDENTIALS).await).with("name", "twice");
    browser.submit(&create, &[]).await;
    // Later, so that the second request is no retry of the first one's write.
    stack.advance(Duration::from_secs(1));
    browser.submit(&create, &[]).await;
    let machine = browser.credentials("x").await;
    let token = stack.token(&machine).await;
    stack.revoke(&machine, &token).await;
    let page = browser.get(Section::CREDENTIALS).await;
    browser.submit(&HtmlForm::with_field(&page, "delete", &machine.id), &[]).await;
    // The endpoints of other services.
    let token = browser.personal_token("x", "7").await;
    stack.request("DELETE", "/user/expire").raw_basic(&format!("olga:{PASSWORD}")).send().await;
    let code = browser.consent(&AuthorizationRequest::by(&web)).await;
    let access = stack.redeem(&web, code.code()).await.pair().access;
    for action in [format!("revoketoken?token={access}"), "revoketokens".to_owned()] {
        let path = format!("/org/app/users/olga/{action}");
        stack.request("PUT", &path).header("authorization", &format!("Bearer {token}")).send().await;
    }
}

/// Guesses passwords on every channel without a page, until only a known caller is admitted.
async fn guess(stack: &Stack) {
    let legacy = stack.legacy("password").await;
    let wrong = format!("guessed:{}", "a wrong password");
    let form = [("grant_type", "password"), ("username", "guessed"), ("password", "a wrong password")];
    for _ in 0..=stack.app.config.rate_limit.per_account {
        stack.request("GET", "/api/notes").raw_basic(&wrong).send().await;
        stack.post("/oauth/token").basic(&legacy).form(&form).send().await;
    }
    stack.request("DELETE", "/user/expire").raw_basic(&wrong).send().await;
}

/// Consents to a client that registered itself, which renews its life.
async fn use_self_registered_clients(stack: &Stack) {
    let notes = stack.resource("https://notes.example.com/mcp").await;
    let browser = stack.browser();
    browser.sign_in(&stack.create_user("nina").await).await;
    let client = stack.self_registered(tool()).await;
    browser.consent(&AuthorizationRequest::by(&client).with("resource", notes.uri.as_str())).await;
}

/// Signs in with an `id_token_hint`.
async fn use_hints(stack: &Stack) {
    let (rp, browser, iris) = (stack.relying_party().await, stack.browser(), stack.create_user("iris").await);
    browser.sign_in(&iris).await;
    // The keys are no longer in memory.
    stack.advance(Duration::from_mins(5));
    let request = AuthorizationRequest::by(&rp).with("scope", "openid");
    browser.consent(&request.with("id_token_hint", &stack.hint(&rp, iris.sub).await)).await;
}

/// Uses a client with switches.
async fn use_switches(stack: &Stack) {
    let legacy = stack.legacy("password").await;
    let ada = stack.create_user("legacy").await;
    let form = [("grant_type", "password"), ("username", ada.name.as_str()), ("password", PASSWORD)];
    assert_eq!(stack.post("/oauth/token").basic(&legacy).form(&form).send().await.status, 200);
    stack.post("/oauth/token").basic(&stack.machine().await).form(&form).send().await;
    let browser = stack.browser();
    browser.sign_in(&ada).await;
    browser.authorize(&AuthorizationRequest::by(&stack.web().await).with("response_type", "token")).await;
    stack.request("GET", METADATA).send().await;
}

/// Signs a user in with an ID token.
async fn use_openid_connect(stack: &Stack) {
    let client = stack.relying_party().await;
    let code = stack.openid_code(&client, stack.user("oidc").await).await;
    stack.signed_in_with(&client, &code).await;
}

/// Registers a client, again, and again when little of its life is left.
async fn use_registration(stack: &Stack) {
    stack.self_register(&public_metadata("Notes")).await;
    stack.self_register(&public_metadata("Notes")).await;
    stack.advance(Duration::from_hours(20 * 24));
    stack.self_register(&public_metadata("Notes")).await;
}

/// Signs out at a client.
async fn use_logout(stack: &Stack) {
    let (client, lena, browser) =
        (stack.relying_party().await, stack.create_user("lena").await, stack.browser());
    let hint = stack.id_token(&client, lena.sub, stack.now()).await;
    browser.sign_in(&lena).await;
    // Use of a session after a while.
    stack.advance(Duration::from_mins(30));
    browser.get(&format!("/oauth/logout?id_token_hint={hint}")).await;
}

/// Asks for a user's claims.
async fn use_userinfo(stack: &Stack) {
    let client = stack.web().await;
    let ada = stack.create_user("claimed").await;
    let request = code_flow::Request { scope: "openid", ..code_flow::Request::default() };
    let code = stack.issue_code(&client, ada.sub, request).await;
    let access = stack.redeem(&client, &code).await.pair().access;
    stack.post("/oauth/userinfo").form(&[("access_token", &access)]).send().await.json();
}

/// Verifies an ID token.
async fn use_signing_keys(stack: &Stack) {
    stack.advance(Duration::from_mins(5));
    stack.request("GET", "/.well-known/jwks.json").send().await;
}

#[tokio::test]
async fn every_right_of_every_function_is_used() {
    let stack = Stack::with_everything().await;
    use_machine_tokens(&stack).await;
    use_grants(&stack).await;
    use_sessions(&stack).await;
    use_new_passwords(&stack).await;
    protect_an_api(&stack).await;
    protect_an_api_the_old_way(&stack).await;
    use_accounts(&stack).await;
    use_switches(&stack).await;
    use_openid_connect(&stack).await;
    use_self_registered_clients(&stack).await;
    use_hints(&stack).await;
    guess(&stack).await;
    use_registration(&stack).await;
    use_logout(&stack).await;
    use_userinfo(&stack).await;
    use_signing_keys(&stack).await;
    let used = stack.dynamodb.used();
    let idle: BTreeSet<_> = POLICIES.rights().difference(&used).map(ToString::to_string).collect();
    assert_eq!(idle, BTreeSet::new());
}

#[tokio::test]
async fn starting_a_function_takes_no_right_that_requests_do_not() {
    let stack = Stack::with_everything().await;
    for route in POLICIES.routes() {
        match route {
            "authorizer" | "/oauth/userinfo" => run_as(route, warm_up(&stack.app, FirstRead::Grant)).await,
            route if route.starts_with("/.well-known/") => {
                stack.advance(Duration::from_mins(5));
                run_as(route, warm_up(&stack.app, FirstRead::Keys)).await;
            }
            _ => run_as(route, warm_up(&stack.app, FirstRead::Client)).await,
        }
    }
    assert_eq!(stack.dynamodb.denied(), Vec::<String>::new());
    assert_eq!(stack.dynamodb.seen().len(), POLICIES.routes().count());
}

#[tokio::test]
async fn a_request_that_no_policy_allows_is_denied() {
    let stack = Stack::start().await;
    let id = stack.machine().await.id.parse().unwrap();
    assert!(run_as(METADATA, stack.app.clients.read(&id)).await.is_err());
    assert!(run_as("/oauth/introspect", stack.app.clients.disable(&id, stack.now())).await.is_err());
    assert!(run_as("/oauth/token", stack.app.users.find_by_name(&"ada".parse().unwrap())).await.is_err());
    assert_eq!(
        stack.dynamodb.denied(),
        [
            format!("metadata may not BatchGetItem client#{id} and status#{id} of ClientsTable"),
            format!(
                "introspect may not UpdateItem status#{id} of ClientsTable, naming deleted, disabled, expires_at, not_before, pk, ttl"
            ),
            "token may not GetItem name#ada of UsersTable".to_owned(),
        ]
    );
}
