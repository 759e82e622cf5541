//! The bounds of what the local server works on at a time. It refuses what is above them at once: so it answers in time what
//! it has admitted, and its memory is bounded, also past its capacity.
//!
//! # Design
//! As a gateway does, it reads the whole request before anything answers. Of a request whose body is not read, the
//! connection is closed, and a client may have sent its next request by then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Response, StatusCode, header},
    middleware::Next,
};
use futures_util::StreamExt as _;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::response::{message, unavailable};

/// The most requests to one route at a time. A flood at one, such as sign-ins, leaves the others their room.
const MOST_REQUESTS: usize = 256;
/// The most bytes of all bodies at a time.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// API Gateway's limit of one body.
pub(super) const MOST_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(10);

/// The room for requests.
pub(super) struct Admission {
    /// By the path of the route. Requests without a route share one.
    requests: Mutex<HashMap<String, Arc<Semaphore>>>,
    bytes: Arc<Semaphore>,
    /// The runtime that answers admitted requests.
    functions: Handle,
}

/// The room of a request, which others get when this is dropped.
pub(super) struct Admitted {
    _request: OwnedSemaphorePermit,
    /// `None`: the request has no body.
    bytes: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// Returns room for requests that are answered in this runtime.
    pub(super) fn new(functions: Handle) -> Self {
        Self { requests: Mutex::default(), bytes: Arc::new(Semaphore::new(MOST_BYTES)), functions }
    }

    /// Admits a request to `route`, and reads its body; otherwise returns the response.
    async fn admit(&self, route: &str, body: Body) -> Result<(Vec<u8>, Admitted), Response<Body>> {
        let request = self.room(route).try_acquire_owned().map_err(|_| unavailable())?;
        let mut admitted = Admitted { _request: request, bytes: None };
        let body = timeout(PATIENCE, self.read(body, &mut admitted)).await;
        let body = body.map_err(|_| message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"))??;
        Ok((body, admitted))
    }

    fn room(&self, route: &str) -> Arc<Semaphore> {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = requests.get(route) {
            return Arc::clone(room);
        }
        let room = Arc::new(Semaphore::new(MOST_REQUESTS));
        requests.insert(route.to_owned(), Arc::clone(&room));
        room
    }

    async fn read(&self, body: Body, admitted: &mut Admitted) -> Result<Vec<u8>, Response<Body>> {
        let (mut parts, mut whole) = (body.into_data_stream(), Vec::new());
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| message(StatusCode::BAD_REQUEST, "Bad Request"))?;
            if whole.len() + part.len() > MOST_BODY_BYTES {
                return Err(message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"));
            }
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let room = Arc::clone(&self.bytes).try_acquire_many_owned(size).map_err(|_| unavailable())?;
            match &mut admitted.bytes {
                Some(bytes) => bytes.merge(room),
                None => admitted.bytes = Some(room),
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    }
}

/// Passes a request on with its whole body and its [`Admitted`], or refuses it.
pub(super) async fn admit(
    State(admission): State<Arc<Admission>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    match admission.admit(route.as_ref().map_or("", MatchedPath::as_str), body).await {
        Ok((body, admitted)) => {
            parts.extensions.insert(Arc::new(admitted));
            let response = next.run(Request::from_parts(parts, Body::from(body)));
            // It is cancelled only if the runtime has ended.
            admission.functions.spawn(response).await.unwrap_or_else(|_| unavailable())
        }
        Err(mut refusal) => {
            refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            refusal
        }
    }
}
