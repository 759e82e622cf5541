//! Signing in.

use std::{borrow::Cow, time::Duration};

use lambda_http::http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use shared::{
    audit::Event,
    browser,
    client::destination,
    http::{Call, Form, Query, Response},
    page::{self, Application, CsrfToken, LoginPage, LoginProblem, Problem, SignedInPage, View},
    secret::{Id, Secret, Visit, random},
    session,
    throttle::{Account, Address, Channel, Claim, Origin, Unproven},
    user::{Password, Proven, User, password},
};

use crate::VISIT;

/// How long the form can be sent back.
const VISIT_LIFETIME: Duration = Duration::from_hours(1);
/// What the form is sealed for.
const PURPOSE: &str = "login";

/// Shows the form; or, with no request to go on with, that nothing needs to be done.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.request.uri().query().unwrap_or_default();
    if query.is_empty()
        && let Some(person) = session::signed_in(call).await?
    {
        let logout_csrf = CsrfToken::seal(&person.secret, &["logout"]);
        let view = View::of(call);
        return Ok(view.show(StatusCode::OK, &SignedInPage { view, username: &person.username, logout_csrf }));
    }
    let hint = Query::parse(query).ok();
    let hint = hint.as_ref().and_then(|query| query.get("login_hint").ok().flatten()).unwrap_or_default();
    form_page(call, StatusCode::OK, hint, None).await
}

/// Signs in whoever knows a name and its password.
pub(crate) async fn attempt(call: &Call<'_>) -> Result<Response, Problem> {
    let form = Form::parse(&call.request)?;
    let (typed, sealed) = (form.get("username").unwrap_or_default(), form.get("csrf").unwrap_or_default());
    let query = call.request.uri().query().unwrap_or_default();
    let visit = visit(call)?;
    if !visit.is_some_and(|visit| visit.has_sealed(&[PURPOSE, query], sealed)) {
        return stale(call, typed, query).await;
    }
    let account = Account::typed(typed);
    let browser = browser::known(call, account).await?;
    let origin = browser.as_ref().map_or_else(|| Origin::Address(Address::of(call)), Origin::Browser);
    let password = form.get("password").unwrap_or_default();
    let claim = Claim { channel: Channel::Page, name: typed, password, origin };
    let proven = match claim.prove(call.app, call.now).await? {
        Ok(proven) => proven,
        Err(unproven) => {
            call.audit(unproven.event());
            return refused(call, typed, &unproven).await;
        }
    };
    let user = strengthened(call, proven, password).await;
    let mut response = begin_session(call, &user, query).await?;
    // A user who has proved who they are is not kept out: at worst their browser is no better known than before.
    if let Ok(browser) = call.app.browsers.remember(user.sub, browser, call.now).await {
        browser::COOKIE.set(&mut response, &call.issuer()?, browser.expose(), browser::LIFETIME);
    }
    Ok(response)
}

/// The form again: the same for every name, and whatever was counted.
async fn refused(call: &Call<'_>, typed: &str, unproven: &Unproven) -> Result<Response, Problem> {
    let retry_after = match unproven {
        Unproven::Wrong { .. } => {
            return form_page(call, StatusCode::BAD_REQUEST, typed, Some(LoginProblem::Wrong)).await;
        }
        Unproven::TooMany { retry_after, .. } => retry_after,
    };
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    let problem = LoginProblem::TooMany(Duration::from_secs(seconds));
    let mut response = form_page(call, StatusCode::TOO_MANY_REQUESTS, typed, Some(problem)).await?;
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    Ok(response)
}

/// A form that is not one that this browser was shown, or was too long ago. If they have signed in meanwhile, in
/// another tab, there is nothing left to prove and they go on; anybody else is shown a new form.
async fn stale(call: &Call<'_>, typed: &str, query: &str) -> Result<Response, Problem> {
    let person = session::signed_in(call).await?.filter(|person| {
        // Longer ago than a form is good for is before it was shown: it asked them to sign in again.
        let meanwhile = call.now.since(person.authenticated_at) <= VISIT_LIFETIME;
        meanwhile && typed.to_lowercase() == person.username.to_lowercase()
    });
    if person.is_some() {
        // With all that was asked: nobody has signed in here.
        return Ok(page::see_other(&way_on(query, query)));
    }
    call.note("access_denied", "the login form is not one that this browser was shown", false);
    form_page(call, StatusCode::FORBIDDEN, typed, Some(LoginProblem::Stale)).await
}

