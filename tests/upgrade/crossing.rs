//! A front before two releases, which sends each request to one of them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{self, Body},
    extract::{Request, State},
    http::{HeaderValue, Response, request::Parts},
};
use tokio::net::TcpListener;

use crate::harness::{dice::Dice, lambda::Functions};

/// The header by which a request chooses the release, and a response names it.
pub const RELEASE: &str = "x-release";
/// The names of the releases.
pub const RELEASES: [&str; 2] = ["old", "new"];

/// The functions of one release.
pub enum Release {
    /// Programs, as Lambda starts them.
    Programs(Functions),
    /// This build in the process, at a URL.
    This(String),
}

/// The number of responses by kind of request, release and status.
pub type Counts = BTreeMap<(String, &'static str, u16), usize>;

pub struct Crossing {
    pub url: String,
    state: Arc<Inner>,
}

struct Inner {
    releases: [Release; 2],
    /// The share of the new release in percent.
    share: AtomicUsize,
    dice: Mutex<Dice>,
    counts: Mutex<Counts>,
    http: reqwest::Client,
}

impl Crossing {
    /// Starts the front, which sends everything to the old release at first.
    pub async fn start(old: Release, new: Release, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let state = Arc::new(Inner {
            releases: [old, new],
            share: AtomicUsize::new(0),
            dice: Mutex::new(Dice::new(seed)),
            counts: Mutex::default(),
            http,
        });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Sends this share of the requests to the new release, in percent.
    pub fn share(&self, percent: usize) {
        self.state.share.store(percent, Ordering::SeqCst);
    }

    pub fn counts(&self) -> Counts {
        self.state.counts.lock().unwrap().clone()
    }
}

async fn respond(State(state): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let chosen = parts.headers.get(RELEASE).and_then(|name| name.to_str().ok());
    let chosen = RELEASES.iter().position(|name| chosen == Some(name));
    let share = state.share.load(Ordering::SeqCst);
    let release = chosen.unwrap_or_else(|| usize::from(state.dice.lock().unwrap().chance(share)));
    let kind = kind(&parts, &body);
    let mut response = match &state.releases[release] {
        Release::Programs(functions) => functions.respond(&parts, &body).await,
        Release::This(url) => state.forward(url, parts, body).await,
    };
    response.headers_mut().insert(RELEASE, HeaderValue::from_static(RELEASES[release]));
    let counted = (kind, RELEASES[release], response.status().as_u16());
    *state.counts.lock().unwrap().entry(counted).or_default() += 1;
    response
}

impl Inner {
    async fn forward(&self, url: &str, mut parts: Parts, body: Vec<u8>) -> Response<Body> {
        parts.headers.remove("host");
        parts.headers.remove("content-length");
        let request = self.http.request(parts.method, format!("{url}{}", parts.uri)).headers(parts.headers);
        let received = request.body(body).send().await.unwrap();
        let mut response = Response::builder().status(received.status());
        *response.headers_mut().unwrap() = received.headers().clone();
        response.body(Body::from(received.bytes().await.unwrap())).unwrap()
    }
}

/// Returns the method, the path, and the grant type if there is one.
fn kind(parts: &Parts, body: &[u8]) -> String {
    let mut fields = form_urlencoded::parse(body);
    let grant_type = fields.find(|(name, _)| name == "grant_type").map(|(_, value)| format!(" {value}"));
    format!("{} {}{}", parts.method, parts.uri.path(), grant_type.unwrap_or_default())
}

/// The counts as lines: a kind of request, and its statuses at each release.
pub struct Table<'a>(pub &'a Counts);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for ((kind, release, status), count) in self.0 {
            if kind != last {
                write!(f, "\n{kind:50}")?;
                last = kind;
            }
            write!(f, "  {release} {status}: {count}")?;
        }
        Ok(())
    }
}
