//! The route in requests to DynamoDB.

use aws_sdk_dynamodb::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
};
use jeton::local::running;

use super::ROUTE;

/// An interceptor that adds the route of the running function to every request to DynamoDB.
#[derive(Debug)]
pub struct TellRoute;

impl Intercept for TellRoute {
    fn name(&self) -> &'static str {
        "TellRoute"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        if let Some(path) = running() {
            context.request_mut().headers_mut().insert(ROUTE, path);
        }
        Ok(())
    }
}
