//! Redemptions and refreshes after the client, the user or the client's owner lost their good standing. The grants are
//! not ended beforehand.

use std::{future::Future, pin::Pin, time::Duration};

use shared::{clients::Registration, secret::Id, status::Role};

use crate::harness::{
    Fault, Registered, Stack,
    code_flow::{CALLBACK, Request},
};

const MS: Duration = Duration::from_millis(1);

/// A client that a developer owns, and a user who consents to it.
struct Case {
    stack: Stack,
    client: Registered,
    user: Id,
    owner: Id,
}

impl Case {
    async fn begin() -> Self {
        let stack = Stack::start().await;
        let (user, owner) = (stack.user("alice").await, stack.user("olga").await);
        stack.app.users.grant_role(owner, &Role::developer()).await.unwrap();
        let registration = Registration {
            name: "app".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            ..Registration::default()
        };
        let client = stack.register_changed(registration, |client| client.owner = Some(owner)).await;
        Self { stack, client, user, owner }
    }

    async fn code(&self) -> String {
        self.stack.issue_code(&self.client, self.user, Request::default()).await
    }

    /// Returns the reason why the only grant ended.
    async fn end_reason(&self) -> Option<String> {
        let items = self.stack.app.grants.table().all().await.unwrap();
        let grant = items.iter().find(|item| shared::dynamodb::kind(item) == Some("g")).unwrap();
        Some(grant.get("e")?.as_m().unwrap()["w"].as_s().unwrap().clone())
    }
}

type Loss = for<'a> fn(&'a Case) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Every way in which a principal of a grant loses good standing: one write each, and the grant itself is not ended.
const LOSSES: [(&str, Loss); 8] = [
    ("everything of the user's is revoked", |case| {
        Box::pin(async { case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap() })
    }),
    ("the user has no status item", |case| {
        Box::pin(async {
            let status = shared::status::Status::key(case.user);
            shared::dynamodb::delete_all(&case.stack.users(), [status]).await.unwrap();
        })
    }),
    ("everything of the client's is revoked", |case| {
        Box::pin(async {
            let client = case.client.id.parse().unwrap();
            case.stack.app.clients.end_everything(&client, case.stack.now()).await.unwrap();
        })
    }),
    ("everything of the owner's is revoked", |case| {
        Box::pin(async {
            case.stack.app.users.end_everything(case.owner, case.stack.now()).await.unwrap();
            // In the same millisecond the client cannot even authenticate.
            case.stack.advance(MS);
        })
    }),
    ("everything is revoked, and a millisecond passes", |case| {
        Box::pin(async {
            case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap();
            case.stack.advance(MS);
        })
    }),
    ("the user is disabled", |case| {
        Box::pin(async { case.stack.app.users.disable(case.user, case.stack.now()).await.unwrap() })
    }),
    ("the client was disabled, and is enabled again", |case| {
        Box::pin(async {
            case.stack.disable(&case.client).await;
            case.stack.enable(&case.client).await;
        })
    }),
    ("everything is revoked twice", |case| {
        Box::pin(async {
            for _ in 0..2 {
                case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap();
            }
        })
    }),
];

