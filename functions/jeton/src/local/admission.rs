//! The bounds of what the local server takes at a time. It refuses what is above them at once: so it answers in time what it
//! has admitted, and its memory is bounded, also past its capacity.
//!
//! # Design
//! As a gateway does, it reads the whole request before anything answers. Of a request whose body is not read, the
//! connection is closed, and a client may have sent its next request by then.
//!
//! Few of the admitted requests are in progress at a time. Each step of a request waits for the processor behind those of all
//! others in progress, and a sign-in has many steps: beside hundreds of small requests it would hardly advance. A request
//! that waits too long for its turn is refused before its first step, so nothing was done in vain.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody as _},
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
/// The most of them that are in progress. The others wait for their turn.
const MOST_IN_PROGRESS: usize = 32;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// The most bytes of all bodies at a time. All routes share them: while a few large bodies arrive, there is no room for others.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How long a client may take to send a body.
const BODY: Duration = Duration::from_secs(10);

/// The room for requests.
pub(super) struct Admission {
    /// By the path of the route. Requests without a route share one.
    routes: Mutex<HashMap<String, Route>>,
    bytes: Arc<Semaphore>,
    most_body_bytes: usize,
    /// The runtime that answers admitted requests.
    functions: Handle,
}

/// The room of a route.
#[derive(Clone)]
struct Route {
    requests: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The room of a request, which others get when this is dropped.
pub(super) struct Admitted {
    _request: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
    _bytes: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// Returns room for requests with bodies up to this size, which are answered in the current runtime.
    pub(super) fn new(most_body_bytes: usize) -> Self {
        let bytes = Arc::new(Semaphore::new(MOST_BYTES));
        Self { routes: Mutex::default(), bytes, most_body_bytes, functions: Handle::current() }
    }

    /// Reads the body of a request, and admits the request to `route`; otherwise returns the response.
    async fn admit(&self, route: &str, body: Body) -> Result<(Vec<u8>, Admitted), Response<Body>> {
        let (body, bytes) = match timeout(BODY, self.read(body)).await {
            Ok(read) => read.map_err(closing)?,
            Err(_) => return Err(closing(message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"))),
        };
        let route = self.route(route);
        let request = route.requests.try_acquire_owned().map_err(|_| unavailable())?;
        let Ok(Ok(turn)) = timeout(TURN, route.turns.acquire_owned()).await else {
            return Err(unavailable());
        };
        Ok((body, Admitted { _request: request, _turn: turn, _bytes: bytes }))
    }

    fn route(&self, path: &str) -> Route {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(path) {
            return route.clone();
        }
        let room = |most| Arc::new(Semaphore::new(most));
        let route = Route { requests: room(MOST_REQUESTS), turns: room(MOST_IN_PROGRESS) };
        routes.insert(path.to_owned(), route.clone());
        route
    }

    /// Refuses the requests that wait for their turn, and further ones to the same routes.
    pub(super) fn close(&self) {
        for route in self.routes.lock().unwrap_or_else(PoisonError::into_inner).values() {
            route.requests.close();
            route.turns.close();
        }
    }

    /// Returns the body with the room of its bytes; a body that is empty needs none.
    async fn read(&self, body: Body) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Response<Body>> {
        let too_large = || message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        if usize::try_from(body.size_hint().lower()).is_ok_and(|size| size > self.most_body_bytes) {
            return Err(too_large());
        }
        let (mut parts, mut whole, mut bytes) = (body.into_data_stream(), Vec::new(), None);
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| message(StatusCode::BAD_REQUEST, "Bad Request"))?;
            if whole.len() + part.len() > self.most_body_bytes {
                return Err(too_large());
            }
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let room = Arc::clone(&self.bytes).try_acquire_many_owned(size).map_err(|_| unavailable())?;
            match &mut bytes {
                None => bytes = Some(room),
                Some(bytes) => bytes.merge(room),
            }
            whole.extend_from_slice(&part);
        }
        Ok((whole, bytes))
    }
}

/// Returns the response to a request whose body is not read to its end: the connection ends with it.
fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
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
            match admission.functions.spawn(response).await {
                Ok(response) => response,
                Err(error) if error.is_panic() => {
                    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
                }
                // The runtime has ended.
                Err(_) => unavailable(),
            }
        }
        Err(refusal) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};
    use tokio::{task::unconstrained, time::Instant};

    use super::*;

    #[tokio::test]
    async fn so_many_requests_are_in_progress_so_many_wait_and_others_are_refused() {
        let admission = Admission::new(1);
        let request = || Box::pin(unconstrained(admission.admit("/oauth/token", Body::empty())));
        let mut in_progress = Vec::new();
        for _ in 0..MOST_IN_PROGRESS {
            in_progress.push(request().now_or_never().unwrap().unwrap());
        }
        let mut waiting: Vec<_> = (MOST_IN_PROGRESS..MOST_REQUESTS).map(|_| request()).collect();
        for waiting in &mut waiting {
            assert!(waiting.now_or_never().is_none());
        }
        let refusal = request().now_or_never().unwrap().err().unwrap();
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        let other = unconstrained(admission.admit("/login", Body::empty()));
        assert!(other.now_or_never().unwrap().is_ok(), "another route has its own room");

        // The first that waits is the next one, and its place is free.
        drop(in_progress.pop());
        let next: Vec<_> = waiting.iter_mut().map(FutureExt::now_or_never).collect();
        assert!(next[0].as_ref().unwrap().is_ok() && next[1..].iter().all(Option::is_none));
        waiting.push(request());
        assert!(waiting.last_mut().unwrap().now_or_never().is_none());

        // A client that is gone leaves its place to another.
        drop(waiting.pop());
        assert!(request().now_or_never().is_none());

        // The server stops.
        admission.close();
        for refused in waiting[1..].iter_mut().chain([&mut request()]) {
            let refusal = refused.now_or_never().unwrap().err().unwrap();
            assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }

    #[tokio::test]
    async fn a_request_waits_so_long_for_its_turn_and_is_refused() {
        let admission = Admission::new(1);
        let request = || admission.admit("/oauth/token", Body::empty());
        let in_progress = join_all((0..MOST_IN_PROGRESS).map(|_| request())).await;
        let begin = Instant::now();
        let refusal = request().await.err().unwrap();
        assert_eq!((refusal.status(), begin.elapsed() >= TURN), (StatusCode::SERVICE_UNAVAILABLE, true));
        drop(in_progress);
        assert!(request().await.is_ok());
    }
}