/// The person, whose password is hashed again if it should cost more. A failure changes nothing for them: the next time
/// will do.
async fn strengthened(call: &Call<'_>, proven: Proven, typed: &str) -> User {
    let Proven { user, outdated } = proven;
    if let Some(password) = Password::typed(typed).filter(|_| outdated) {
        let _ = call.app.users.replace_hash(&user, &password::hash_async(password).await).await;
    }
    user
}

/// A new session, in place of any that the browser had, and on with what it came for.
async fn begin_session(call: &Call<'_>, user: &User, query: &str) -> Result<Response, Problem> {
    let issuer = call.issuer()?;
    if let Some(before) =
        session::COOKIE.read(&call.request, &issuer).and_then(|text| Secret::parse(text).ok())
    {
        call.app.sessions.end(&before).await?;
    }
    let secret = call.app.sessions.begin(user.sub, call.now).await?;
    call.audit(Event::SignedIn { person: user.sub });
    let mut response = page::see_other(&way_on(query, &without_sign_in(query)));
    session::COOKIE.set(&mut response, &issuer, secret.expose(), call.app.config.session.absolute);
    VISIT.clear(&mut response, &issuer);
    Ok(response)
}

/// The authorization request without the sign-in that it asks for, which has just been. Only the values of `prompt` and
/// `max_age` change, and only get shorter: every other byte stays as the client sent it.
fn without_sign_in(query: &str) -> String {
    let parameters: Vec<_> = query.split('&').map(parameter_without_sign_in).collect();
    parameters.join("&")
}

/// An empty value counts as absent (RFC 6749 §3.1), and a repeated parameter stays repeated.
fn parameter_without_sign_in(parameter: &str) -> Cow<'_, str> {
    let Some((name, value)) = parameter.split_once('=') else { return parameter.into() };
    match decoded(name).as_ref() {
        "max_age" if is_zero(&decoded(value)) => format!("{name}=").into(),
        "prompt" => {
            let words = value.replace("%20", "+");
            let asks_for_sign_in =
                |word: &&str| ["login", "select_account"].contains(&decoded(word).as_ref());
            if !words.split('+').any(|word| asks_for_sign_in(&word)) {
                return parameter.into();
            }
            let left: Vec<_> = words.split('+').filter(|word| !asks_for_sign_in(word)).collect();
            format!("{name}={}", left.join("+")).into()
        }
        _ => parameter.into(),
    }
}

fn is_zero(age: &str) -> bool {
    !age.is_empty() && age.bytes().all(|byte| byte == b'0')
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Where whoever has signed in goes on to, with `request` if there is one: never further than this server.
fn way_on(query: &str, request: &str) -> String {
    let parsed = Query::parse(query).ok();
    let get = |name| parsed.as_ref().and_then(|query| query.get(name).ok().flatten());
    match (get("client_id"), get("to")) {
        (Some(_), _) => format!("/oauth/authorize?{request}"),
        (None, Some("account")) => "/account".to_owned(),
        (None, _) => "/login".to_owned(),
    }
}

async fn form_page(
    call: &Call<'_>,
    status: StatusCode,
    username: &str,
    problem: Option<LoginProblem>,
) -> Result<Response, Problem> {
    let query = call.request.uri().query().unwrap_or_default();
    // A browser with two tabs open has one visit for both.
    let visit = visit(call)?.unwrap_or_else(|| Secret::new(Id::random(), &random()));
    let csrf = CsrfToken::seal(&visit, &[PURPOSE, query]);
    let (view, application) = (View::of(call), application(call, query).await);
    let page = LoginPage { view, application: application.as_ref(), query, csrf, username, problem };
    let mut response = view.show(status, &page);
    VISIT.set(&mut response, &call.issuer()?, visit.expose(), VISIT_LIFETIME);
    Ok(response)
}

/// The application that `query` is from, if it is a request that would be answered: anybody can put a name into a URL,
/// but only a registered one is shown, and only with an address that it has registered. Nobody waits for it in vain:
/// signing in works without.
async fn application(call: &Call<'_>, query: &str) -> Option<Application> {
    let query = Query::parse(query).ok()?;
    let id = query.get("client_id").ok()??.parse().ok()?;
    let client = call.app.clients.registered(&id, call.now).await.ok()??;
    let redirect_uri = client.redirect_uri(query.get("redirect_uri").ok()?)?;
    Some(Application { name: client.name.clone(), destination: destination(redirect_uri).to_owned() })
}

fn visit(call: &Call<'_>) -> Result<Option<Secret<Visit>>, Problem> {
    let issuer = call.issuer()?;
    Ok(VISIT.read(&call.request, &issuer).and_then(|text| Secret::parse(text).ok()))
}
