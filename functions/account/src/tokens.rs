//! A user's personal tokens.

use lambda_http::http::StatusCode;
use shared::{
    audit::{Event, TokenChange},
    endpoint::{Call, SignedIn},
    http::{self, Form, Response},
    oauth::Scope,
    pages::{
        self, CreateError, CreatedValue, ErrorKind, ErrorPage, ListedToken, PersonalTokensPage,
        SecretOncePage, Section,
    },
    secret::Id,
    users::personal::{Kind, NotCreated, PersonalToken},
};

use crate::{
    form::{check_csrf, check_page, stale},
    token_request,
};

/// The purposes of the forms.
const CREATE: &str = "create-token";
const END: &str = "end-token";

/// Shows the user's valid tokens, and the form for a new one.
pub(crate) async fn show(call: &Call<'_>, user: &SignedIn) -> Result<Response, ErrorPage> {
    page(call, user, StatusCode::OK, None).await
}

/// Creates a token, or ends one.
pub(crate) async fn create_or_end(
    call: &Call<'_>,
    user: &SignedIn,
    form: &Form,
) -> Result<Response, ErrorPage> {
    match form.get("end") {
        Some(id) => end(call, user, form, id).await,
        None => create(call, user, form).await,
    }
}

/// Returns whether users may create personal tokens: the deployment has a scope for them.
pub(crate) fn offered(call: &Call<'_>) -> bool {
    !call.app.config.account.personal_scopes.is_empty()
}

/// Reads the user's valid tokens, including those whose scope the deployment no longer offers.
pub(crate) async fn valid(call: &Call<'_>, user: &SignedIn) -> Result<Vec<PersonalToken>, ErrorPage> {
    let mut tokens = call.app.personal_tokens.of_user(user.user, call.now).await?;
    tokens.retain(|token| token.check_standing(Some(&user.status)).is_ok());
    Ok(tokens)
}

/// Makes the page: with the error of the form that was sent, and the name that it held.
async fn page(
    call: &Call<'_>,
    user: &SignedIn,
    status: StatusCode,
    rejected: Option<(CreateError, &str)>,
) -> Result<Response, ErrorPage> {
    let tokens = valid(call, user).await?;
    if tokens.is_empty() && !offered(call) {
        return Err(not_offered());
    }
    let offered = &call.app.config.account.personal_scopes;
    let tokens: Vec<_> = tokens.iter().map(|token| describe(token, user, offered)).collect();
    if let Some((error, _)) = rejected {
        call.log_failure("invalid_request", &error.to_string(), false);
    }
    let page = pages::new_page_id(call.now);
    let view = call.view();
    let page = PersonalTokensPage {
        view,
        section: Section {
            path: Section::TOKENS,
            has_personal_tokens: true,
            is_developer: user.is_developer(),
        },
        error: rejected.map(|(error, _)| error),
        name: rejected.map_or("", |(_, name)| name),
        tokens: &tokens,
        scope: offered.values().collect(),
        lifetimes: &token_request::lifetimes(call.app.config.account.temporary_token),
        page_id: &page,
        csrf: user.csrf(&[CREATE, &page]),
    };
    Ok(view.show(status, &page))
}

fn not_offered() -> ErrorPage {
    ErrorPage::new(ErrorKind::NotOffered, String::from("this deployment has no personal tokens"))
}

fn describe(token: &PersonalToken, user: &SignedIn, offered: &Scope) -> ListedToken {
    ListedToken {
        id: token.id().to_owned(),
        name: token.name.to_string(),
        temporary: token.kind == Kind::Temporary,
        scope: token.scope_within(offered).unwrap_or_default().to_string(),
        created: token.created_at.day().to_string(),
        expires: token.expires_at.map(|end| end.day().to_string()),
        last_used: token.last_used.map(|day| day.to_string()),
        csrf: user.csrf(&[END, token.id()]),
    }
}

async fn create(call: &Call<'_>, user: &SignedIn, form: &Form) -> Result<Response, ErrorPage> {
    if !offered(call) {
        return Err(not_offered());
    }
    let page_id = check_page(call, user, form, CREATE)?;
    let (kind, request) = match token_request::parse(user, form, &call.app.config.account) {
        Ok(request) => request,
        Err(refused) => {
            let rejected = Some((refused, form.get("name").unwrap_or_default()));
            return page(call, user, StatusCode::BAD_REQUEST, rejected).await;
        }
    };
    let presented = token_request::derive(user, page_id, kind, &request);
    let token = PersonalToken::new(request, &presented, call.now);
    let status = Some(&user.status);
    match call.app.personal_tokens.create(&token, &presented, status, call.now).await {
        Ok(()) => {}
        Err(NotCreated::TooMany) => {
            let rejected = Some((CreateError::TooMany, token.name.as_str()));
            return page(call, user, StatusCode::CONFLICT, rejected).await;
        }
        Err(NotCreated::Ended) => return Err(stale("the token of this form has ended")),
        Err(NotCreated::Table(error)) => return Err(error.into()),
    }
    let (user, token_id) = (user.user, Some(presented.id()));
    call.audit(Event::PersonalTokenChanged { user, token: token_id, change: TokenChange::Created });
    let (view, parts) = (call.view(), [CreatedValue::Token(presented.expose())]);
    let created = SecretOncePage { view, name: token.name.as_str(), values: &parts, back: Section::TOKENS };
    Ok(view.show(StatusCode::OK, &created))
}

async fn end(call: &Call<'_>, user: &SignedIn, form: &Form, id: &str) -> Result<Response, ErrorPage> {
    check_csrf(user, form, &[END, id])?;
    if let Ok(id) = id.parse::<Id>()
        && call.app.personal_tokens.end(user.user, id, call.now).await?
    {
        let user = user.user;
        call.audit(Event::PersonalTokenChanged { user, token: Some(id), change: TokenChange::Ended });
    }
    Ok(http::see_other(Section::TOKENS))
}
