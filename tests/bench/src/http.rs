//! HTTP/1.1 over one connection that is kept alive.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LOCATION},
};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{net::TcpSocket, sync::Mutex};

/// The media type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The most characters of a body in an error.
const EXCERPT: usize = 300;

/// The reason why a request did not get the expected response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    #[error("unexpected response to {request}: {status} {location} {body}")]
    Unexpected { request: String, status: StatusCode, location: String, body: String },
}

impl Error {
    /// Returns the error of a response that `request` does not expect, with the start of its body.
    pub(crate) fn unexpected(request: &str, response: &Response<Bytes>) -> Self {
        Self::Unexpected {
            request: request.to_owned(),
            status: response.status(),
            location: location(response).unwrap_or_default().to_owned(),
            body: String::from_utf8_lossy(response.body()).chars().take(EXCERPT).collect(),
        }
    }
}

/// A request with its whole body.
pub(crate) type Call = Request<Full<Bytes>>;

/// A connection to a server on this machine, for one request at a time.
pub(crate) struct Connection {
    pub(crate) address: SocketAddr,
    host: HeaderValue,
    sender: Mutex<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Error> {
        Self::open_from(Ipv4Addr::LOCALHOST, address).await
    }

    /// Opens a connection from this loopback address, which the server takes for the client's.
    pub(crate) async fn open_from(client: Ipv4Addr, address: SocketAddr) -> Result<Self, Error> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((client, 0).into())?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its error is that of the request, too.
        tokio::spawn(async { drop(connection.await) });
        let host = HeaderValue::try_from(address.to_string()).map_err(hyper::http::Error::from)?;
        Ok(Self { address, host, sender: Mutex::new(sender) })
    }

    /// Sends a request, and returns the response with its whole body.
    pub(crate) async fn send(&self, mut call: Call) -> Result<Response<Bytes>, Error> {
        call.headers_mut().insert(HOST, self.host.clone());
        let mut sender = self.sender.lock().await;
        sender.ready().await?;
        let (head, body) = sender.send_request(call).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}

/// Returns the request for the page at a path.
pub(crate) fn get(path: &str) -> Result<Call, Error> {
    Ok(Request::get(path).body(Full::default())?)
}

/// Returns the request that sends a form, with the `Authorization` header if there is one.
pub(crate) fn post(path: &str, fields: &[(&str, &str)], authorization: Option<&str>) -> Result<Call, Error> {
    let mut call = Request::post(path).header(CONTENT_TYPE, FORM);
    if let Some(authorization) = authorization {
        call = call.header(AUTHORIZATION, authorization);
    }
    Ok(call.body(Full::new(form(fields).into()))?)
}

/// Returns a request to the embedded DynamoDB, which reads the form of a signature only.
pub(crate) fn dynamodb(operation: &str, body: &Value) -> Result<Call, Error> {
    let authorization = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=00";
    let call = Request::post("/")
        .header(CONTENT_TYPE, "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header(AUTHORIZATION, authorization);
    Ok(call.body(Full::new(body.to_string().into()))?)
}

/// Returns the fields of a form as a body, or as a query.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Returns the credentials of a client for the `Authorization` header (RFC 6749 §2.3.1).
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// Reads the JSON of a response whose status is 200.
pub(crate) fn json<T: DeserializeOwned>(request: &str, response: &Response<Bytes>) -> Result<T, Error> {
    let json = serde_json::from_slice(response.body()).ok();
    json.filter(|_| response.status() == StatusCode::OK).ok_or_else(|| Error::unexpected(request, response))
}

/// Returns where a response redirects to.
pub(crate) fn location(response: &Response<Bytes>) -> Option<&str> {
    response.headers().get(LOCATION)?.to_str().ok()
}
