//! The network address of a request.

use lambda_http::{RequestExt, request::RequestContext};

use super::Call;
use crate::users::rate_limit::Address;

impl Call<'_> {
    /// Returns the address that the request came from (see [`Address::seen`]).
    pub fn address(&self) -> Address {
        let source_ip = match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let forwarded = self.request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
        Address::seen(source_ip.unwrap_or_default(), forwarded, self.app.config.rate_limit.trusted_proxies)
    }
}
