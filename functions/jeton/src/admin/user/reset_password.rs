//! `jeton user reset-password`

use clap::Args;
use serde_json::json;
use shared::{audit::UserChange, oauth::Issuer, users::reset_link};

use crate::admin::{
    connection::Admin,
    error::{Error, InvalidInput},
    output::utc,
};

#[derive(Debug, Args)]
pub struct ResetPassword {
    /// The user's login name
    name: String,
    /// The issuer, which the link begins with [default: `JETON_ISSUER`]
    #[arg(long, value_name = "URL")]
    issuer: Option<Issuer>,
}

impl ResetPassword {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        let issuer =
            self.issuer.as_ref().or(admin.app.config.issuer.as_ref()).ok_or(InvalidInput::NoIssuer)?;
        let (user, status) = admin.user_and_status(&self.name).await?;
        if status.disabled {
            return Err(InvalidInput::Disabled(user.username).into());
        }
        // An earlier end must not end the link, so the link begins as late as the clocks allow.
        let begin = admin.latest();
        let token = admin.app.users.create_reset_link(user.sub, begin).await?;
        admin.audit_user(user.sub, UserChange::ResetLinkCreated);
        admin.wait_until_past(begin).await;
        let (url, end) = (reset_link::url(issuer, &token), begin.after(reset_link::LIFETIME));
        let json = json!({
            "sub": user.sub,
            "username": user.username,
            "url": url,
            "expires_at": end.seconds(),
        });
        let text = format!(
            "{url}\n\nWith this link, {} sets a new password. It works once, until {}. A person with this link can take \
             over the account: hand it over in person or by a channel that only {} reads.",
            user.username,
            utc(end),
            user.username,
        );
        admin.print(&json, &text)
    }
}
