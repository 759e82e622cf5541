//! A token request: who sends it (RFC 6749 §2.3), and its parameters (§3.2).

use lambda_http::http::header;
use shared::{
    client::{self, Authenticated},
    compat::{Switch, Switches},
    http::{Call, Form, FormError, Query},
};

use crate::Error;

/// The client that `call` is from, and what it says.
pub(crate) async fn read(call: &Call<'_>) -> Result<(Authenticated, Form), Error> {
    let (form, needed) = parameters(call)?;
    let client = client::authenticate(call, &form).await?;
    if needed.within(&client.compat) == needed { Ok((client, form)) } else { Err(FormError::NotAForm.into()) }
}

/// The parameters: a form in the body. Where the deployment permits it they may come in other ways, and the switches
/// that those need are returned with them.
fn parameters(call: &Call<'_>) -> Result<(Form, Switches), FormError> {
    let (request, permitted) = (&call.request, &call.app.config.compat);
    let json = permitted.has(Switch::Json) && Form::is_json(request);
    let switches = |also: Option<Switch>| json.then_some(Switch::Json).into_iter().chain(also).collect();
    if permitted.has(Switch::QueryCredentials) && has_client_in_query(call) {
        return Ok((Form::parse_with_query(request)?, switches(Some(Switch::QueryCredentials))));
    }
    let form = if json { Form::parse_json(request)? } else { Form::parse(request)? };
    Ok((form, switches(None)))
}

/// Whether it is in the query, and not in a header, that `call` names its client.
fn has_client_in_query(call: &Call<'_>) -> bool {
    let query = call.request.uri().query().and_then(|query| Query::parse(query).ok());
    let named = query.is_some_and(|query| !matches!(query.get("client_id"), Ok(None)));
    named && !call.request.headers().contains_key(header::AUTHORIZATION)
}
