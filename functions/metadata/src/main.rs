//! The metadata function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run_without_tables(|app, request| Box::pin(metadata::handle(app, request)))
        .await
}
