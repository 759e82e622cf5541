//! A developer's own clients: an id and a secret for `client_credentials` (RFC 6749 §4.4).

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::{
    audit::{ClientChange, Event},
    clients::{Client, InvalidRegistration, Lifetimes, RegisteredSecret, Registration, WriteError},
    endpoint::{Call, SignedIn},
    http::{self, Form, Response},
    oauth::{ClientId, GrantType},
    pages::{
        self, CreateError, CreatedValue, CredentialsPage, ErrorKind, ErrorPage, ListedCredential,
        SecretOncePage, Section,
    },
    secret::{ClientSecret, Secret},
};

use crate::{
    form::{check_csrf, check_page, stale},
    section::section,
};

/// The purposes of the forms.
const CREATE: &str = "create-credentials";
const DELETE: &str = "delete-credentials";

/// Shows the developer's clients, and the form for a new one.
pub(crate) async fn show(call: &Call<'_>, user: &SignedIn) -> Result<Response, ErrorPage> {
    check_developer(user)?;
    page(call, user, StatusCode::OK, None).await
}

/// Creates a client, or deletes one.
pub(crate) async fn create_or_delete(
    call: &Call<'_>,
    user: &SignedIn,
    form: &Form,
) -> Result<Response, ErrorPage> {
    check_developer(user)?;
    match form.get("delete") {
        Some(id) => delete(call, user, form, id).await,
        None => create(call, user, form).await,
    }
}

/// Checks that the user is a developer. A user who loses the role later keeps clients that no endpoint accepts.
fn check_developer(user: &SignedIn) -> Result<(), ErrorPage> {
    if user.is_developer() {
        return Ok(());
    }
    Err(ErrorPage::new(ErrorKind::DevelopersOnly, String::from("the user is not a developer")))
}

/// Makes the page: with the error of the form that was sent, and the name that it held.
async fn page(
    call: &Call<'_>,
    user: &SignedIn,
    status: StatusCode,
    rejected: Option<(CreateError, &str)>,
) -> Result<Response, ErrorPage> {
    let clients = call.app.clients.owned_by(user.user).await?;
    let credentials: Vec<_> = clients.iter().map(|client| describe(client, user)).collect();
    if let Some((error, _)) = rejected {
        call.log_failure("invalid_request", &error.to_string(), false);
    }
    let page = pages::new_page_id(call.now);
    let view = call.view();
    let page = CredentialsPage {
        view,
        section: section(call, user, Section::CREDENTIALS).await?,
        error: rejected.map(|(error, _)| error),
        name: rejected.map_or("", |(_, name)| name),
        credentials: &credentials,
        scope: call.app.config.account.developer_scopes.values().collect(),
        page_id: &page,
        csrf: user.csrf(&[CREATE, &page]),
    };
    Ok(view.show(status, &page))
}

fn describe(client: &Client, user: &SignedIn) -> ListedCredential {
    ListedCredential {
        id: client.id.to_string(),
        name: client.name.clone(),
        scope: client.scope.to_string(),
        created: client.created_at.day().to_string(),
        csrf: user.csrf(&[DELETE, client.id.as_str()]),
    }
}

async fn create(call: &Call<'_>, user: &SignedIn, form: &Form) -> Result<Response, ErrorPage> {
    let page_id = check_page(call, user, form, CREATE)?;
    let name = form.get("name").unwrap_or_default();
    // The configuration's scope can be registered, so only the name can be invalid.
    let Ok((client, secret)) = derive(call, user, form, page_id) else {
        return page(call, user, StatusCode::BAD_REQUEST, Some((CreateError::InvalidName, name))).await;
    };
    match call.app.clients.create(&client).await {
        Ok(()) => call.audit(Event::ClientChanged { client: &client.id, change: ClientChange::Created }),
        Err(WriteError::TooMany) => {
            return page(call, user, StatusCode::CONFLICT, Some((CreateError::TooMany, name))).await;
        }
        // The same form, sent again: the client's id is derived from it.
        Err(WriteError::Exists(_)) => {}
        Err(WriteError::Table(error)) => return Err(error.into()),
        // The client of this form was deleted since, or another request is changing it.
        Err(error @ (WriteError::Deleted(_) | WriteError::Unknown(_) | WriteError::Raced(_))) => {
            return Err(stale(&error.to_string()));
        }
    }
    let parts = [CreatedValue::ClientId(client.id.as_str()), CreatedValue::ClientSecret(secret.expose())];
    let view = call.view();
    let created = SecretOncePage { view, name: &client.name, values: &parts, back: Section::CREDENTIALS };
    Ok(view.show(StatusCode::OK, &created))
}

/// Derives the form's client and its secret from the session's secret and the page, so that no one else can make them.
fn derive(
    call: &Call<'_>,
    user: &SignedIn,
    form: &Form,
    page_id: &str,
) -> Result<(Client, Secret<ClientSecret>), InvalidRegistration> {
    let allowed = &call.app.config.account.developer_scopes;
    let scope: Vec<_> =
        form.names_after("allow:").filter(|value| allowed.has(value)).map(str::to_owned).collect();
    let name = form.get("name").unwrap_or_default().to_owned();
    let parts = [page_id, &name, &scope.join(" ")];
    let purposed = |purpose| [&[purpose], parts.as_slice()].concat();
    let id = ClientId::from(user.secret.seal_id(&purposed("client-id")));
    let secret_id = user.secret.seal_id(&purposed("client-secret-id"));
    let secret = Secret::new(secret_id, &user.secret.seal(&purposed("client-secret")));
    let registration = Registration {
        name,
        grant_types: vec![GrantType::ClientCredentials],
        scope,
        lifetimes: lifetimes(call.app.config.account.developer_token),
        ..Registration::default()
    };
    let (mut client, _) = registration.accept(id, call.now)?;
    client.secrets = vec![RegisteredSecret::new(&secret, call.now)];
    client.owner = Some(user.user);
    Ok((client, secret))
}

/// Returns the lifetimes of a client whose access tokens live for `access_token`. It gets no other tokens.
fn lifetimes(access_token: Duration) -> Lifetimes {
    let default = Lifetimes::default();
    let access_token = u32::try_from(access_token.as_secs()).unwrap_or(default.access_token);
    Lifetimes { access_token, ..default }
}

async fn delete(call: &Call<'_>, user: &SignedIn, form: &Form, id: &str) -> Result<Response, ErrorPage> {
    check_csrf(user, form, &[DELETE, id])?;
    let Ok(client) = id.parse::<ClientId>() else { return Ok(http::see_other(Section::CREDENTIALS)) };
    match call.app.clients.delete_owned(&client, user.user).await {
        Ok(()) => call.audit(Event::ClientChanged { client: &client, change: ClientChange::Deleted }),
        Err(WriteError::Table(error)) => return Err(error.into()),
        // The client is deleted already, or was never the user's.
        Err(
            WriteError::Unknown(_)
            | WriteError::Exists(_)
            | WriteError::Deleted(_)
            | WriteError::TooMany
            | WriteError::Raced(_),
        ) => {}
    }
    Ok(http::see_other(Section::CREDENTIALS))
}
