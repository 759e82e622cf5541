//! A call: one request, from its first check to the last header of its response.

use std::{sync::OnceLock, time::Duration};

use lambda_http::{
    Body, RequestExt,
    http::{HeaderValue, Method, StatusCode, header},
    request::RequestContext,
};
use tokio::time::timeout;

use super::App;
use crate::{
    audit::{Event, Record, UserChange},
    dynamodb,
    http::{Cookie, OAuthError, Query, Request, Response, protect},
    oauth::{ClientId, Issuer},
    openid::hint::{self, Hint, InvalidHint},
    pages::{ErrorKind, ErrorPage, View},
    secret::{Id, Kind, Secret},
    time::Timestamp,
};

/// What of an invocation's time is left for the response when its endpoint is given up.
const RESERVE: Duration = Duration::from_millis(500);

/// Whether a page of another origin may read an endpoint's responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Any origin, without credentials.
    AnyOrigin,
    /// No other origin.
    None,
}

/// The methods and the CORS policy of an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The methods, as an `Allow` header lists them. An endpoint for GET alone also serves HEAD (RFC 9110 §9.3.2); an
    /// authorization request, by GET or POST, does more than read.
    pub methods: &'static str,
    pub cors: Cors,
}

/// One request while it is served.
#[derive(Debug)]
pub struct Call<'a> {
    pub app: &'a App,
    pub request: Request,
    /// When the request arrived. Every decision about it is made for this moment.
    pub now: Timestamp,
    route: Route,
    id: String,
    client: OnceLock<ClientId>,
}

impl<'a> Call<'a> {
    /// Serves `request` by `endpoint`. A preflight, or a method that `route` does not list, gets a response at once. An
    /// error is logged and becomes JSON (RFC 6749 §5.2).
    pub async fn serve<E: Into<OAuthError>>(
        app: &'a App,
        request: Request,
        route: Route,
        endpoint: impl AsyncFnOnce(&Self) -> Result<Response, E>,
    ) -> Response {
        let call = Self::new(app, request, route);
        if let Some(response) = call.response_at_once() {
            return response;
        }
        match timeout(call.time_left(), endpoint(&call)).await {
            Ok(Ok(response)) => call.finish(response),
            Ok(Err(error)) => call.fail(&error.into()),
            Err(_) => call.fail(&OutOfTime.into()),
        }
    }

    /// Serves `request` as [`Call::serve`] does, but an error becomes an error page.
    pub async fn serve_page<E: Into<ErrorPage>>(
        app: &'a App,
        request: Request,
        route: Route,
        endpoint: impl AsyncFnOnce(&Self) -> Result<Response, E>,
    ) -> Response {
        let call = Self::new(app, request, route);
        if let Some(response) = call.response_at_once() {
            return response;
        }
        match timeout(call.time_left(), endpoint(&call)).await {
            Ok(Ok(response)) => call.finish(response),
            Ok(Err(error)) => call.fail_with_page(&error.into()),
            Err(_) => call.fail_with_page(&OutOfTime.into()),
        }
    }

