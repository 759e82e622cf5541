//! One invocation of the authorizer, and its log lines.

use shared::{
    audit::{self, Record},
    endpoint::App,
    oauth::ClientId,
    time::Timestamp,
};

use crate::{Error, event::Event};

pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) event: &'a Event,
    pub(crate) now: Timestamp,
}

impl Call<'_> {
    /// Logs that the request was refused.
    pub(crate) fn log_refused(&self, error: &'static str, reason: &str, client: Option<&ClientId>) {
        self.log(audit::Event::Refused { error, reason, client });
    }

    pub(crate) fn log(&self, event: audit::Event<'_>) {
        let (level, route) = (event.level(), self.event.route_key());
        let mut record = Record::new(self.now, event);
        record.request_id = self.event.request_id();
        record.path = Some(&route);
        self.app.log.write(level, &record);
    }
}

/// Logs an event that no gateway sends its authorizer. It has no request id and no route.
pub(crate) fn log_malformed(app: &App, now: Timestamp) {
    let reason = Error::MalformedEvent.to_string();
    let event = audit::Event::Refused { error: "invalid_request", reason: &reason, client: None };
    let (level, mut record) = (event.level(), Record::new(now, event));
    record.path = Some(Record::NO_ROUTE);
    app.log.write(level, &record);
}
