//! `jeton serve`, from its first line to its last.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use shared::{
    app::App,
    compat::{Holder, Switches},
    config::{Config, Issuer, RouteScopes},
    dynamodb::{self, Endpoint},
    log::Log,
    table::schema,
    time::Clock,
};

use super::{Database, Error, Gateway, Storage, demo, listen, listen_at, sample};

/// What `serve` was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The functions' port; 0 is any that is free.
    pub port: u16,
    /// DynamoDB's port; none is the next one, or any that is free.
    pub dynamodb_port: Option<u16>,
    /// One more address that DynamoDB answers at, on the same port.
    pub dynamodb_listen: Option<IpAddr>,
    /// Where items are kept.
    pub storage: Storage,
    /// The issuer, if it is not the server's own address.
    pub issuer: Option<Issuer>,
    /// Whether to register a demo client and a person, and show what to do with it.
    pub demo: bool,
}

/// Serves until the process is asked to stop.
pub async fn serve(options: Options) -> Result<(), Error> {
    let mut stop = Stop::listen()?;
    let gateway_listener = listen(options.port, "--port").await?;
    let port = gateway_listener.local_addr()?.port();
    let dynamodb_port = match options.dynamodb_port {
        Some(port) => port,
        None if options.port == 0 => 0,
        None => options.port.checked_add(1).unwrap_or(0),
    };
    let dynamodb_listener = listen(dynamodb_port, "--dynamodb-port").await?;
    let dynamodb_port = dynamodb_listener.local_addr()?.port();
    let mut doors = vec![dynamodb_listener];
    if let Some(address) = options.dynamodb_listen {
        doors.push(listen_at(address, dynamodb_port, "--dynamodb-listen").await?);
    }
    let url = format!("http://{}:{port}", Ipv4Addr::LOCALHOST);
    let dynamodb_url = format!("http://{}:{dynamodb_port}", Ipv4Addr::LOCALHOST);

    // Every client's switch can be tried here, unless JETON_COMPAT says which, or `none`.
    let permitted = Switches::of(Holder::Client).to_string();
    let mut config = Config::from_env_or(|variable| (variable == "JETON_COMPAT").then(|| permitted.clone()))?;
    if let Some(issuer) = options.issuer {
        config.issuer = Some(issuer);
    }
    if config.issuer.is_none() {
        config.issuer = url.parse().ok();
    }
    if options.demo && config.route_scopes == RouteScopes::default() {
        config.route_scopes = sample::route_scopes();
    }
    let database = Database::start(&options.storage, doors)?;
    let client =
        dynamodb::connect(Some(Endpoint { url: database.url().to_owned(), anonymous: true })).await?;
    schema::create(&client, &config.tables).await.map_err(|error| Error::Tables(error.to_string()))?;
    let log = Log::new(config.log_level, std::io::stderr());
    let app = Arc::new(App::new(config, &client, Clock::system(), log));

    let mut banner = format!("Jeton listening on {url}\nDynamoDB listening on {dynamodb_url}\n");
    if let Some(address) = options.dynamodb_listen {
        let _ = writeln!(banner, "and on http://{}, for containers", SocketAddr::new(address, dynamodb_port));
    }
    banner.push('\n');
    banner.push_str(&kept(&options.storage));
    // As it was called, so that the line can be pasted as it is.
    let program = std::env::args().next().unwrap_or_else(|| "jeton".to_owned());
    let admin = format!("{program} --endpoint-url {dynamodb_url} client");
    if options.demo {
        let demo = demo::register(&app).await.map_err(|error| Error::Demo(error.to_string()))?;
        banner.push_str(&demo.lines(&url));
    }
    let _ = write!(
        banner,
        "\nRegister a client of your own, and see them all:\n\n  \
         {admin} create --name my-service --scope read\n  {admin} list\n"
    );
    banner.push_str("\nStop with Ctrl-C.\n");
    let gateway = if options.demo {
        Gateway::start_with_demo(app, gateway_listener)
    } else {
        Gateway::start(app, gateway_listener)
    };
    // Whoever reads standard output may have gone: serving matters more.
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(banner.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);

    stop.asked().await;
    gateway.stop().await;
    database.stop().await;
    Ok(())
}

fn kept(storage: &Storage) -> String {
    match storage {
        Storage::Memory => {
            "Nothing is kept: clients, people and tokens are gone when the server stops.\n".to_owned()
        }
        Storage::File(path) => format!("Clients, people and tokens are kept in {}.\n", path.display()),
    }
}

/// What asks a process to stop: Ctrl-C, or the signal that service managers send. Listened for from before anybody
/// is told that the server is there, so that it stops in order however soon it is asked to.
struct Stop {
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminated: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminated.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
