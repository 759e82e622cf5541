//! People's grants, when the server is killed in the middle of redemptions, refreshes and revocations.

use std::sync::Arc;

use shared::{
    app::App,
    config::Config,
    dynamodb::{self, Endpoint},
    grant::{Agreement, Grant, Terms},
    log::{Level, Log},
    secret::{AuthorizationCode, Digest, Id, Secret, random},
    status::Status,
    table::Table,
    time::Clock,
};
use tokio::task::JoinSet;

use crate::harness::{
    Answer, Registered,
    person::{CALLBACK, Pair, VERIFIER},
    process::{Directory, Server},
};

const ISSUER: &str = "https://auth.example.com";

/// What is known of a grant from the server's answers.
#[derive(Debug)]
enum Known {
    /// Its redemption is asked for and not answered: nothing is promised.
    Perhaps,
    /// This pair is the newest that was answered. A refresh with it may have been done, and not answered.
    Alive(Pair),
    /// Its revocation is asked for and not answered.
    PerhapsEnded,
    /// Its revocation is answered.
    Ended(Pair),
}

/// The tables of `server`, seen as an administrator sees them.
async fn tables(server: &Server) -> App {
    let endpoint = Endpoint { url: server.dynamodb_url.clone(), anonymous: true };
    let client = dynamodb::connect(Some(endpoint)).await.unwrap();
    let log = Log::new(Level::Error, std::io::sink());
    App::new(Config::read(|_| None).unwrap(), &client, Clock::system(), log)
}

/// A code of `client` for a person who has just agreed.
async fn code(app: &App, client: &Registered, person: Id) -> String {
    let (client, _) = app.clients.read(&client.id.parse().unwrap()).await.unwrap().unwrap();
    let code = Secret::<AuthorizationCode>::new(Id::random(), &random());
    let (scope, issuer, now) = (client.default_scope.clone(), ISSUER.parse().unwrap(), app.clock.now());
    let agreement = Agreement {
        person,
        authenticated_at: now,
        redirect_uri: CALLBACK,
        redirect_uri_sent: false,
        challenge: Some(Digest::of(VERIFIER)),
    };
    let grant = Grant::for_person(Terms { client: &client, scope, issuer, now }, &agreement, &code);
    app.grants.issue(&grant).await.unwrap();
    code.expose().to_owned()
}

/// What is answered once the server can answer, which a busy machine may delay. `None`: it is gone.
async fn ask(server: &Server, client: &Registered, path: &str, form: &[(&str, &str)]) -> Option<Answer> {
    loop {
        let answer = server.post(path).basic(client).form(form).try_send().await.ok()?;
        if answer.status != 503 {
            return Some(answer);
        }
    }
}

/// One grant's life: redeemed, refreshed, every third one soon revoked; until the server is gone.
async fn live(server: Arc<Server>, client: Registered, code: String, nth: usize) -> Known {
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    // A redemption is not to be repeated: whether one that was answered by 503 was done, nobody can tell.
    let answer = server.post("/oauth/token").basic(&client).form(&form).try_send().await;
    let Some(answer) = answer.ok().filter(|answer| answer.status != 503) else { return Known::Perhaps };
    let mut pair = answer.pair();
    let revoked = nth.is_multiple_of(3);
    for _ in 0..if revoked { 1 } else { 5 } {
        let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
        let Some(answer) = ask(&server, &client, "/oauth/token", &form).await else {
            return Known::Alive(pair);
        };
        pair = answer.pair();
    }
    if !revoked {
        return Known::Alive(pair);
    }
    match ask(&server, &client, "/oauth/revoke", &[("token", pair.refresh.as_str())]).await {
        Some(answer) => {
            assert_eq!(answer.status, 200, "{}", answer.text);
            Known::Ended(pair)
        }
        None => Known::PerhapsEnded,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_logs_nobody_out_and_brings_nothing_back() {
    const GRANTS: usize = 60;
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    // Each start is on another port, which would be another issuer.
    let options = ["--database", &file, "--issuer", ISSUER];
    let mut server = Server::start(&options).await;
    // The longest window: a busy machine may take a while to get from the kill to the retry.
    let registration = ["--redirect-uri", CALLBACK, "--scope", "read", "--refresh-grace", "300"];
    let client = server.register(&registration).await;
    let app = tables(&server).await;
    let person = Id::random();
    let users = Table::new(app.grants.table().client(), &app.config.tables.users);
    assert!(users.insert(&Status::new(person, "ada")).await.unwrap().is_none());
    for round in 1..=2 {
        let app = tables(&server).await;
        let mut codes = Vec::new();
        for _ in 0..GRANTS {
            codes.push(code(&app, &client, person).await);
        }
        let loaded = Arc::new(server);
        let mut lives: JoinSet<Known> = codes
            .into_iter()
            .enumerate()
            .map(|(nth, code)| live(Arc::clone(&loaded), client.clone(), code, nth))
            .collect();
        let mut known = Vec::new();
        // The first lives are over; the others are at every stage.
        while let Some(life) = lives.join_next().await {
            known.push(life.unwrap());
            if known.len() == GRANTS / 3 {
                loaded.kill();
            }
        }
        Arc::into_inner(loaded).unwrap().gone().await;
        server = Server::start(&options).await;
        let mut checked = [0; 2];
        for life in &known {
            match life {
                Known::Perhaps | Known::PerhapsEnded => {}
                Known::Alive(pair) => {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
                    let answer = ask(&server, &client, "/oauth/token", &form).await.unwrap();
                    assert!(server.is_active(&client, &answer.pair().access).await, "round {round}");
                    checked[0] += 1;
                }
                Known::Ended(pair) => {
                    let form = [("grant_type", "refresh_token"), ("refresh_token", pair.refresh.as_str())];
                    ask(&server, &client, "/oauth/token", &form)
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
