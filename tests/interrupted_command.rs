//! A command that fails half-way has made the decisive write, and a second run does the rest; or it has done nothing.

use serde_json::Value;

use crate::harness::{Browser, Fault, PASSWORD, Registered, Stack};

const OTHER: &str = "staple of the trade";

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    browser.get("/login").await.text.contains("You are signed in")
}

/// Runs `command` on a database that throttles changes to grants. The command must fail.
async fn run_without_a_sweep(stack: &Stack, command: &[&str]) {
    stack.dynamodb.fail(Fault::ThrottleGrants);
    stack.jeton(command, OTHER).await.failed(1, "ThrottlingException");
    stack.dynamodb.fail(Fault::None);
}

#[tokio::test]
async fn the_status_decides_and_a_second_run_finishes_the_sweep() {
    for command in [
        &["user", "disable", "ada"][..],
        &["user", "set-password", "ada", "--password-stdin"],
        &["token", "revoke-all", "--user", "ada"],
    ] {
        let stack = Stack::start().await;
        let ((ada, browser), web) = (stack.signed_in_user("ada").await, stack.web().await);
        let grants = [stack.authorized(&web, ada.sub).await, stack.authorized(&web, ada.sub).await];
        run_without_a_sweep(&stack, command).await;
        assert!(!is_signed_in(&browser).await, "{command:?}");
        for tokens in &grants {
            stack.is_inactive(&web, access(tokens)).await;
        }
        assert_eq!(stack.jeton(command, OTHER).await.json()["grants_ended"], 2, "{command:?}");
    }
}

#[tokio::test]
async fn the_status_of_a_client_decides_too() {
    for command in [["token", "revoke-all", "--client"], ["client", "disable", "--"]] {
        let stack = Stack::start().await;
        let (machine, rs) = (stack.machine().await, stack.resource_server().await);
        let token = stack.token(&machine).await;
        let command = [&command[..], &[machine.id.as_str()]].concat();
        run_without_a_sweep(&stack, &command).await;
        stack.is_inactive(&rs, &token).await;
        assert_eq!(stack.jeton(&command, "").await.json()["grants_ended"], 1, "{command:?}");
    }
}

/// Creates three grants of the user ada at `web`.
async fn three_grants(stack: &Stack, web: &Registered) -> [Value; 3] {
    let ada = stack.create_user("ada").await;
    [
        stack.authorized(web, ada.sub).await,
        stack.authorized(web, ada.sub).await,
        stack.authorized(web, ada.sub).await,
    ]
}

async fn ended(stack: &Stack) -> usize {
    let items = stack.app.grants.table().all().await.unwrap();
    items.iter().filter(|item| item.contains_key("e")).count()
}

async fn are_refused_at_refresh(stack: &Stack, web: &Registered, grants: &[Value]) {
    assert_eq!(ended(stack).await, 1, "the sweep stopped after one");
    for tokens in grants {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        stack.refresh(web, refresh).await.is_error(400, "invalid_grant");
    }
    assert_eq!(ended(stack).await, grants.len());
}

#[tokio::test]
async fn after_a_sweep_that_stopped_half_way_the_next_refresh_is_refused() {
    for command in [
        &["user", "disable", "ada"][..],
        &["user", "set-password", "ada", "--password-stdin"],
        &["token", "revoke-all", "--user", "ada"],
        &["token", "revoke-all", "--client", "WEB"],
        &["client", "disable", "WEB"],
    ] {
        let stack = Stack::start().await;
        let web = stack.web().await;
        let grants = three_grants(&stack, &web).await;
        let command: Vec<_> =
            command.iter().map(|word| if *word == "WEB" { web.id.as_str() } else { word }).collect();
        stack.dynamodb.fail_after(1, Fault::ThrottleGrants);
        stack.jeton(&command, OTHER).await.failed(1, "ThrottlingException");
        stack.dynamodb.fail(Fault::None);
        if command[..2] == ["client", "disable"] {
            stack.jeton(&["client", "enable", &web.id], "").await.json();
        }
        are_refused_at_refresh(&stack, &web, &grants).await;
    }
}

