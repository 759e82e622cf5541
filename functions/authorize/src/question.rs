//! What a person is asked: the consent page, and the form that comes back from it.

use lambda_http::http::StatusCode;
use shared::{
    client::{Client, GrantType, destination},
    description::Description,
    grant::LONGEST_GRANT,
    http::{Call, Form, Response},
    language::Language,
    page::{self, Application, ConsentPage, CsrfToken, Lasting, Owner, Permission, View},
    scope::Scope,
    session::SignedIn,
    status::Whose,
    table,
};

use crate::{
    query_text,
    request::{AuthorizationRequest, Destination, ResponseType},
};

/// What the parts of a form are sealed for.
const PURPOSE: &str = "consent";

/// The page that asks `person` to let `to`'s client have what it `asked` for.
pub(crate) async fn page(
    call: &Call<'_>,
    to: &Destination,
    asked: &AuthorizationRequest,
    person: &SignedIn,
) -> Result<Response, table::Error> {
    let scope = &asked.scope;
    let (view, client, query) = (View::of(call), &to.client, query_text(call));
    let (owner, permissions) = explain(call, client, scope, view.language).await?;
    let page = page::showing(call.now);
    let csrf = CsrfToken::seal(&person.secret, &[PURPOSE, &page, &query]);
    let page = ConsentPage {
        view,
        application: Application {
            name: client.name.clone(),
            destination: destination(&to.redirect_uri).to_owned(),
        },
        owner,
        username: &person.username,
        permissions,
        at_once: asked.response_type == ResponseType::Token,
        lasting: lasting(client, asked.response_type),
        query: &query,
        page: &page,
        csrf,
        logout_csrf: CsrfToken::seal(&person.secret, &["logout"]),
    };
    Ok(view.show(StatusCode::OK, &page))
}

/// Whether `form` is from a page that asked `person`, in this browser and not too long ago, about the request `query`.
pub(crate) fn was_asked(call: &Call<'_>, person: &SignedIn, form: &Form, query: &str) -> bool {
    let page = form.get("page").unwrap_or_default();
    let sealed = form.get("csrf").unwrap_or_default();
    person.secret.has_sealed(&[PURPOSE, page, query], sealed) && !page::is_over(page, call.now)
}

/// Whom the client belongs to, and what the values of `scope` mean.
///
/// # Design
/// Two requests at once. IAM may hold the keys of a batch over two tables to each table's own statement, or all of them
/// to both: AWS does not say. Keys of different kinds in different tables are therefore never in one batch.
async fn explain<'a>(
    call: &Call<'_>,
    client: &Client,
    scope: &'a Scope,
    language: Language,
) -> Result<(Owner, Vec<Permission<'a>>), table::Error> {
    let descriptions = call.app.descriptions.table();
    let owner = client.owner.filter(|_| !client.first_party);
    let keys: Vec<_> = scope.values().map(|value| (descriptions, Description::key(value))).collect();
    let whose: Vec<_> = owner.map(Whose::Person).into_iter().collect();
    let (items, statuses) = tokio::try_join!(table::get_all(&keys), call.app.statuses.find(&whose))?;
    let (mut items, status) = (items.into_iter(), statuses.into_iter().next().flatten());
    let mut permissions = Vec::new();
    for value in scope.values() {
        let known: Option<Description> = table::read(items.next().flatten())?;
        let description = known.and_then(|known| known.text(language).map(str::to_owned));
        permissions.push(Permission { value, description });
    }
    let owner = match (owner, status) {
        _ if client.first_party => Owner::Deployment,
        (None, _) => Owner::Administrators,
        (Some(_), Some(status)) => Owner::Person(status.name),
        (Some(_), None) => Owner::Gone,
    };
    Ok((owner, permissions))
}

fn lasting(client: &Client, response_type: ResponseType) -> Lasting {
    let unused = client.lifetimes.refresh_token();
    let refreshes = client.grant_types.contains(&GrantType::RefreshToken);
    match client.lifetimes.access_token() {
        None => Lasting::UntilRevoked,
        Some(lifetime) if response_type == ResponseType::Token || !refreshes => Lasting::For(lifetime),
        Some(_) if unused < LONGEST_GRANT => Lasting::WhileUsed { unused, at_most: LONGEST_GRANT },
        Some(_) => Lasting::For(LONGEST_GRANT),
    }
}
