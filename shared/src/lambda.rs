//! From the event that an HTTP API sends (payload format 2.0) to a handler, and back.
//!
//! # Design
//! The conversion is `lambda_http`'s own, in Lambda, in the local server and in tests alike. It was written for
//! events that a gateway has checked, and panics where a header or a query is not what it expects, so
//! [`invoke`] first takes away what nothing here reads: the `Host` and `X-Forwarded-Proto` headers give way to the
//! gateway's own words.

use std::sync::Arc;

use aws_sdk_dynamodb::Client as DynamoDb;
use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Adapter, BoxFuture, Context, LambdaEvent, Service,
    aws_lambda_events::apigw::ApiGatewayV2httpRequest,
    http::{HeaderValue, header},
    lambda_runtime,
    request::LambdaRequest,
    service_fn,
};
use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

use crate::{
    app::App,
    config::Config,
    dynamodb,
    http::{Query, Refusal, Request, Response, UnknownIssuer},
    log::Log,
    secret::Id,
    time::Clock,
};

/// An endpoint: what answers a request.
pub type Handler = for<'a> fn(&'a App, Request) -> BoxFuture<'a, Response>;

/// What answers an event that is no HTTP request, given in JSON.
pub type EventHandler<A, E> = for<'a> fn(&'a App, &'a str) -> BoxFuture<'a, Result<A, E>>;

/// Runs `handler` as a Lambda function, for as long as Lambda lets it.
pub async fn run(handler: Handler) -> Result<(), lambda_http::Error> {
    let app = start(Config::from_env()?, &dynamodb::connect(None).await?);
    // A first request, while starting is free: name resolution, TLS and credentials are then out of the way. It
    // may fail, and then the first real request pays.
    let _ = app.clients.warm_up().await;
    serve(app, handler).await
}

/// Runs `handler`, which touches a table only where compatibility switches are permitted.
pub async fn run_mostly_without_tables(handler: Handler) -> Result<(), lambda_http::Error> {
    let config = Config::from_env()?;
    let dynamodb =
        if config.compat.is_empty() { dynamodb::nowhere() } else { dynamodb::connect(None).await? };
    serve(start(config, &dynamodb), handler).await
}

/// Runs `handler` as a Lambda function that other APIs' gateways call: they cannot tell what the issuer is, so without
/// one in the configuration it does not start.
pub async fn run_on_events<A, E>(handler: EventHandler<A, E>) -> Result<(), lambda_http::Error>
where
    A: Serialize + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let app = start(Config::from_env()?, &dynamodb::connect(None).await?);
    if app.config.issuer.is_none() {
        return Err(UnknownIssuer.into());
    }
    // As above, with a request that reads no more than any other of the function's: there is no such grant.
    let _ = app.grants.find(Id::from_bits(0)).await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let app = Arc::clone(&app);
        async move { handler(&app, event.payload.get()).await.map_err(lambda_http::Error::from) }
    }))
    .await
}

fn start(config: Config, dynamodb: &DynamoDb) -> Arc<App> {
    let log = Log::stdout(config.log_level);
    Arc::new(App::new(config, dynamodb, Clock::system(), log))
}

async fn serve(app: Arc<App>, handler: Handler) -> Result<(), lambda_http::Error> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let app = Arc::clone(&app);
        async move { invoke(app, handler, event.payload.get(), event.context).await }
    }))
    .await
}

/// What `handler` answers to `event`, in the form that the gateway takes.
pub async fn invoke(
    app: Arc<App>,
    handler: Handler,
    event: &str,
    context: Context,
) -> Result<impl Serialize + use<>, lambda_http::Error> {
    let (payload, handler) = match understood(event) {
        Some(request) => (request, handler),
        None => (ApiGatewayV2httpRequest::default(), not_understood as Handler),
    };
    let payload = LambdaRequest::ApiGatewayV2(payload);
    let mut adapter = Adapter::from(service_fn(move |request: Request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, lambda_http::Error>(handler(&app, request).await) }
    }));
    adapter.call(LambdaEvent { payload, context }).await
}

/// The request in `event`, made safe to convert; `None` if no gateway would send it.
fn understood(event: &str) -> Option<ApiGatewayV2httpRequest> {
    let mut request: ApiGatewayV2httpRequest = serde_json::from_str(event).ok()?;
    let domain = request.request_context.domain_name.clone().unwrap_or_else(|| "localhost".to_owned());
    let path = request.raw_path.as_deref().filter(|path| path.starts_with('/'))?;
    Url::parse(&format!("https://{domain}{path}")).ok()?;
    request.headers.insert(header::HOST, HeaderValue::from_str(&domain).ok()?);
    request.headers.remove("x-forwarded-proto");
    request.raw_query_string = request.raw_query_string.map(|query| Query::text(query.as_bytes()));
    if request.is_base64_encoded {
        STANDARD.decode(request.body.as_deref().unwrap_or_default()).ok()?;
    }
    Some(request)
}

fn not_understood(app: &App, _request: Request) -> BoxFuture<'_, Response> {
    let reason = String::from("the event cannot be converted to an HTTP request");
    let refusal = Refusal::invalid_request("The request is not well-formed HTTP.", reason);
    Box::pin(async move { refusal.answer_without_a_call(app) })
}
