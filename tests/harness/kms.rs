//! A stand-in for KMS: signs digests with a real key, returns public keys, and injects faults.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use rsa::{Pkcs1v15Sign, PrivateKey, traits::PublicKeyParts};
use serde_json::{Value, json};
use shared::{
    aws::{self, Endpoint},
    openid::{SigningKey, Start},
};
use token::{Kms, kms};
use tokio::{net::TcpListener, sync::Notify};

use super::{Stack, wire::PATIENCE};

/// The key, in the region of an anonymous endpoint.
pub const ARN: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// A key of another region, which this KMS does not know.
pub const ELSEWHERE: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Returns the ARN of the key with this id in the region `eu-west-1`.
pub fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:123456789012:key/{id}")
}

/// The start of the DER encoding of a SHA-256 digest in a signature (RFC 8017 §9.2).
const SHA256: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::new(&mut UnwrapErr(SysRng), 2_048).unwrap());

/// What KMS does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Sign,
    /// Every request is refused with this error.
    Refuse(StatusCode, &'static str),
    /// No request gets a response.
    Hang,
    /// Every connection is closed without a response.
    Close,
    /// Every request waits until [`FakeKms::release`].
    Hold,
    /// The first request is throttled.
    ThrottleOnce,
}

#[derive(Clone)]
pub struct FakeKms {
    pub url: String,
    /// Whether its clients wait for it as long as functions do, and not as long as a busy machine may take.
    impatient: bool,
    state: Arc<Inner>,
}

struct Inner {
    /// The responses to `GetPublicKey` by the ARN in the request.
    public_keys: HashMap<String, Value>,
    mode: Mutex<Mode>,
    seen: Mutex<Vec<Value>>,
    waits: Notify,
    released: Notify,
}

impl FakeKms {
    pub async fn start() -> Self {
        Self::with_public_keys([]).await
    }

    /// Starts a KMS whose clients wait for it as long as functions do.
    pub async fn of_impatient_clients() -> Self {
        Self { impatient: true, ..Self::start().await }
    }

    /// Starts a KMS with these responses to `GetPublicKey` by the ARN in the request. A response with `__type` is an error.
    pub async fn with_public_keys(responses: impl IntoIterator<Item = (String, Value)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Inner {
            public_keys: responses.into_iter().collect(),
            mode: Mutex::new(Mode::Sign),
            seen: Mutex::default(),
            waits: Notify::new(),
            released: Notify::new(),
        });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, impatient: false, state }
    }

    /// Returns a client of this KMS.
    pub async fn client(&self) -> Kms {
        let endpoint = Endpoint { url: self.url.clone(), anonymous: true };
        let settings = aws::settings(Some(endpoint)).await.unwrap();
        if self.impatient { Kms::new(&settings) } else { kms::client(&settings, None, PATIENCE).into() }
    }

    /// Does this with requests from now on.
    pub fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
    }

    /// Waits until a request waits.
    pub async fn waits(&self) {
        self.state.waits.notified().await;
    }

    /// Lets the request go on that waits.
    pub fn release(&self) {
        self.state.released.notify_one();
    }

    /// Takes the requests.
    pub fn seen(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.seen.lock().unwrap())
    }
}

impl Stack {
    /// Starts a deployment with these `arns`, separated by commas, at `kms`. The first one is in the list of keys.
    pub async fn with_kms(kms: &FakeKms, arns: &str) -> Self {
        let mut stack = Self::configured(|config| config.signing_keys = arns.parse().unwrap()).await;
        let arn = arns.split(',').next().unwrap();
        let (n, e) = (KEY.n().to_be_bytes_trimmed_vartime(), KEY.e().to_be_bytes_trimmed_vartime());
        let key = SigningKey::new(arn.parse().unwrap(), &n, &e, stack.now());
        stack.list_key(key, Start::Now).await;
        stack.sign_with(Arc::new(kms.client().await)).await;
        stack.dynamodb.forget();
        stack
    }
}

async fn respond(State(kms): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    if headers["x-amz-target"] == "TrentService.GetPublicKey" {
        return public_key(&kms, &request);
    }
    assert_eq!(headers["x-amz-target"], "TrentService.Sign");
    kms.seen.lock().unwrap().push(request.clone());
    let mode = *kms.mode.lock().unwrap();
    match mode {
        Mode::Sign => {}
        Mode::Refuse(status, code) => return error(status, code),
        Mode::Hang => std::future::pending().await,
        // Ends the task, without the hook that would print a panic.
        Mode::Close => std::panic::resume_unwind(Box::new("the test asked for it")),
        Mode::Hold => {
            kms.waits.notify_one();
            kms.released.notified().await;
        }
        Mode::ThrottleOnce => {
            *kms.mode.lock().unwrap() = Mode::Sign;
            return error(StatusCode::BAD_REQUEST, "ThrottlingException");
        }
    }
    if request["KeyId"] != ARN {
        return error(StatusCode::BAD_REQUEST, "NotFoundException");
    }
    if request["DryRun"] == true {
        return error(StatusCode::PRECONDITION_FAILED, "DryRunOperationException");
    }
    assert_eq!(
        (&request["MessageType"], &request["SigningAlgorithm"]),
        (&json!("DIGEST"), &json!("RSASSA_PKCS1_V1_5_SHA_256"))
    );
    let digest = STANDARD.decode(request["Message"].as_str().unwrap()).unwrap();
    let padding = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(SHA256) };
    let signature = STANDARD.encode(KEY.sign(padding, &digest).unwrap());
    let body =
        json!({ "KeyId": ARN, "Signature": signature, "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256" });
    ([("x-amzn-requestid", "kms-request-1")], Json(body)).into_response()
}

fn public_key(kms: &Inner, request: &Value) -> Response {
    let Some(response) = kms.public_keys.get(request["KeyId"].as_str().unwrap()) else {
        return error(StatusCode::BAD_REQUEST, "NotFoundException");
    };
    match response["__type"].as_str() {
        Some(code) => error(StatusCode::BAD_REQUEST, code),
        None => Json(response).into_response(),
    }
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, [("x-amzn-requestid", "kms-request-2")], Json(json!({ "__type": code }))).into_response()
}