    fn new(app: &'a App, request: Request, route: Route) -> Self {
        let id = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
            _ => None,
        };
        let now = app.clock.now();
        Self { app, request, now, route, id: id.unwrap_or_default(), client: OnceLock::new() }
    }

    /// Returns how long the endpoint may take: until shortly before Lambda ends the invocation, for which the gateway would
    /// answer 500. An endpoint that is given up ends where it waits, as if its process were killed.
    fn time_left(&self) -> Duration {
        let deadline = self.request.lambda_context_ref().map_or(0, |context| context.deadline);
        // Outside of Lambda, the deadline is in the past.
        let left = deadline.checked_sub(self.now.millis()).map(Duration::from_millis);
        left.map_or(Duration::MAX, |left| left.saturating_sub(RESERVE))
    }

    /// Returns the response to a preflight, or to a method that the route does not list.
    fn response_at_once(&self) -> Option<Response> {
        let (method, route) = (self.request.method(), self.route);
        let requested =
            if method == Method::HEAD && route.methods == "GET" { "GET" } else { method.as_str() };
        if route.methods.split(", ").any(|listed| listed == requested) {
            return None;
        }
        if method == Method::OPTIONS && route.cors == Cors::AnyOrigin {
            return Some(self.finish(preflight(route)));
        }
        let error = OAuthError::invalid_request(
            "This endpoint does not accept this method; see the Allow header.",
            String::from("the method is not the endpoint's"),
        );
        let mut response = self.fail(&error.with_status(StatusCode::METHOD_NOT_ALLOWED));
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(route.methods));
        Some(response)
    }

    /// Verifies `text`, an `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
    pub async fn verify_hint(&self, text: &str) -> Result<Result<Hint, InvalidHint>, dynamodb::Error> {
        let keys = self.app.signing_keys.list(self.now).await?;
        let Ok(issuer) = self.issuer() else { return Ok(Err(InvalidHint)) };
        Ok(hint::verify(text, &keys, &self.app.config.signing_keys, &issuer, self.now))
    }

    /// Returns the view of pages in the language that the request prefers.
    pub fn view(&self) -> View<'a> {
        let query = Query::parse(self.request.uri().query().unwrap_or_default()).ok();
        let ui_locales = query.as_ref().and_then(|query| query.get("ui_locales").ok().flatten());
        let accepted = self.request.headers().get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
        let offered = &self.app.config.languages;
        let language = offered.choose(ui_locales.unwrap_or_default(), accepted.unwrap_or_default());
        View::new(language, &self.app.theme)
    }

    /// Sets the client that the log names.
    pub fn set_client(&self, client: &ClientId) {
        let _ = self.client.set(client.clone());
    }

    /// Writes `event` to the log.
    pub fn audit(&self, event: Event<'_>) {
        let level = event.level();
        let mut record = Record::new(self.now, event);
        record.request_id = Some(&self.id);
        record.path = Some(self.route_path());
        self.app.log.write(level, &record);
    }

    /// Writes the event of this `change` of `user` to the log.
    pub fn audit_user(&self, user: Id, change: UserChange) {
        self.audit(Event::UserChanged { user, change });
    }

    /// Returns the path of the gateway's route. Metrics count by it, so it is never the request's own path, which a caller
    /// may vary.
    fn route_path(&self) -> &str {
        let key = match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref(),
            _ => None,
        };
        key.and_then(|key| key.split_once(' ')).map_or(Record::NO_ROUTE, |(_, path)| path)
    }

    /// Returns the issuer: the deployment's own, or else the gateway's domain name. `Host` and `X-Forwarded-Host` do
    /// not count, because the caller chooses them.
    pub fn issuer(&self) -> Result<Issuer, UnknownIssuer> {
        if let Some(issuer) = &self.app.config.issuer {
            return Ok(issuer.clone());
        }
        match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                let domain = context.domain_name.as_deref().ok_or(UnknownIssuer)?;
                Issuer::of_domain(domain).map_err(|_| UnknownIssuer)
            }
            _ => Err(UnknownIssuer),
        }
    }

    /// Returns the secret in `cookie`, if the browser sent one of this kind.
    pub fn cookie_secret<K: Kind>(&self, cookie: Cookie) -> Result<Option<Secret<K>>, UnknownIssuer> {
        let issuer = self.issuer()?;
        Ok(cookie.read(&self.request, &issuer).and_then(|text| Secret::parse(text).ok()))
    }

    fn fail(&self, error: &OAuthError) -> Response {
        self.log_failure(error.code, &error.reason, error.is_outage());
        self.finish(error.response())
    }

    fn fail_with_page(&self, page: &ErrorPage) -> Response {
        self.log_failure(page.error(), &page.reason, page.is_outage());
        self.finish(page.response(self.view(), &self.id))
    }

    /// Logs a failed request: one line.
    pub fn log_failure(&self, error: &'static str, reason: &str, outage: bool) {
        let client = self.client.get();
        self.audit(if outage {
            Event::Unavailable { reason, client }
        } else {
            Event::Refused { error, reason, client }
        });
    }

    /// Adds the headers of every response.
    fn finish(&self, mut response: Response) -> Response {
        protect(&mut response);
        let headers = response.headers_mut();
        if self.issuer().is_ok_and(|issuer| issuer.is_secure()) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert("x-request-id", id);
        }
        if self.route.cors == Cors::AnyOrigin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Retry-After, WWW-Authenticate, X-Request-Id"),
            );
        }
        response
    }
}

/// Returns the response to a CORS preflight (Fetch §3.2).
fn preflight(route: Route) -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(route.methods));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, MCP-Protocol-Version"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// The deployment has no issuer of its own, and the request did not come through a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no issuer: JETON_ISSUER is not set, and the event has no usable domain name")]
pub struct UnknownIssuer;

impl From<UnknownIssuer> for OAuthError {
    fn from(error: UnknownIssuer) -> Self {
        Self::temporarily_unavailable(error.to_string())
    }
}

impl From<UnknownIssuer> for ErrorPage {
    fn from(error: UnknownIssuer) -> Self {
        Self::new(ErrorKind::Unavailable, error.to_string())
    }
}

/// The endpoint did not respond in the time of its invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no response in the time of the invocation")]
struct OutOfTime;

impl From<OutOfTime> for OAuthError {
    fn from(error: OutOfTime) -> Self {
        Self::temporarily_unavailable(error.to_string())
    }
}

impl From<OutOfTime> for ErrorPage {
    fn from(error: OutOfTime) -> Self {
        Self::new(ErrorKind::Unavailable, error.to_string())
    }
}
