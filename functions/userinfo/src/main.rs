//! The userinfo function's entry point in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::endpoint::lambda::run_without_clients(|app, request| Box::pin(userinfo::handle(app, request)))
        .await
}
