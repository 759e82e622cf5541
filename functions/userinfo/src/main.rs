//! The userinfo function's entry point in Lambda.

use shared::endpoint::lambda::{FirstRead, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    run(|app, request| Box::pin(userinfo::handle(app, request)), FirstRead::Grant).await
}
