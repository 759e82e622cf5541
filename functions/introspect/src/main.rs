//! The introspect function's entry point in Lambda.

use shared::endpoint::lambda::{FirstRead, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    run(|app, request| Box::pin(introspect::handle(app, request)), FirstRead::Client).await
}