#[tokio::test]
async fn a_refresh_after_a_loss_of_standing_is_refused_and_ends_the_grant() {
    for (what, lose) in LOSSES {
        let case = Case::begin().await;
        let pair = case.stack.redeem(&case.client, &case.code().await).await.pair();
        lose(&case).await;
        case.stack.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
        assert_eq!(case.end_reason().await.as_deref(), Some("standing"), "{what}");
        assert!(case.stack.audited("reused").is_empty(), "{what}: no client is taken for a thief");
        let revoked = case.stack.audited("revoked");
        assert_eq!((revoked.len(), &revoked[0]["reason"]), (1, &"standing".into()), "{what}");
        case.stack.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_redemption_after_a_loss_of_standing_is_refused_and_ends_the_grant() {
    for (what, lose) in LOSSES {
        let case = Case::begin().await;
        let code = case.code().await;
        lose(&case).await;
        case.stack.redeem(&case.client, &code).await.is_error(400, "invalid_grant");
        assert_eq!(case.end_reason().await.as_deref(), Some("standing"), "{what}");
        assert!(case.stack.audited("issued").is_empty() && case.stack.audited("replayed").is_empty());
    }
}

#[tokio::test]
async fn a_retry_within_the_window_is_refused_after_everything_was_revoked() {
    let case = Case::begin().await;
    let first = case.stack.redeem(&case.client, &case.code().await).await.pair();
    let second = case.stack.refresh(&case.client, &first.refresh).await.pair();
    case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap();
    case.stack.refresh(&case.client, &first.refresh).await.is_error(400, "invalid_grant");
    case.stack.refresh(&case.client, &second.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(case.end_reason().await.as_deref(), Some("standing"));
}

#[tokio::test]
async fn a_grant_made_after_everything_was_revoked_is_valid() {
    let case = Case::begin().await;
    case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap();
    case.stack.advance(MS);
    let pair = case.stack.redeem(&case.client, &case.code().await).await.pair();
    let next = case.stack.refresh(&case.client, &pair.refresh).await.pair();
    assert!(case.stack.is_active(&case.client, &next.access).await);
}

#[tokio::test]
async fn a_grant_of_another_issuer_is_neither_redeemed_nor_refreshed_nor_ended() {
    let case = Case::begin().await;
    let other =
        case.stack.sibling(|config| config.issuer = Some("https://old.example.com".parse().unwrap())).await;
    let code = case.code().await;
    other.redeem(&case.client, &code).await.is_error(400, "invalid_grant");
    let pair = case.stack.redeem(&case.client, &code).await.pair();
    other.redeem(&case.client, &code).await.is_error(400, "invalid_grant");
    other.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
    let next = case.stack.refresh(&case.client, &pair.refresh).await.pair();
    case.stack.advance(Duration::from_hours(1));
    other.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(case.end_reason().await, None);
    case.stack.refresh(&case.client, &next.refresh).await.pair();
}

#[tokio::test]
async fn tokens_are_issued_while_statuses_cannot_be_read_and_no_client_is_taken_for_a_thief() {
    let stack = Stack::start().await;
    let client = stack.web().await;
    let code = stack.code(&client).await;
    stack.dynamodb.fail(Fault::ThrottleStandings);
    let pair = stack.redeem(&client, &code).await.pair();
    let next = stack.refresh(&client, &pair.refresh).await.pair();
    stack.dynamodb.fail(Fault::None);
    assert!(stack.is_active(&client, &next.access).await);
    stack.advance(Duration::from_mins(2));
    stack.refresh(&client, &next.refresh).await.pair();
    assert!(stack.audited("reused").is_empty());
}

#[tokio::test]
async fn a_refresh_after_a_loss_of_standing_is_refused_even_if_the_grant_cannot_be_ended() {
    let case = Case::begin().await;
    let pair = case.stack.redeem(&case.client, &case.code().await).await.pair();
    case.stack.app.users.end_everything(case.user, case.stack.now()).await.unwrap();
    case.stack.dynamodb.fail(Fault::ThrottleEndings);
    for _ in 0..2 {
        case.stack.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
    }
    case.stack.dynamodb.fail(Fault::None);
    case.stack.refresh(&case.client, &pair.refresh).await.is_error(400, "invalid_grant");
    assert_eq!(case.end_reason().await.as_deref(), Some("standing"));
}

#[tokio::test]
async fn a_rotation_is_recognised_by_one_read_if_every_response_was_lost() {
    let stack = Stack::start().await;
    let client = stack.web().await;
    let first = stack.pair(&client).await;
    stack.dynamodb.fail(Fault::LoseAnswers);
    let second = stack.refresh(&client, &first.refresh).await.pair();
    stack.dynamodb.fail(Fault::None);
    stack.advance(Duration::from_mins(2));
    stack.refresh(&client, &second.refresh).await.pair();
    assert!(stack.audited("reused").is_empty());
}

#[tokio::test]
async fn a_redemption_is_recognised_by_one_read_if_every_response_was_lost() {
    let case = Case::begin().await;
    let code = case.code().await;
    case.stack.dynamodb.fail(Fault::LoseAnswers);
    let pair = case.stack.redeem(&case.client, &code).await.pair();
    case.stack.dynamodb.fail(Fault::None);
    assert!(case.stack.is_active(&case.client, &pair.access).await);
    case.stack.refresh(&case.client, &pair.refresh).await.pair();
    assert!(case.stack.audited("replayed").is_empty());
}

#[tokio::test]
async fn a_redemption_that_was_not_written_is_unavailable_and_the_same_code_works_later() {
    let case = Case::begin().await;
    let code = case.code().await;
    case.stack.dynamodb.fail(Fault::ThrottleWrites);
    case.stack.redeem(&case.client, &code).await.is_unavailable();
    case.stack.dynamodb.fail(Fault::None);
    case.stack.redeem(&case.client, &code).await.pair();
}
