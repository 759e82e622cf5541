//! `jeton doctor`: checks of a deployment that change nothing.

mod check;
mod issuer;
mod keys;
mod registered;
mod rights;
mod tables;

use clap::Args;
use serde_json::json;
use shared::oauth::Issuer;

use super::{connection::Admin, error::Error};
use check::{Check, Level};

#[derive(Debug, Args)]
pub struct Doctor {
    /// The issuer, whose metadata is fetched as clients fetch it [default: `JETON_ISSUER`]
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
}

impl Doctor {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let mut checks = vec![clock(admin)];
        checks.extend(tables::checks(admin).await);
        checks.extend(rights::checks(admin).await);
        checks.extend(registered::checks(admin).await);
        let issuer = self.issuer.as_ref().or(admin.app.config.issuer.as_ref());
        checks.extend(issuer::checks(issuer, &admin.app.clock).await);
        checks.extend(keys::checks(admin, issuer).await);
        let failures = checks.iter().filter(|check| check.level == Level::Failure).count();
        let text: Vec<_> = checks.iter().map(Check::text).collect();
        admin.print(&json!({ "checks": checks, "failures": failures }), &text.join("\n"))?;
        if failures == 0 { Ok(()) } else { Err(Error::Unhealthy(failures)) }
    }
}

fn clock(admin: &Admin) -> Check {
    match admin.clock_warning() {
        None => Check::ok("clock", "this machine's clock agrees with DynamoDB's"),
        Some(warning) => Check::warning("clock", format!("{warning}; set this machine's clock")),
    }
}
