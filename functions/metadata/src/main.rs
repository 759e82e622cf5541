//! The metadata function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::run_mostly_without_tables(|app, request| Box::pin(metadata::handle(app, request))).await
}
