//! The logout function's entry point in Lambda.

use shared::endpoint::lambda::{FirstRead, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    run(|app, request| Box::pin(logout::handle(app, request)), FirstRead::Client).await
}
