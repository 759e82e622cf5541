//! HTTP/1.1 over one connection that is kept alive.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::error::Error;

/// The media type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns a form's fields as a body, or as a query.
pub(super) fn form<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A request whose body is at hand.
pub(super) type Call = Request<Full<Bytes>>;

/// A connection to a server.
pub(super) struct Connection(http1::SendRequest<Full<Bytes>>);

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error is that of the request, too.
        tokio::spawn(async { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Sends a request, and reads the whole response.
    pub(super) async fn send(&mut self, call: Call) -> Result<Response<Bytes>, Error> {
        self.0.ready().await?;
        let (parts, body) = self.0.send_request(call).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}
