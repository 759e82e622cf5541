//! The token function's entry point in Lambda.

use std::sync::Arc;

use shared::{
    aws,
    endpoint::lambda::{self, FirstRead},
};
use token::Kms;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let settings = aws::settings(None).await?;
    let mut app = lambda::start(&settings)?;
    if app.config.signing_keys.is_on() {
        let kms = Kms::new(&settings);
        tokio::join!(lambda::warm_up(&app, FirstRead::Client), kms.warm_up(&app.config.signing_keys));
        app = app.signing_with(Arc::new(kms));
    } else {
        lambda::warm_up(&app, FirstRead::Client).await;
    }
    lambda::serve(app, |app, request| Box::pin(token::handle(app, request))).await
}
