//! A person's own account: the applications that use it, their personal tokens, and a developer's credentials.
//!
//! # Design
//! Every form is sealed with the session's secret over what it is for, as on the consent page, so that no other site
//! and no other page can send it. What is made here, with a secret that is shown once, is derived from the session's
//! secret and the page that it was asked for on: the same form sent twice makes one thing, and shows it again. That is
//! why this one answer to a POST is a page and no redirect: the secret is in no other place.

mod applications;
mod credentials;
mod error;
mod expire;
mod tokens;
mod usergrid;

use lambda_http::http::{Method, StatusCode};
use shared::{
    app::App,
    compat::Switch,
    http::{self, Call, Cors, Form, Request, Response, Route},
    page::{self, CsrfToken, Problem, Section, Trouble},
    role::Role,
    session::{self, SignedIn},
};

use usergrid::Which;

/// The server's own address, for a browser that was given no path.
const HOME: &str = "/";

/// No CORS: a person comes here, not a script.
const ROUTE: Route = Route { methods: "GET, POST", cors: Cors::None };

/// Answers a request for one of the account's pages, or for what programs of other services call.
pub async fn handle(app: &App, request: Request) -> Response {
    match Service::called(request.uri().path()) {
        None if request.uri().path() == HOME => home(app, request),
        None => show(app, request).await,
        Some(service) if app.config.compat.has(service.switch()) => service.answer(app, request).await,
        // As the gateway answers where there is no route at all.
        Some(_) => http::json(StatusCode::NOT_FOUND, &serde_json::json!({ "message": "Not Found" })),
    }
}

/// What programs of other services call, each where the deployment permits it (a compatibility switch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// Ona's `DELETE /user/expire`.
    Expire,
    /// Usergrid's `PUT …/revoketokens` and `…/revoketoken`.
    Revoke(Which),
}

impl Service {
    fn called(path: &str) -> Option<Self> {
        match path.rsplit_once('/') {
            Some(("/user", "expire")) => Some(Self::Expire),
            Some((_, "revoketokens")) => Some(Self::Revoke(Which::All)),
            Some((_, "revoketoken")) => Some(Self::Revoke(Which::One)),
            Some(_) | None => None,
        }
    }

    const fn switch(self) -> Switch {
        match self {
            Self::Expire => Switch::UserExpire,
            Self::Revoke(_) => Switch::UsergridRevoke,
        }
    }

    /// Any origin: what is shown is not what a browser sends by itself.
    const fn route(self) -> Route {
        let methods = match self {
            Self::Expire => "DELETE",
            Self::Revoke(_) => "PUT",
        };
        Route { methods, cors: Cors::AnyOrigin }
    }

    async fn answer(self, app: &App, request: Request) -> Response {
        match Call::open(app, request, self.route()) {
            Ok(call) => {
                let outcome = match self {
                    Self::Expire => expire::expire(&call).await,
                    Self::Revoke(which) => usergrid::revoke(&call, which).await,
                };
                call.close(outcome)
            }
            Err(response) => response,
        }
    }
}

/// Sends a browser on to the account.
fn home(app: &App, request: Request) -> Response {
    match Call::open(app, request, Route { methods: "GET", cors: Cors::None }) {
        Ok(call) => call.close_page(Ok::<_, Problem>(page::see_other(Section::APPLICATIONS))),
        Err(response) => response,
    }
}

/// Answers a request for one of the account's pages.
async fn show(app: &App, request: Request) -> Response {
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

/// The pages that `person` has, of which this is the one at `path`. Where tokens cannot be made, those who have some
/// still list and end them.
async fn section(call: &Call<'_>, person: &SignedIn, path: &'static str) -> Result<Section, Problem> {
    let has_personal_tokens = tokens::offered(call) || !tokens::of(call, person).await?.is_empty();
    Ok(Section { path, has_personal_tokens, is_developer: person.status.has(&Role::developer()) })
}
