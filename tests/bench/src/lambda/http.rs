//! Connections to HTTP servers on this machine.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Mutex};

use super::Error;

/// A connection that is kept alive, for one request at a time.
pub(crate) struct Connection {
    address: SocketAddr,
    sender: Mutex<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) async fn to(address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { address, sender: Mutex::new(sender) })
    }

    /// Sends a request, and returns the response with its whole body.
    pub(crate) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        let host = self.address.to_string().parse().map_err(|_| Error::unexpected("an invalid address"))?;
        request.headers_mut().insert(header::HOST, host);
        request.headers_mut().remove(header::CONTENT_LENGTH);
        let mut sender = self.sender.lock().await;
        sender.ready().await?;
        whole(sender.send_request(request).await?).await
    }
}

/// Reads the whole body of a response.
async fn whole(response: Response<Incoming>) -> Result<Response<Bytes>, Error> {
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}
