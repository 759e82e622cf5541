//! The login function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run(|app, request| Box::pin(login::handle(app, request))).await
}
