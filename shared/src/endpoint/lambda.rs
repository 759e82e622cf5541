//! The adapter between the events of an HTTP API (payload format 2.0) and a handler.
//!
//! # Design
//! `lambda_http` converts events in Lambda, in the local server and in tests alike. It expects events that a gateway has
//! checked, and panics on some malformed headers and queries. So [`invoke`] first repairs what it reads: it replaces
//! `Host` by the gateway's domain name, removes `X-Forwarded-Proto`, and percent-encodes the query.

use std::sync::Arc;

use aws_config::SdkConfig;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Adapter, BoxFuture, Context, LambdaEvent, Service,
    aws_lambda_events::apigw::ApiGatewayV2httpRequest,
    http::{HeaderValue, Uri, header},
    lambda_runtime,
    request::LambdaRequest,
    service_fn,
};
use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

use super::{App, UnknownIssuer};
use crate::{
    audit::{Event, Record},
    aws,
    config::{Config, InvalidVariable},
    dynamodb,
    http::{OAuthError, Query, Request, Response, protect},
    log::Log,
    oauth::ClientId,
    secret::Id,
    time::Clock,
};

/// A function that serves a request.
pub type Handler = for<'a> fn(&'a App, Request) -> BoxFuture<'a, Response>;

/// A function that serves an event that is not an HTTP request, given in JSON.
pub type EventHandler<A, E> = for<'a> fn(&'a App, &'a str) -> BoxFuture<'a, Result<A, E>>;

/// The read by which a function opens its connection to DynamoDB.
///
/// # Design
/// Name resolution, TLS and credentials are then done while the function starts, and not in its first request. The read
/// is one that the function also makes for requests, so its policy has no statement for the start. If the read fails, the
/// first request does all that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstRead {
    /// A client that does not exist. It is a self-registered one: one function may read no others.
    Client,
    /// A grant that does not exist, for functions that may not read clients.
    Grant,
    /// The signing keys, for functions that read nothing else.
    Keys,
}

/// Runs `handler` as a Lambda function.
pub async fn run(handler: Handler, first: FirstRead) -> Result<(), lambda_http::Error> {
    let app = start(&aws::settings(None).await?)?;
    warm_up(&app, first).await;
    serve(app, handler).await
}

/// Runs `handler`, which uses no table, as a Lambda function.
pub async fn run_without_tables(handler: Handler) -> Result<(), lambda_http::Error> {
    let config = Config::from_env()?;
    let log = Log::stdout(config.log_level);
    serve(App::new(config, &dynamodb::nowhere(), Clock::system(), log), handler).await
}

/// Runs `handler` as a Lambda function that other APIs' gateways call. Their events do not name the issuer, so the
/// function does not start unless the configuration does.
pub async fn run_on_events<A, E>(handler: EventHandler<A, E>) -> Result<(), lambda_http::Error>
where
    A: Serialize + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let app = Arc::new(start(&aws::settings(None).await?)?);
    if app.config.issuer.is_none() {
        return Err(UnknownIssuer.into());
    }
    warm_up(&app, FirstRead::Grant).await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let app = Arc::clone(&app);
        async move { handler(&app, event.payload.get()).await.map_err(lambda_http::Error::from) }
    }))
    .await
}

/// Opens the connection to DynamoDB.
pub async fn warm_up(app: &App, first: FirstRead) {
    let nothing = Id::from_bits(0);
    let _ = match first {
        FirstRead::Client => app.clients.read(&ClientId::self_registered(nothing)).await.map(drop),
        FirstRead::Grant => app.grants.find(nothing).await.map(drop),
        FirstRead::Keys => app.signing_keys.list(app.clock.now()).await.map(drop),
    };
}

/// Returns the state of a function, as the environment configures it, with a client of DynamoDB by `settings`.
pub fn start(settings: &SdkConfig) -> Result<App, InvalidVariable> {
    let config = Config::from_env()?;
    let log = Log::stdout(config.log_level);
    Ok(App::new(config, &dynamodb::client(settings), Clock::system(), log))
}

