//! One request being answered, from its first check to its last header.

use std::sync::OnceLock;

use lambda_http::{
    Body, RequestExt,
    http::{HeaderValue, Method, StatusCode, header},
    request::RequestContext,
};

use super::{Refusal, Request, Response};
use crate::{
    app::App,
    audit::{Event, Record},
    client::ClientId,
    config::Issuer,
    page::{Problem, View},
    time::Timestamp,
};

/// Whether a page of another origin may read an endpoint's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Any origin, without credentials.
    AnyOrigin,
    /// No other origin.
    None,
}

/// What an endpoint takes.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The methods, as an `Allow` header lists them. What only reads, and takes nothing but GET, takes HEAD, too
    /// (RFC 9110 §9.3.2); asking for a code is not only reading.
    pub methods: &'static str,
    /// Who may call it from a browser.
    pub cors: Cors,
}

/// One request being answered.
#[derive(Debug)]
pub struct Call<'a> {
    /// What the function holds.
    pub app: &'a App,
    /// The request.
    pub request: Request,
    /// When it arrived. Everything that is decided about it is decided as of this moment.
    pub now: Timestamp,
    route: Route,
    id: String,
    client: OnceLock<ClientId>,
}

impl<'a> Call<'a> {
    /// Takes in `request`, or answers it at once: a preflight, or a method that `route` does not take.
    #[expect(clippy::result_large_err, reason = "a response is what is sent next, either way")]
    pub fn open(app: &'a App, request: Request, route: Route) -> Result<Self, Response> {
        let id = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
            _ => None,
        };
        let now = app.clock.now();
        let call = Self { app, request, now, route, id: id.unwrap_or_default(), client: OnceLock::new() };
        let method = call.request.method();
        let asked = if method == Method::HEAD && route.methods == "GET" { "GET" } else { method.as_str() };
        if route.methods.split(", ").any(|taken| taken == asked) {
            return Ok(call);
        }
        if method == Method::OPTIONS && route.cors == Cors::AnyOrigin {
            return Err(call.seal(preflight(route)));
        }
        let refusal = Refusal::invalid_request(
            "This endpoint takes another method; see the Allow header.",
            String::from("the method is not the endpoint's"),
        );
        let mut response = call.refuse(&refusal.with_status(StatusCode::METHOD_NOT_ALLOWED));
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(route.methods));
        Err(response)
    }

    /// The answer to send: `outcome`'s own, or its refusal, logged.
    pub fn close(self, outcome: Result<Response, impl Into<Refusal>>) -> Response {
        match outcome {
            Ok(response) => self.seal(response),
            Err(error) => self.refuse(&error.into()),
        }
    }

    /// The answer to send to a person: `outcome`'s own, or its page, logged.
    pub fn close_page(self, outcome: Result<Response, impl Into<Problem>>) -> Response {
        match outcome {
            Ok(response) => self.seal(response),
            Err(error) => {
                let problem = error.into();
                self.note(problem.error(), &problem.reason, problem.is_outage());
                self.seal(problem.answer(View::of(&self), &self.id))
            }
        }
    }

    /// Remembers who is asking, for the log.
    pub fn asked_by(&self, client: &ClientId) {
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

    /// The path of the route that the request came by. Not its own, which a caller may choose where a route has
    /// parameters: it is what metrics are counted by.
    fn route_path(&self) -> &str {
        let key = match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref(),
            _ => None,
        };
        key.and_then(|key| key.split_once(' ')).map_or_else(|| self.request.uri().path(), |(_, path)| path)
    }

    /// The issuer that the request is addressed to: the deployment's own, or the gateway's domain name. What the
    /// caller says in `Host` or `X-Forwarded-Host` is nothing to go by.
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

    fn refuse(&self, refusal: &Refusal) -> Response {
        self.note(refusal.code, &refusal.reason, refusal.is_outage());
        self.seal(refusal.answer())
    }

    /// Writes a failed request's one line.
    pub fn note(&self, error: &'static str, reason: &str, outage: bool) {
        let client = self.client.get();
        self.audit(if outage {
            Event::Unavailable { reason, client }
        } else {
            Event::Refused { error, reason, client }
        });
    }

    /// Adds the headers that every answer has.
    fn seal(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
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

/// The answer to a browser that asks whether it may send the real request (Fetch §3.2).
fn preflight(route: Route) -> Response {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(route.methods));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// A request that came through no gateway, to a deployment that has no issuer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no issuer: JETON_ISSUER is not set, and the event has no usable domain name")]
pub struct UnknownIssuer;

impl From<UnknownIssuer> for Refusal {
    fn from(error: UnknownIssuer) -> Self {
        Self::temporarily_unavailable(error.to_string())
    }
}
