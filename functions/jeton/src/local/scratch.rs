//! A deployment for unit tests.

use shared::{
    aws::Endpoint,
    config::Config,
    dynamodb::{self, schema},
    endpoint::App,
    log::{Level, Log},
    time::Clock,
};

use super::{
    database::{Database, Storage},
    listen::listen,
};

/// Returns the state of the functions over a new database in memory.
pub(super) async fn started() -> (App, Database) {
    let listener = listen(0, "").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let database = Database::start(&Storage::Memory, [listener]).unwrap();
    let mut config = Config::read(|_| None).unwrap();
    config.issuer = Some(url.parse().unwrap());
    let client = dynamodb::connect(Some(Endpoint { url, anonymous: true })).await.unwrap();
    schema::create(&client, &config.tables).await.unwrap();
    let log = Log::new(Level::Error, std::io::sink());
    (App::new(config, &client, Clock::system(), log), database)
}
