//! The authorizer's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run_on_events(|app, event| Box::pin(authorizer::handle(app, event))).await
}
