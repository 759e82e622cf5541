//! The discovery function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run_with_keys(|app, request| Box::pin(discovery::handle(app, request))).await
}
