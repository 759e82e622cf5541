//! The API Gateway Lambda authorizer: API Gateway asks whether a request may pass (RFC 6750).
//!
//! # Design
//! It runs before other people's APIs, so it must be told the issuer whose tokens it takes: it does not start
//! without, and a token of another issuer is refused. A refusal is an answer, and its form depends on the gateway:
//! see [`answer`]. That DynamoDB failed is no refusal, which would make a client throw its token away: it is an
//! error, which the gateway turns into a 500.

mod answer;
mod caller;
mod credentials;
mod event;
mod path;
mod refusal;

pub use answer::{Answer, NoAnswer};
pub use refusal::{Forbidden, Unauthenticated};

use shared::{
    app::App,
    audit::{self, Record},
    config::RouteScopes,
    http::UnknownIssuer,
    table,
    time::Timestamp,
};

use caller::Caller;
use credentials::Credentials;
use event::Event;

/// Answers `event`, in JSON: what an authorizer of an HTTP API (payload format 2.0) or a REST API is sent.
pub async fn handle(app: &App, event: &str) -> Result<Answer, NoAnswer> {
    let now = app.clock.now();
    let event: Event = serde_json::from_str(event).map_err(|_| NoAnswer::NotUnderstood)?;
    let call = Call { app, event: &event, now };
    let caller = match call.authenticate().await {
        Ok(caller) => caller,
        Err(Failed::Refused(refusal)) => {
            call.note_refusal(refusal.error(), &refusal.to_string(), None);
            return event.refuse_unknown();
        }
        Err(failed @ (Failed::Table(_) | Failed::Issuer(_))) => {
            call.note(audit::Event::Unavailable { reason: &failed.to_string(), client: None });
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
    async fn authenticate(&self) -> Result<Caller, Failed> {
        let credentials = Credentials::read(self.event, &self.app.config.compat)?; // §2
        self.prove(&credentials).await
    }

    fn note_refusal(&self, error: &'static str, reason: &str, caller: Option<&Caller>) {
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
fn permit(caller: &Caller, event: &Event, routes: &RouteScopes) -> Result<(), Forbidden> {
    let needed = event.needed_scope(routes)?;
    if caller.has(&needed) {
        Ok(())
    } else {
        Err(Forbidden::InsufficientScope(needed)) // §3.1
    }
}

/// Why nobody can be named as the caller.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Refused(#[from] Unauthenticated),
    #[error(transparent)]
    Table(#[from] table::Error),
    #[error(transparent)]
    Issuer(#[from] UnknownIssuer),
}
