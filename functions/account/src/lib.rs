//! A person's own account: the applications that use it, their personal tokens, and a developer's credentials.
//!
//! # Design
//! Every form is sealed with the session's secret over what it is for, as on the consent page, so that no other site
//! and no other page can send it. What is made here, with a secret that is shown once, is derived from the session's
//! secret and the page that it was asked for on: the same form sent twice makes one thing, and shows it again. That is
//! why this one answer to a POST is a page and no redirect: the secret is in no other place.

mod applications;
mod credentials;
mod tokens;

use lambda_http::http::Method;
use shared::{
    app::App,
    http::{Call, Cors, Form, Request, Response, Route},
    page::{self, CsrfToken, Problem, Section, Trouble},
    role::Role,
    session::{self, SignedIn},
};

/// No CORS: a person comes here, not a script.
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

/// Answers a request for one of the account's pages.
pub async fn handle(app: &App, request: Request) -> Response {
    match Call::open(app, request, ROUTE) {
        Ok(call) => {
            let outcome = answer(&call).await;
            call.close_page(outcome)
        }
        Err(response) => response,
    }
}

async fn answer(call: &Call<'_>) -> Result<Response, Problem> {
    let Some(person) = session::signed_in(call).await? else {
        return Ok(page::see_other("/login?to=account"));
    };
    let form = posted(call)?;
    match (call.request.uri().path(), form) {
        (Section::TOKENS, None) => tokens::show(call, &person).await,
        (Section::TOKENS, Some(form)) => tokens::change(call, &person, &form).await,
        (Section::CREDENTIALS, None) => credentials::show(call, &person).await,
        (Section::CREDENTIALS, Some(form)) => credentials::change(call, &person, &form).await,
        (_, None) => applications::show(call, &person).await,
        (_, Some(form)) => applications::end(call, &person, &form).await,
    }
}

/// The form that came, if one did.
fn posted(call: &Call<'_>) -> Result<Option<Form>, Problem> {
    if call.request.method() == Method::POST { Ok(Some(Form::parse(&call.request)?)) } else { Ok(None) }
}

/// The seal of the form that is for `parts`.
fn seal(person: &SignedIn, parts: &[&str]) -> CsrfToken {
    CsrfToken::seal(&person.secret, parts)
}

/// Holds `form` to being one that this person's browser was shown for `parts`.
fn check_seal(person: &SignedIn, form: &Form, parts: &[&str]) -> Result<(), Problem> {
    if person.secret.has_sealed(parts, form.get("csrf").unwrap_or_default()) {
        return Ok(());
    }
    Err(stale("the form is not one that this browser was shown for this"))
}

fn stale(reason: &str) -> Problem {
    Problem::new(Trouble::StalePage, reason.to_owned()).with_way_on(Section::APPLICATIONS.to_owned())
}

/// The pages that `person` has, of which this is the one at `path`.
fn section(call: &Call<'_>, person: &SignedIn, path: &'static str) -> Section {
    Section {
        path,
        has_personal_tokens: !call.app.config.account.personal_scopes.is_empty(),
        is_developer: person.status.has(&Role::developer()),
    }
}
