//! The command `jeton serve`.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use shared::{
    config::Config,
    dynamodb::schema,
    endpoint::App,
    log::Log,
    oauth::{Issuer, Switches},
    time::Clock,
};
use tokio::net::TcpListener;

use super::{
    database::{Database, Storage},
    demo::{self, Demo},
    engine::connect,
    error::Error,
    gateway::Gateway,
    listen::{listen, listen_at},
    signing_key::{self, LocalSigner},
};

#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the functions; 0 is any free port.
    pub port: u16,
    /// The port of DynamoDB. `None`: the next one, or any free port.
    pub dynamodb_port: Option<u16>,
    /// Another address for DynamoDB, on the same port.
    pub dynamodb_listen: Option<IpAddr>,
    pub storage: Storage,
    /// The permitted compatibility switches. `None`: those of `JETON_COMPAT`.
    pub compat: Option<Switches>,
    /// The issuer. `None`: that of `JETON_ISSUER`, else the server's own address.
    pub issuer: Option<Issuer>,
    /// Whether to register the demo.
    pub demo: bool,
}

/// Serves until the process gets a signal to stop.
pub async fn serve(options: Options) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let gateway_listener = listen(options.port, "--port").await?;
    let url = url_of(&gateway_listener)?;
    let (loopback, for_containers) = listen_for_dynamodb(&options).await?;
    let dynamodb_url = url_of(&loopback)?;
    let container_address = for_containers.as_ref().map(TcpListener::local_addr).transpose()?;
    let config = config(&options, &url)?;
    let switches = config.compat.clone();
    let database = Database::start(&options.storage, [loopback].into_iter().chain(for_containers))?;
    let client = connect(database.engine().clone()).await?;
    schema::create(&client, &config.tables).await.map_err(Error::Tables)?;
    let log = Log::new(config.log_level, std::io::stderr());
    let mut app = App::new(config, &client, Clock::system(), log);
    if app.config.signing_keys.permit_local() {
        signing_key::ensure(&app).await?;
        let signer = LocalSigner::new(app.clients.table().clone());
        app = app.signing_with(Arc::new(signer));
    }
    let app = Arc::new(app);
    let demo = if options.demo { Some(demo::register(&app).await?) } else { None };
    let banner =
        Banner { url, dynamodb_url, container_address, storage: &options.storage, switches, demo }.text();
    let gateway = if options.demo {
        Gateway::start_with_demo(app, gateway_listener)
    } else {
        Gateway::start(app, gateway_listener)
    }?;
    // A reader that closed standard output is no reason to stop.
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(banner.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);

    signals.received().await;
    gateway.stop().await;
    database.stop().await;
    Ok(())
}

fn url_of(listener: &TcpListener) -> Result<String, Error> {
    Ok(format!("http://{}:{}", Ipv4Addr::LOCALHOST, listener.local_addr()?.port()))
}

/// Listens on loopback, and on the address for containers if there is one.
async fn listen_for_dynamodb(options: &Options) -> Result<(TcpListener, Option<TcpListener>), Error> {
    let port = match options.dynamodb_port {
        Some(port) => port,
        None if options.port == 0 => 0,
        None => options.port.checked_add(1).unwrap_or(0),
    };
    let listener = listen(port, "--dynamodb-port").await?;
    let port = listener.local_addr()?.port();
    let for_containers = match options.dynamodb_listen {
        Some(address) => Some(listen_at(address, port, "--dynamodb-listen").await?),
        None => None,
    };
    Ok((listener, for_containers))
}

/// Reads the configuration from the environment; `options` go first.
fn config(options: &Options, url: &str) -> Result<Config, Error> {
    let mut config =
        Config::from_env_or(|variable| if options.demo { demo::variable(variable) } else { None })?;
    if let Some(compat) = &options.compat {
        config.compat = compat.clone();
    }
    config.issuer = options.issuer.clone().or(config.issuer).or_else(|| url.parse().ok());
    Ok(config)
}

/// The text that the server prints once it is ready.
struct Banner<'a> {
    url: String,
    dynamodb_url: String,
    container_address: Option<SocketAddr>,
    storage: &'a Storage,
    switches: Switches,
    demo: Option<Demo>,
}

impl Banner<'_> {
    /// Returns the text. Scripts rely on its first two lines.
    fn text(&self) -> String {
        let Self { url, dynamodb_url, switches, .. } = self;
        let mut text = format!("Jeton listening on {url}\nDynamoDB listening on {dynamodb_url}\n");
        if let Some(address) = self.container_address {
            let _ = writeln!(text, "and on http://{address}, for containers");
        }
        text.push('\n');
        let _ = match self.storage {
            Storage::Memory => {
                writeln!(text, "Nothing is stored: clients, users and tokens are gone when the server stops.")
            }
            Storage::File(path) => {
                writeln!(text, "Clients, users and tokens are stored in {}.", path.display())
            }
        };
        if !switches.is_empty() {
            let _ = writeln!(text, "Permitted compatibility switches: {switches}.");
        }
        if let Some(demo) = &self.demo {
            text.push_str(&demo.text(url));
        }
        // The program as it was called, so that the lines can be pasted.
        let program = std::env::args().next().unwrap_or_else(|| "jeton".to_owned());
        let client = format!("{program} --endpoint-url {dynamodb_url} client");
        let _ = write!(
            text,
            "\nRegister a client of your own, and list all clients:\n\n  \
             {client} create --name my-service --scope read\n  {client} list\n\nStop with Ctrl-C.\n"
        );
        text
    }
}

/// The signals that stop the server: Ctrl-C, and that of service managers. They are handled from before the server
/// announces itself, so that it stops in order however early they come.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