/// Serves the events of Lambda by `handler`.
pub async fn serve(app: App, handler: Handler) -> Result<(), lambda_http::Error> {
    let app = Arc::new(app);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let app = Arc::clone(&app);
        async move { invoke(app, handler, event.payload.get(), event.context).await }
    }))
    .await
}

/// Serves `event` by `handler`, and returns the response in the gateway's form.
pub async fn invoke(
    app: Arc<App>,
    handler: Handler,
    event: &str,
    context: Context,
) -> Result<impl Serialize + use<>, lambda_http::Error> {
    let (payload, handler) = match parse(event) {
        Some(request) => (request, handler),
        None => (ApiGatewayV2httpRequest::default(), malformed_event as Handler),
    };
    let payload = LambdaRequest::ApiGatewayV2(payload);
    let mut adapter = Adapter::from(service_fn(move |request: Request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, lambda_http::Error>(handler(&app, request).await) }
    }));
    adapter.call(LambdaEvent { payload, context }).await
}

/// Parses `event` and makes the request safe to convert; `None` if no gateway would send it.
fn parse(event: &str) -> Option<ApiGatewayV2httpRequest> {
    let mut request: ApiGatewayV2httpRequest = serde_json::from_str(event).ok()?;
    let domain = request.request_context.domain_name.clone().unwrap_or_else(|| "localhost".to_owned());
    let path = request.raw_path.as_deref().filter(|path| path.starts_with('/'))?;
    let stage = request.request_context.stage.as_deref().unwrap_or_default();
    let query = request.raw_query_string.map(|query| Query::text(query.as_bytes()));
    // The conversion parses the URL by both libraries.
    let url = format!("https://{domain}/{stage}{path}?{}", query.as_deref().unwrap_or_default());
    Uri::try_from(Url::parse(&url).ok()?.as_str()).ok()?;
    request.raw_query_string = query;
    request.headers.insert(header::HOST, HeaderValue::from_str(&domain).ok()?);
    request.headers.remove("x-forwarded-proto");
    if request.is_base64_encoded {
        STANDARD.decode(request.body.as_deref().unwrap_or_default()).ok()?;
    }
    Some(request)
}

fn malformed_event(app: &App, _request: Request) -> BoxFuture<'_, Response> {
    let reason = String::from("the event cannot be converted to an HTTP request");
    let error = OAuthError::invalid_request("The request is not well-formed HTTP.", reason);
    Box::pin(async move { respond_without_call(app, &error) })
}

/// Logs an error of an event that is not a call, and makes the response. It has no request id and no endpoint.
fn respond_without_call(app: &App, error: &OAuthError) -> Response {
    let event = Event::Refused { error: error.code, reason: &error.reason, client: None };
    let (level, mut record) = (event.level(), Record::new(app.clock.now(), event));
    // CloudWatch counts a line only if it has every dimension of its metric.
    record.path = Some(Record::NO_ROUTE);
    app.log.write(level, &record);
    let mut response = error.response();
    protect(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_whose_url_cannot_be_converted_is_malformed() {
        let parsed_with = |domain: &str, path: &str, query: &str| {
            let http =
                json!({ "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" });
            let context = json!({ "domainName": domain, "http": http, "stage": "$default" });
            let event = json!({ "rawPath": path, "rawQueryString": query, "requestContext": context });
            parse(&event.to_string()).is_some()
        };
        let parsed = |domain: &str, path: &str| parsed_with(domain, path, "");
        assert!(parsed("as.example", "/oauth/token") && parsed("as.example", "/a b|\u{e9}%zz"));
        for (domain, path) in
            [("as.example", "oauth/token"), ("a b", "/"), ("{x}.example", "/"), ("a\nb", "/")]
        {
            assert!(!parsed(domain, path), "{domain:?} {path:?}");
        }
        assert!(parsed_with("as.example", "/login", &"q".repeat(60_000)));
        assert!(!parsed_with("as.example", "/login", &"q".repeat(70_000)), "no URL may be this long");
    }
}