#[tokio::test]
async fn after_revoketokens_the_next_refresh_is_refused_swept_or_not() {
    for (fault, swept) in [(Fault::None, 3), (Fault::ThrottleGrants, 1)] {
        let stack = Stack::permitting("usergrid-revoke").await;
        let web = stack.web().await;
        let grants = three_grants(&stack, &web).await;
        stack.dynamodb.fail_after(1, fault);
        let bearer = format!("Bearer {}", access(&grants[0]));
        let call = stack.request("PUT", "/org/app/users/ada/revoketokens").header("authorization", &bearer);
        assert_eq!(call.send().await.status, 200);
        stack.dynamodb.fail(Fault::None);
        assert_eq!(ended(&stack).await, swept);
        if swept == 1 {
            are_refused_at_refresh(&stack, &web, &grants).await;
        }
    }
}

#[tokio::test]
async fn enabling_revives_no_grant_that_a_sweep_missed() {
    let stack = Stack::with_accounts().await;
    let ((ada, browser), web) = (stack.signed_in_user("ada").await, stack.web().await);
    let (rs, machine): (Registered, Registered) = (stack.resource_server().await, stack.machine().await);
    let personal = browser.personal_token("x", "never").await;
    let (grant, own) = (stack.authorized(&web, ada.sub).await, stack.token(&machine).await);
    run_without_a_sweep(&stack, &["user", "disable", "ada"]).await;
    run_without_a_sweep(&stack, &["client", "disable", &machine.id]).await;
    stack.jeton(&["user", "enable", "ada"], "").await.json();
    stack.jeton(&["client", "enable", &machine.id], "").await.json();
    assert!(!is_signed_in(&browser).await);
    for dead in [access(&grant), personal.as_str(), own.as_str()] {
        stack.is_inactive(&rs, dead).await;
    }
}

#[tokio::test]
async fn disabling_is_one_write_that_ends_all_grants() {
    let stack = Stack::start().await;
    let (ada, machine) = (stack.create_user("ada").await, stack.machine().await);
    for (command, key) in [
        (["user", "disable", "ada"], format!("status#{}", ada.sub)),
        (["client", "disable", &machine.id], format!("status#{}", machine.id)),
    ] {
        stack.dynamodb.forget();
        stack.jeton(&command, "").await.json();
        let writes: Vec<_> =
            stack.dynamodb.seen().into_iter().filter(|seen| seen.operation == "UpdateItem").collect();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert_eq!(writes[0].request["Key"]["pk"]["S"], key);
        let change = writes[0].request["UpdateExpression"].as_str().unwrap();
        assert!(change.contains("#disabled") && change.contains("#not_before"), "{change}");
    }
}

#[tokio::test]
async fn a_password_is_set_with_the_end_of_everything_or_not_at_all() {
    let stack = Stack::start().await;
    let (_, browser) = stack.signed_in_user("ada").await;
    let command = ["user", "set-password", "ada", "--password-stdin"];
    stack.dynamodb.fail(Fault::ThrottleStatuses);
    stack.jeton(&command, OTHER).await.failed(1, "ThrottlingException");
    stack.dynamodb.fail(Fault::None);
    assert!(is_signed_in(&browser).await);
    let stranger = stack.browser();
    assert_eq!(stranger.try_to_sign_in("/login", "ada", OTHER).await.status, 400);
    assert_eq!(stranger.try_to_sign_in("/login", "ada", PASSWORD).await.status, 303);

    stack.dynamodb.forget();
    stack.jeton(&command, OTHER).await.json();
    assert!(!is_signed_in(&browser).await && !is_signed_in(&stranger).await);
    let writes = stack.dynamodb.cost().into_iter().map(|(operation, _)| operation);
    let writes: Vec<_> = writes.filter(|operation| !operation.contains("Get")).collect();
    // Once more at the end: until the first write, the old password still worked for sign-ins.
    assert_eq!(writes, ["TransactWriteItems", "UpdateItem", "Query"]);
}

#[tokio::test]
async fn a_later_end_is_never_moved_back() {
    let stack = Stack::start().await;
    let ada = stack.create_user("ada").await;
    let later = stack.now().after(std::time::Duration::from_hours(1));
    stack.app.users.end_everything(ada.sub, later).await.unwrap();
    for command in [
        &["user", "set-password", "ada", "--password-stdin"][..],
        &["user", "disable", "ada"],
        &["token", "revoke-all", "--user", "ada"],
    ] {
        // The command waits for its own time, not for the later one in the table.
        stack.jeton(command, OTHER).await.json();
        let (_, status) = stack.app.users.read(ada.sub).await.unwrap().unwrap();
        assert_eq!(status.not_before, Some(later), "{command:?}");
    }
    assert!(stack.app.users.read(ada.sub).await.unwrap().unwrap().1.disabled);
}
