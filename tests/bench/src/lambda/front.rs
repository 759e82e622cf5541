//! The TLS front of the local DynamoDB and of KMS, which functions reach as they reach AWS's.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    ops::Add,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{
    Error,
    kms::{Kms, SIGN},
};
use crate::http::Connection;

/// One request, as it was seen.
#[derive(Clone)]
pub(crate) struct Seen {
    /// The operation, such as `GetItem`.
    pub(crate) operation: String,
    pub(crate) body: Value,
    /// The capacity units; none of KMS.
    pub(crate) units: f64,
}

/// What is behind the front.
struct Services {
    dynamodb: SocketAddr,
    kms: Kms,
    /// The requests since the recording began, if it is on.
    recording: Mutex<Option<Vec<Seen>>>,
}

pub(crate) struct Front {
    /// The addresses of DynamoDB and of KMS: a function opens a connection to each, as in AWS.
    pub(crate) dynamodb: SocketAddr,
    pub(crate) kms: SocketAddr,
    /// The file of the certificate that functions trust.
    pub(crate) roots: PathBuf,
    services: Arc<Services>,
}

impl Front {
    /// Starts the front of `dynamodb` and `kms`.
    pub(crate) async fn start(dynamodb: SocketAddr, kms: Kms, folder: &Path) -> Result<Self, Error> {
        let roots = folder.join("roots.pem");
        let acceptor = TlsAcceptor::from(Arc::new(certified(&roots)?));
        let services = Arc::new(Services { dynamodb, kms, recording: Mutex::default() });
        let listen = async || listen(acceptor.clone(), Arc::clone(&services)).await;
        Ok(Self { dynamodb: listen().await?, kms: listen().await?, roots, services })
    }

    /// Begins to record requests.
    pub(crate) fn record(&self) {
        self.services.with(|recording| *recording = Some(Vec::new()));
    }

    /// Returns the requests since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        self.services.with(|recording| recording.as_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Ends the recording. Without one, requests and responses go through unchanged.
    pub(crate) fn stop(&self) {
        self.services.with(|recording| *recording = None);
    }
}

impl Services {
    fn with<T>(&self, change: impl FnOnce(&mut Option<Vec<Seen>>) -> T) -> T {
        change(&mut self.recording.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes a root certificate, which it writes to `roots`, and one of the server.
fn certified(roots: &Path) -> Result<ServerConfig, Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    fs::write(roots, authority.pem())?;
    let key = KeyPair::generate()?;
    let server = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()])?.signed_by(&key, &authority)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    Ok(config.with_single_cert(vec![server.der().clone()], key)?)
}

/// Serves on a free port, which it returns.
async fn listen(acceptor: TlsAcceptor, services: Arc<Services>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&services)));
        }
    });
    address
}

/// Serves one connection; it ends with an error when the function is stopped.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, services: Arc<Services>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let dynamodb = Connection::open(services.dynamodb).await?;
    let service = service_fn(async |request| respond(request, &dynamodb, &services).await);
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

async fn respond(
    request: Request<Incoming>,
    dynamodb: &Connection,
    services: &Services,
) -> Result<Response<Full<Bytes>>, Error> {
    let (mut head, body) = request.into_parts();
    let mut body = body.collect().await?.to_bytes();
    let is_on = services.with(|recording| recording.is_some());
    let recorded = is_on.then(|| serde_json::from_slice::<Value>(&body)).transpose()?;
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.')).map(|(_, name)| name.to_owned());
    let response = if operation.as_deref() == Some(SIGN) {
        services.kms.sign(&body)?
    } else {
        if let Some(mut request) = recorded.clone() {
            request["ReturnConsumedCapacity"] = "TOTAL".into();
            body = serde_json::to_vec(&request)?.into();
            head.headers.remove(header::CONTENT_LENGTH);
        }
        dynamodb.send(Request::from_parts(head, Full::new(body))).await?
    };
    if let (Some(operation), Some(body)) = (operation, recorded) {
        let answer: Value = serde_json::from_slice(response.body())?;
        let seen = Seen { operation, body, units: units(&answer["ConsumedCapacity"]) };
        services.with(|recording| recording.get_or_insert_default().push(seen));
    }
    let mut response = response.map(Full::new);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(response)
}

/// Returns the sum of the capacity units of one table or of several.
fn units(consumed: &Value) -> f64 {
    match consumed {
        Value::Array(tables) => tables.iter().map(units).fold(0.0, Add::add),
        table => table["CapacityUnits"].as_f64().unwrap_or_default(),
    }
}
