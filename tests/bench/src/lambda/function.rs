//! One function, served by the Lambda Runtime API.

use std::{
    net::Ipv4Addr,
    path::Path,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::JoinHandle,
    time::timeout,
};

use super::Error;
use crate::process::{MEASURED, Process, now};

/// The longest wait for a function.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the function told the Runtime API.
enum Told {
    /// It asks for an event.
    Next { at: Instant, event: oneshot::Sender<Bytes> },
    /// It has answered the last event.
    Response { at: Instant, body: Bytes },
    /// It failed to start, or to answer.
    Error(Bytes),
}

pub(crate) struct Function {
    pub(crate) process: Process,
    told: UnboundedReceiver<Told>,
    next: Option<oneshot::Sender<Bytes>>,
    server: JoinHandle<()>,
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Function {
    /// Starts the program as AWS Lambda does. Returns it, and the time until it asked for its first event.
    pub(crate) async fn start(
        program: &Path,
        variables: &[(String, String)],
    ) -> Result<(Self, Duration), Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (tell, told) = unbounded_channel();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, tell.clone()));
            }
        });
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(variables.iter().map(|(name, value)| (name, value)));
        let process = Process::start(MEASURED, command)?;
        let mut function = Self { process, told, next: None, server };
        let asked = function.until_next().await?;
        let init = asked - function.process.begin;
        Ok((function, init))
    }

    /// Sends an event. Returns the response, and the time from the event to the response. Waits until the function asks
    /// for the next event.
    pub(crate) async fn invoke(&mut self, event: &Bytes) -> Result<(Value, Duration), Error> {
        let next = self.next.take().ok_or_else(|| Error::unexpected("it asked for no event"))?;
        let begin = now();
        next.send(event.clone()).map_err(|_| Error::unexpected("it closed the connection"))?;
        let Told::Response { at, body } = self.tell().await? else {
            return Err(Error::unexpected("it asked for an event instead of answering one"));
        };
        self.until_next().await?;
        Ok((serde_json::from_slice(&body)?, at - begin))
    }

    async fn until_next(&mut self) -> Result<Instant, Error> {
        let Told::Next { at, event } = self.tell().await? else {
            return Err(Error::unexpected("it answered twice"));
        };
        self.next = Some(event);
        Ok(at)
    }

    async fn tell(&mut self) -> Result<Told, Error> {
        let told = tokio::select! {
            told = timeout(PATIENCE, self.told.recv()) => told.ok().flatten(),
            () = self.process.ended() => None,
        };
        let problem = match told {
            Some(Told::Error(body)) => String::from_utf8_lossy(&body).into_owned(),
            Some(told) => return Ok(told),
            None => "it ended, or did not answer".to_owned(),
        };
        Err(self.process.wrong(&problem).into())
    }
}

/// Serves one connection; it ends with an error when the function is stopped.
async fn serve(stream: TcpStream, tell: UnboundedSender<Told>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let service = service_fn(async |request| respond(request, &tell).await);
    Ok(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?)
}

/// Answers one request of the Runtime API.
async fn respond(
    request: Request<Incoming>,
    tell: &UnboundedSender<Told>,
) -> Result<Response<Full<Bytes>>, Error> {
    let asked = now();
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let gone = |_| Error::unexpected("the driver has gone on");
    match path.rsplit('/').next() {
        Some("next") => {
            let (event, ready) = oneshot::channel();
            tell.send(Told::Next { at: asked, event }).map_err(gone)?;
            let event = ready.await.map_err(|_| Error::unexpected("the driver has gone on"))?;
            let response = Response::builder()
                .header("content-type", "application/json")
                .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                .header("lambda-runtime-deadline-ms", "4102444800000")
                .header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:bench",
                )
                .header("lambda-runtime-trace-id", "Root=1-6782e5a0-000000000000000000000001;Sampled=0");
            return Ok(response.body(Full::new(event))?);
        }
        Some("response") => tell.send(Told::Response { at: now(), body }),
        _ => tell.send(Told::Error(body)),
    }
    .map_err(gone)?;
    Ok(Response::builder().status(202).body(Full::default())?)
}
