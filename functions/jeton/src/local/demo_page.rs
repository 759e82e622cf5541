//! The demo application: a public client that runs in the browser. The local server serves its page.

use axum::response::{Html, Redirect};

/// The path of the page, and of the client's redirect URI.
pub(super) const PATH: &str = "/demo";

pub(super) async fn page() -> Html<&'static str> {
    Html(include_str!("demo.html"))
}

pub(super) async fn redirect() -> Redirect {
    Redirect::to(PATH)
}
