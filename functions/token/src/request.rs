//! The token request: its parameters (RFC 6749 §3.2) and its client (§2.3).

use lambda_http::http::header;
use shared::{
    endpoint::{Authenticated, Call},
    http::{Form, FormError, Query},
    oauth::{Switch, Switches},
};

use crate::error::Error;

/// Reads the parameters and authenticates the client.
pub(crate) async fn read(call: &Call<'_>) -> Result<(Authenticated, Form), Error> {
    let (form, needed) = form(call)?;
    let client = shared::endpoint::authenticate(call, &form).await?;
    if needed.within(&client.compat) == needed { Ok((client, form)) } else { Err(FormError::NotAForm.into()) }
}

/// Reads the parameters from the form in the body; or from JSON or the query, if the deployment permits these switches.
/// Returns also the switches that the client needs for this request.
fn form(call: &Call<'_>) -> Result<(Form, Switches), FormError> {
    let (request, permitted) = (&call.request, &call.app.config.compat);
    let json = permitted.has(Switch::Json) && Form::is_json(request);
    let query = permitted.has(Switch::QueryCredentials) && has_client_in_query(call);
    let form = match (query, json) {
        (true, _) => Form::parse_with_query(request)?,
        (false, true) => Form::parse_json(request)?,
        (false, false) => Form::parse(request)?,
    };
    let needed = [json.then_some(Switch::Json), query.then_some(Switch::QueryCredentials)];
    Ok((form, needed.into_iter().flatten().collect()))
}

/// Returns whether the query contains the client id, and no `Authorization` header is present.
fn has_client_in_query(call: &Call<'_>) -> bool {
    let query = call.request.uri().query().and_then(|query| Query::parse(query).ok());
    let has_client = query.is_some_and(|query| !matches!(query.get("client_id"), Ok(None)));
    has_client && !call.request.headers().contains_key(header::AUTHORIZATION)
}
