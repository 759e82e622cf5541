//! The consent page, and the check of the form that it sends.

use lambda_http::http::StatusCode;
use shared::{
    clients::{Client, description::Description},
    config::Language,
    dynamodb,
    endpoint::Call,
    grants::LONGEST_GRANT,
    http::{Form, Response},
    oauth::{GrantType, Scope, openid_scope},
    pages::{
        AccessDuration, Application, ConsentPage, CsrfToken, ErrorKind, ErrorPage, Owner, Permission, Texts,
        is_page_expired, new_page_id,
    },
    status::Principal,
};

use crate::{authorization::Authorization, request::ResponseType};

/// The purpose that the form is sealed for.
const PURPOSE: &str = "consent";

/// Shows the consent page.
pub(crate) async fn show(authorization: &Authorization<'_>) -> Result<Response, dynamodb::Error> {
    let &Authorization { call, destination, ref request, query, ref user } = authorization;
    let (view, client) = (call.view(), &destination.client);
    let (owner, mut permissions) = describe(call, client, &request.scope, view.language).await?;
    if request.openid.is_some() {
        add_openid(&mut permissions, view.texts);
    }
    let page_id = new_page_id(call.now);
    let page = ConsentPage {
        view,
        application: Application::of(client, &destination.redirect_uri),
        owner,
        username: &user.username,
        resource: request.resource.as_ref(),
        permissions,
        implicit: request.response_type == ResponseType::Token,
        access_duration: access_duration(client, request.response_type),
        query,
        csrf: CsrfToken::seal(&user.secret, &sealed(authorization, &page_id)),
        page_id: &page_id,
        logout_csrf: CsrfToken::seal(&user.secret, &["logout"]),
    };
    Ok(view.show(StatusCode::OK, &page))
}

/// Checks that `form` is from a consent page that this user was shown in this browser for this request, not too long
/// ago. Returns the id of the page.
pub(crate) fn check<'f>(authorization: &Authorization<'_>, form: &'f Form) -> Result<&'f str, ErrorPage> {
    let page_id = form.get("page").unwrap_or_default();
    let csrf = form.get("csrf").unwrap_or_default();
    if authorization.user.secret.has_sealed(&sealed(authorization, page_id), csrf)
        && !is_page_expired(page_id, authorization.call.now)
    {
        return Ok(page_id);
    }
    let reason = "the consent form was not shown to this browser for this request, or has expired";
    let page = ErrorPage::new(ErrorKind::ExpiredPage, reason.to_owned());
    Err(page.with_retry(format!("/oauth/authorize?{}", authorization.query)))
}

/// Returns what the form of the page is sealed for: this request, at this resource. An administrator may change which
/// resource the request means while the user decides.
fn sealed<'a>(authorization: &'a Authorization<'_>, page_id: &'a str) -> Vec<&'a str> {
    let resource = authorization.request.resource.as_ref().map(|resource| resource.uri.as_str());
    [PURPOSE, page_id, authorization.query].into_iter().chain(resource).collect()
}

/// Reads the owner of the client, and the descriptions of the values of `scope`.
///
/// # Design
/// Two requests at once. AWS does not document whether IAM checks the keys of a batch over two tables against each
/// table's own statement, or all of them against both. Keys of different kinds in different tables are therefore never
/// in one batch.
async fn describe<'a>(
    call: &Call<'_>,
    client: &Client,
    scope: &'a Scope,
    language: Language,
) -> Result<(Option<Owner>, Vec<Permission<'a>>), dynamodb::Error> {
    let descriptions = call.app.descriptions.table();
    let (owner, default) = (client.owner.filter(|_| !client.first_party), call.app.config.languages.first());
    let keys: Vec<_> = scope.values().map(|value| (descriptions, Description::key(value))).collect();
    let principals: Vec<_> = owner.map(Principal::User).into_iter().collect();
    let (items, statuses) = tokio::try_join!(dynamodb::get_all(&keys), call.app.statuses.find(&principals))?;
    let (mut items, status) = (items.into_iter(), statuses.into_iter().next().flatten());
    let mut permissions = Vec::new();
    for value in scope.values() {
        let description: Option<Description> = dynamodb::read(items.next().flatten())?;
        let description = description.and_then(|known| known.text(language, default).map(str::to_owned));
        permissions.push(Permission { value, description, is_fixed: false });
    }
    let owner = match (owner, status) {
        _ if client.first_party => Owner::Deployment,
        (None, _) => Owner::Administrators,
        (Some(_), Some(status)) => Owner::User(status.name),
        (Some(_), None) => Owner::DeletedUser,
    };
    Ok((Some(owner).filter(|_| !client.is_self_registered()), permissions))
}

/// Describes the values of OpenID Connect that no administrator has described, and puts `openid` first: the user cannot
/// leave it out.
fn add_openid(permissions: &mut [Permission<'_>], texts: &Texts) {
    for permission in permissions.iter_mut() {
        let description = || texts.consent.openid.describe(permission.value).map(str::to_owned);
        permission.description = permission.description.take().or_else(description);
        permission.is_fixed = permission.value == openid_scope::OPENID;
    }
    permissions.sort_by_key(|permission| !permission.is_fixed);
}

fn access_duration(client: &Client, response_type: ResponseType) -> AccessDuration {
    let unused = client.lifetimes.refresh_token();
    let refreshes = client.grant_types.contains(&GrantType::RefreshToken);
    match client.lifetimes.access_token() {
        None => AccessDuration::UntilRevoked,
        Some(lifetime) if response_type == ResponseType::Token || !refreshes => AccessDuration::For(lifetime),
        Some(_) if unused < LONGEST_GRANT => AccessDuration::WhileUsed { unused, at_most: LONGEST_GRANT },
        Some(_) => AccessDuration::For(LONGEST_GRANT),
    }
}
