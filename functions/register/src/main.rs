//! The register function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run(|app, request| Box::pin(register::handle(app, request))).await
}
