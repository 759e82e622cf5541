//! A deployment for unit tests.

use shared::{
    config::Config,
    dynamodb::schema,
    endpoint::App,
    log::{Level, Log},
    time::Clock,
};

use super::{
    database::{Database, Storage},
    engine::connect,
};

/// Returns the state of the functions over a new database in memory.
pub(super) async fn started() -> (App, Database) {
    let database = Database::start(&Storage::Memory, []).unwrap();
    let mut config = Config::read(|_| None).unwrap();
    config.issuer = Some("http://127.0.0.1".parse().unwrap());
    let client = connect(database.engine().clone()).await.unwrap();
    schema::create(&client, &config.tables).await.unwrap();
    let log = Log::new(Level::Error, std::io::sink());
    (App::new(config, &client, Clock::system(), log), database)
}
