//! The demo application: a public client that runs in the browser. The local server serves its page.

use axum::response::{Html, Redirect};
use shared::{
    clients::{self, Registration},
    endpoint::{App, UnknownIssuer},
    oauth::ClientId,
};

use super::demo::error::Error;

/// The path of the page, and of the client's redirect URI.
pub(super) const PATH: &str = "/demo";
/// The client's id.
pub(super) const CLIENT: &str = "demo-app";

pub(super) async fn page() -> Html<&'static str> {
    Html(include_str!("demo.html"))
}

pub(super) async fn redirect() -> Redirect {
    Redirect::to(PATH)
}

/// Registers the client. That of an earlier start gets the page's address and scope if it lacks the address: that
/// start was at another port, or of a release without OpenID Connect.
pub(super) async fn register(app: &App) -> Result<(), Error> {
    let id: ClientId = CLIENT.parse().unwrap_or_else(|_| ClientId::random());
    let issuer = app.config.issuer.as_ref().ok_or(UnknownIssuer)?;
    let after_logout = vec![format!("{issuer}{}", PATH)];
    let scope = ["openid", "profile", "email", "read", "write"].map(str::to_owned).to_vec();
    if let Some((client, _)) = app.clients.read(&id).await.map_err(clients::WriteError::from)? {
        if client.post_logout_redirect_uris != after_logout {
            let registered = Registration::of(&client);
            let needed = Registration { scope, post_logout_redirect_uris: after_logout, ..registered };
            app.clients.update(&client, &needed.update(&client)?).await?;
        }
        return Ok(());
    }
    let registration = Registration {
        name: "Demo application".to_owned(),
        public: true,
        redirect_uris: vec![format!("http://127.0.0.1{}", PATH)],
        post_logout_redirect_uris: after_logout,
        scope,
        ..Registration::default()
    };
    let (client, _) = registration.accept(id, app.clock.now())?;
    Ok(app.clients.create(&client).await?)
}

#[cfg(test)]
mod tests {
    use super::{super::scratch::started, *};

    #[tokio::test]
    async fn a_client_of_an_earlier_release_or_port_gets_what_the_page_needs() {
        let (mut app, database) = started().await;
        let id = CLIENT.parse().unwrap();
        let earlier = Registration {
            name: "Demo application".to_owned(),
            public: true,
            redirect_uris: vec!["http://127.0.0.1/demo".to_owned()],
            scope: vec!["read".to_owned(), "write".to_owned()],
            ..Registration::default()
        };
        app.clients.create(&earlier.accept(id, app.clock.now()).unwrap().0).await.unwrap();
        for issuer in [app.config.issuer.clone().unwrap(), "http://127.0.0.1:1".parse().unwrap()] {
            app.config.issuer = Some(issuer.clone());
            register(&app).await.unwrap();
            let (client, _) = app.clients.read(&CLIENT.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(client.post_logout_redirect_uris, [format!("{issuer}/demo")]);
            assert_eq!(client.scope.to_string(), "email openid profile read write");
            assert_eq!(client.redirect_uris, ["http://127.0.0.1/demo"]);
        }
        database.stop().await;
    }
}
