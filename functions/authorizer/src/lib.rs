//! The API Gateway Lambda authorizer: API Gateway asks whether a request may pass (RFC 6750).
//!
//! # Design
//! It runs before other people's APIs, so it must be told the issuer whose tokens it takes: it does not start
//! without, and a token of another issuer is refused. A refusal is an answer, and its form depends on the gateway:
//! see [`answer`]. That DynamoDB failed is no refusal, which would make a client throw its token away: it is an
//! error, which the gateway turns into a 500.

mod answer;
mod credentials;
mod event;
mod refusal;

pub use answer::{Answer, NoAnswer};
pub use refusal::{Forbidden, Unauthenticated};

use shared::{
    app::App,
    audit::{self, Record},
    bearer::Active,
    config::RouteScopes,
    http::UnknownIssuer,
    table,
    time::Timestamp,
};

use event::Event;

/// Answers `event`, in JSON: what an authorizer of an HTTP API (payload format 2.0) or a REST API is sent.
pub async fn handle(app: &App, event: &str) -> Result<Answer, NoAnswer> {
    let now = app.clock.now();
    let event: Event = serde_json::from_str(event).map_err(|_| NoAnswer::NotUnderstood)?;
    let call = Call { app, event: &event, now };
    let caller = match call.authenticate().await {
        Ok(Ok(caller)) => caller,
        Ok(Err(refusal)) => {
            call.note_refusal(refusal.error(), &refusal.to_string(), None);
            return event.refuse_unknown();
        }
        Err(outage) => {
            call.note(audit::Event::Unavailable { reason: &outage.to_string(), client: None });
            return Err(NoAnswer::Unavailable);
        }
    };
    let refusal = permit(&caller, &event, &app.config.route_scopes).err();
    if let Some(refusal) = &refusal {
        call.note_refusal(refusal.error(), &refusal.to_string(), Some(&caller));
    }
    Ok(event.answer(&caller, refusal.as_ref(), &app.config.route_scopes))
}

/// One request that may pass, or not.
struct Call<'a> {
    app: &'a App,
    event: &'a Event,
    now: Timestamp,
}

impl Call<'_> {
    /// Whose request it is.
    async fn authenticate(&self) -> Result<Result<Active, Unauthenticated>, Outage> {
        let Some(issuer) = &self.app.config.issuer else { return Err(UnknownIssuer.into()) };
        let token = match credentials::bearer(self.event) {
            Ok(token) => token, // §2.1
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(match token.describe(self.app, self.now).await? {
            Ok(active) if active.is_from(issuer) => Ok(active),
            Ok(_) => Err(Unauthenticated::OtherIssuer),
            Err(inactive) => Err(inactive.into()), // §3.1
        })
    }

    fn note_refusal(&self, error: &'static str, reason: &str, caller: Option<&Active>) {
        let client = caller.and_then(|caller| caller.client.as_ref());
        self.note(audit::Event::Refused { error, reason, client });
    }

    /// Writes a request's one line, if it did not pass.
    fn note(&self, event: audit::Event<'_>) {
        let (level, route) = (event.level(), self.event.route_key());
        let mut record = Record::new(self.now, event);
        record.request_id = self.event.request_id();
        record.path = Some(&route);
        self.app.log.write(level, &record);
    }
}

/// Whether `caller` may take the route that `event` asks for.
fn permit(caller: &Active, event: &Event, routes: &RouteScopes) -> Result<(), Forbidden> {
    let needed = event.needed_scope(routes)?;
    if needed.is_within(&caller.scope) {
        Ok(())
    } else {
        Err(Forbidden::InsufficientScope(needed.clone())) // §3.1
    }
}

/// Why nothing can be said about a request now.
#[derive(Debug, thiserror::Error)]
enum Outage {
    #[error(transparent)]
    Table(#[from] table::Error),
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
}
