//! The scope that a request requires: that of the gateway's route, and those of its own method and path.

use shared::{
    config::{Route, RouteScopes, Unlisted},
    oauth::Scope,
};

use crate::{
    arn::Arn,
    error::Forbidden,
    event::{Event, HttpRequest, RestRequest},
    path::{Prefix, greedy},
};

/// Returns the scope that the request of `event` requires. An error: no scope opens the request.
pub(crate) fn of(event: &Event, routes: &RouteScopes) -> Result<Scope, Forbidden> {
    match event {
        Event::Http(request) => of_http_request(request, routes),
        Event::Rest(request) => of_rest_request(request, routes),
        Event::Token(request) => of_arn(&request.method_arn, routes),
    }
}

fn of_http_request(request: &HttpRequest, routes: &RouteScopes) -> Result<Scope, Forbidden> {
    let route: Route = request.route_key.parse().map_err(|_| Forbidden::Unlisted)?;
    let by_route = routes.needed(&route).ok_or(Forbidden::Unlisted)?;
    let context = &request.request_context;
    let method = context.http.as_ref().and_then(|http| http.method.as_deref());
    let method = method.filter(|method| route.takes(method)).ok_or(Forbidden::OtherRoute)?;
    let unlisted = if route == Route::Default { Unlisted::Default } else { Unlisted::Star };
    let prefix = Prefix::before(context.stage.as_deref(), context.domain_name.as_deref());
    let mut required = by_route.clone();
    let greedy = greedy(&request.route_key, request.path_parameters.as_ref());
    for path in prefix.readings(&request.raw_path, &route, greedy)? {
        required = required.with(&routes.needed_at(method, &path, unlisted).ok_or(Forbidden::Unlisted)?);
    }
    Ok(required)
}

/// Returns the scope for a request to a REST API. The policy names the path, so the path must lead to the route that the
/// gateway names, and IAM must take it literally.
fn of_rest_request(request: &RestRequest, routes: &RouteScopes) -> Result<Scope, Forbidden> {
    let (arn, method) = (&request.method_arn, request.http_method.as_str());
    let route = Route::of_resource(method, &request.resource).ok_or(Forbidden::Unlisted)?;
    if !arn.is_literal() || arn.method != method || !routes.leads_to(method, &arn.path, &route) {
        return Err(Forbidden::AmbiguousPath);
    }
    let by_route = routes.needed(&route).ok_or(Forbidden::Unlisted)?;
    let by_arn = routes.needed_at(method, &arn.path, Unlisted::Star).ok_or(Forbidden::Unlisted)?;
    let mut required = by_route.with(&by_arn);
    // The path that the backend gets, behind the base path of a mapping.
    let greedy = greedy(&request.resource, request.path_parameters.as_ref());
    for path in Prefix::Any.readings(&request.path, &route, greedy)? {
        required =
            required.with(&routes.needed_at(method, &path, Unlisted::Star).ok_or(Forbidden::Unlisted)?);
    }
    Ok(required)
}

/// Returns the scope for an authorizer of type `TOKEN`, whose event has no route. An unlisted path may be another
/// spelling of a listed one, so it is refused.
fn of_arn(arn: &Arn, routes: &RouteScopes) -> Result<Scope, Forbidden> {
    if !arn.is_literal() {
        return Err(Forbidden::AmbiguousPath);
    }
    routes.needed_at(&arn.method, &arn.path, Unlisted::Refused).ok_or(Forbidden::Unlisted)
}
