//! A developer's own clients: an id and a secret for `client_credentials` (RFC 6749 §4.4).

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    client::{
        Client, ClientId, GrantType, Lifetimes, NotRegistrable, RegisteredSecret, Registration, Unchanged,
    },
    http::{Call, Form, Response},
    page::{self, Credential, CredentialsPage, MadePage, Part, Problem, Refused, Section, Trouble, View},
    role::Role,
    secret::{ClientSecret, Secret},
    session::SignedIn,
};

use crate::{check_seal, seal, section, stale};

/// What the forms are sealed for.
const CREATE: &str = "create-credentials";
const DELETE: &str = "delete-credentials";

/// Shows the developer's clients, and the form for another.
pub(crate) async fn show(call: &Call<'_>, person: &SignedIn) -> Result<Response, Problem> {
    list(call, person, StatusCode::OK, None).await
}

/// Makes a client, or deletes one.
pub(crate) async fn change(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    match form.get("delete") {
        Some(id) => delete(call, person, form, id).await,
        None => create(call, person, form).await,
    }
}

/// Only a developer has any business here. Whoever loses the role between the page and its form is refused here, and
/// whoever loses it later has clients that get nothing.
fn developer(person: &SignedIn) -> Result<(), Problem> {
    if person.status.has(&Role::developer()) {
        return Ok(());
    }
    Err(Problem::new(Trouble::NotForYou, String::from("the person is no developer")))
}

async fn list(
    call: &Call<'_>,
    person: &SignedIn,
    status: StatusCode,
    again: Option<(Refused, &str)>,
) -> Result<Response, Problem> {
    developer(person)?;
    let clients = call.app.clients.owned_by(person.person).await?;
    let credentials: Vec<_> = clients.iter().map(|client| describe(client, person)).collect();
    let page = page::showing(call.now);
    let view = View::of(call);
    let page = CredentialsPage {
        view,
        section: section(call, person, Section::CREDENTIALS).await?,
        refused: again.map(|(refused, _)| refused),
        name: again.map_or("", |(_, name)| name),
        credentials: &credentials,
        scope: call.app.config.account.developer_scopes.values().collect(),
        page: &page,
        csrf: seal(person, &[CREATE, &page]),
    };
    Ok(view.show(status, &page))
}

fn describe(client: &Client, person: &SignedIn) -> Credential {
    Credential {
        id: client.id.to_string(),
        name: client.name.clone(),
        scope: client.scope.to_string(),
        made: client.created_at.day().to_string(),
        csrf: seal(person, &[DELETE, client.id.as_str()]),
    }
}

async fn create(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    developer(person)?;
    let page = form.get("page").unwrap_or_default();
    check_seal(person, form, &[CREATE, page])?;
    if page::is_over(page, call.now) {
        return Err(stale("the page is too old"));
    }
    let name = form.get("name").unwrap_or_default();
    // The scope is the configuration's, which is held to what may be registered: only the name can be wrong.
    let Ok((client, secret)) = made(call, person, form, page) else {
        return list(call, person, StatusCode::BAD_REQUEST, Some((Refused::Name, name))).await;
    };
    match call.app.clients.create(&client).await {
        Ok(()) => call.audit(Event::ClientChanged { client: &client.id, change: "created" }),
        Err(Unchanged::TooMany) => {
            return list(call, person, StatusCode::CONFLICT, Some((Refused::TooMany, name))).await;
        }
        // The same form, sent again: its id is derived from it.
        Err(Unchanged::Exists(_)) => {}
        Err(Unchanged::Table(error)) => return Err(error.into()),
        // What the form made was deleted since, or somebody else is changing it.
        Err(error @ (Unchanged::Deleted(_) | Unchanged::Unknown(_) | Unchanged::Raced(_))) => {
            return Err(stale(&error.to_string()));
        }
    }
    let parts = [Part::ClientId(client.id.as_str()), Part::ClientSecret(secret.expose())];
    let view = View::of(call);
    let made = MadePage { view, name: &client.name, parts: &parts, back: Section::CREDENTIALS };
    Ok(view.show(StatusCode::OK, &made))
}

/// The client that the form of this page makes, and its secret. Only the browser that was shown the page holds the
/// secret that both are derived with.
fn made(
    call: &Call<'_>,
    person: &SignedIn,
    form: &Form,
    page: &str,
) -> Result<(Client, Secret<ClientSecret>), NotRegistrable> {
    let allowed = &call.app.config.account.developer_scopes;
    let scope: Vec<_> =
        form.names_after("allow:").filter(|value| allowed.has(value)).map(str::to_owned).collect();
    let name = form.get("name").unwrap_or_default().to_owned();
    let parts = [page, &name, &scope.join(" ")];
    let purposed = |purpose| [&[purpose], parts.as_slice()].concat();
    let id = ClientId::from(person.secret.seal_id(&purposed("client-id")));
    let secret_id = person.secret.seal_id(&purposed("client-secret-id"));
    let secret = Secret::new(secret_id, &person.secret.seal(&purposed("client-secret")));
    let registration = Registration {
        name,
        grant_types: vec![GrantType::ClientCredentials],
        scope,
        lifetimes: lifetimes(call.app.config.account.developer_token),
        ..Registration::default()
    };
    let (mut client, _) = registration.accept(id, call.now)?;
    client.secrets = vec![RegisteredSecret::new(&secret, call.now)];
    client.owner = Some(person.person);
    Ok((client, secret))
}

/// The deployment's word on how long the tokens live; for the rest it does not matter.
fn lifetimes(token: Duration) -> Lifetimes {
    let usual = Lifetimes::default();
    Lifetimes { access_token: u32::try_from(token.as_secs()).unwrap_or(usual.access_token), ..usual }
}

async fn delete(call: &Call<'_>, person: &SignedIn, form: &Form, id: &str) -> Result<Response, Problem> {
    developer(person)?;
    check_seal(person, form, &[DELETE, id])?;
    if let Ok(client) = id.parse::<ClientId>() {
        match call.app.clients.delete_owned(&client, person.person).await {
            Ok(()) => call.audit(Event::ClientChanged { client: &client, change: "deleted" }),
            Err(Unchanged::Table(error)) => return Err(error.into()),
            // It is gone already, or was never theirs.
            Err(
                Unchanged::Unknown(_)
                | Unchanged::Exists(_)
                | Unchanged::Deleted(_)
                | Unchanged::TooMany
                | Unchanged::Raced(_),
            ) => {}
        }
    }
    Ok(page::see_other(Section::CREDENTIALS))
}
