//! Users' grants after the server was killed during redemptions, refreshes and revocations.

use std::sync::Arc;

use shared::{
    aws::Endpoint,
    config::Config,
    dynamodb::{self, Table},
    endpoint::App,
    grants::{CodeGrant, Grant, Terms},
    log::{Level, Log},
    secret::{AuthorizationCode, Digest, Id, Secret, random},
    status::Status,
    time::Clock,
};
use tokio::task::JoinSet;

use crate::harness::{
    Registered, Response,
    code_flow::{CALLBACK, Pair, VERIFIER},
    process::{Directory, Server},
};

const ISSUER: &str = "https://auth.example.com";

/// The state of a grant, as far as the server's responses tell.
#[derive(Debug)]
enum Known {
    /// The redemption got no response: every state is possible.
    Unknown,
    /// This pair is the newest that was returned. A later refresh with it may have been made without a response.
    Alive(Pair),
    /// The revocation got no response.
    PerhapsEnded,
    /// The revocation succeeded.
    Ended(Pair),
}

/// Returns an app on the tables of `server`, as an administrator uses it.
async fn tables(server: &Server) -> App {
    let endpoint = Endpoint { url: server.dynamodb_url.clone(), anonymous: true };
    let client = dynamodb::connect(Some(endpoint)).await.unwrap();
    let log = Log::new(Level::Error, std::io::sink());
    App::new(Config::read(|_| None).unwrap(), &client, Clock::system(), log)
}

/// Returns a code of `client` after `user` consented.
async fn code(app: &App, client: &Registered, user: Id) -> String {
    let (client, _) = app.clients.read(&client.id.parse().unwrap()).await.unwrap().unwrap();
    let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
    let (scope, issuer, now) = (client.default_scope.clone(), ISSUER.parse().unwrap(), app.clock.now());
    let consent = CodeGrant {
        user,
        authenticated_at: now,
        redirect_uri: CALLBACK,
        redirect_uri_sent: false,
        nonce: None,
        challenge: Some(Digest::of(VERIFIER)),
    };
    let grant =
        Grant::for_user(Terms { client: &client, scope, resource: None, issuer, now }, &consent, &code);
    app.grants.issue(&grant).await.unwrap();
    code.expose().to_owned()
}

/// Sends a request until the response is not 503, which a busy machine may cause. `None`: the server is gone.
async fn send(server: &Server, client: &Registered, path: &str, form: &[(&str, &str)]) -> Option<Response> {
    loop {
        let response = server.post(path).basic(client).form(form).try_send().await.ok()?;
        if response.status != 503 {
            return Some(response);
        }
    }
}

/// Redeems, refreshes and, for every third grant, revokes, until the server is gone.
async fn use_grant(server: Arc<Server>, client: Registered, code: String, nth: usize) -> Known {
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    // A redemption must not be repeated: after a 503 it may have been made or not.
    let response = server.post("/oauth/token").basic(&client).form(&form).try_send().await;
    let Some(response) = response.ok().filter(|response| response.status != 503) else {
        return Known::Unknown;
    };
    let mut pair = response.pair();
    let revoked = nth.is_multiple_of(3);
    for _ in 0..if revoked { 1 } else { 5 } {
        let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
        let Some(response) = send(&server, &client, "/oauth/token", &form).await else {
            return Known::Alive(pair);
        };
        pair = response.pair();
    }
    if !revoked {
        return Known::Alive(pair);
    }
    match send(&server, &client, "/oauth/revoke", &[("token", pair.refresh.as_str())]).await {
        Some(response) => {
            assert_eq!(response.status, 200, "{}", response.text);
            Known::Ended(pair)
        }
        None => Known::PerhapsEnded,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_ends_no_grant_and_revives_none() {
    const GRANTS: usize = 60;
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    // Each start uses another port, which would be another issuer.
    let options = ["--database", &file, "--issuer", ISSUER];
    let mut server = Server::start(&options).await;
    // The longest window: on a busy machine it may take long from the kill to the retry.
    let registration = ["--redirect-uri", CALLBACK, "--scope", "read", "--refresh-grace", "300"];
    let client = server.register(&registration).await;
    let app = tables(&server).await;
    let user = Id::random();
    let users = Table::new(app.grants.table().client(), &app.config.tables.users);
    assert!(users.insert(&Status::new(user, "ada")).await.unwrap().is_none());
    for round in 1..=2 {
        let app = tables(&server).await;
        let mut codes = Vec::new();
        for _ in 0..GRANTS {
            codes.push(code(&app, &client, user).await);
        }
        let loaded = Arc::new(server);
        let mut grants: JoinSet<Known> = codes
            .into_iter()
            .enumerate()
            .map(|(nth, code)| use_grant(Arc::clone(&loaded), client.clone(), code, nth))
            .collect();
        let mut known = Vec::new();
        // A third of the grants is finished; the others are in any state.
        while let Some(state) = grants.join_next().await {
            known.push(state.unwrap());
            if known.len() == GRANTS / 3 {
                loaded.kill();
            }
        }
        Arc::into_inner(loaded).unwrap().gone().await;
        server = Server::start(&options).await;
        let mut checked = [0; 2];
        for state in &known {
            match state {
                Known::Unknown | Known::PerhapsEnded => {}
                Known::Alive(pair) => {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
                    let response = send(&server, &client, "/oauth/token", &form).await.unwrap();
                    assert!(server.is_active(&client, &response.pair().access).await, "round {round}");
                    checked[0] += 1;
                }
                Known::Ended(pair) => {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
                    send(&server, &client, "/oauth/token", &form)
                        .await
                        .unwrap()
                        .is_error(400, "invalid_grant");
                    assert!(!server.is_active(&client, &pair.access).await, "round {round}");
                    checked[1] += 1;
                }
            }
        }
        assert!(checked.iter().all(|count| *count > 0), "{checked:?} of {GRANTS}");
    }
}
