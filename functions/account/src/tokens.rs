//! A person's own tokens.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    http::{Call, Form, Response},
    label::Label,
    page::{self, MadePage, Personal, PersonalTokensPage, Problem},
    personal::{Kind, NotCreated, PersonalToken, Presented, Wish},
    scope::Scope,
    secret::Id,
    session::SignedIn,
    time::Day,
};

use crate::{check_seal, seal, stale};

/// What the forms are sealed for.
const CREATE: &str = "create-token";
const END: &str = "end-token";

/// How long an API token may live, as the form has it: days, or never.
const DAYS: [(&str, Option<u64>); 5] =
    [("30", Some(30)), ("7", Some(7)), ("90", Some(90)), ("365", Some(365)), ("never", None)];
/// What the form has for a temporary token.
const TEMPORARY: &str = "temporary";

/// Shows the tokens that work, and the form for another.
pub(crate) async fn show(call: &Call<'_>, person: &SignedIn) -> Result<Response, Problem> {
    list(call, person, StatusCode::OK, None).await
}

/// Makes a token, or ends one.
pub(crate) async fn change(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    match form.get("end") {
        Some(id) => end(call, person, form, id).await,
        None => create(call, person, form).await,
    }
}

/// What went wrong with a form that was filled in, and what of it to fill in again.
struct Refused<'a> {
    problem: &'static str,
    name: &'a str,
}

async fn list(
    call: &Call<'_>,
    person: &SignedIn,
    status: StatusCode,
    refused: Option<Refused<'_>>,
) -> Result<Response, Problem> {
    offered(call)?;
    let kept = call.app.personal_tokens.of_person(person.person, call.now).await?;
    let works = |token: &&PersonalToken| token.is_upheld_by(Some(&person.status)).is_ok();
    let tokens: Vec<_> = kept.iter().filter(works).map(|token| describe(token, person)).collect();
    let page = page::showing(call.now);
    Ok(page::html(
        status,
        &PersonalTokensPage {
            problem: refused.as_ref().map(|refused| refused.problem),
            name: refused.map_or("", |refused| refused.name),
            tokens: &tokens,
            scope: call.app.config.account.personal_scopes.values().collect(),
            lifetimes: &lifetimes(call.app.config.account.temporary_token),
            page: &page,
            csrf: seal(person, &[CREATE, &page]),
        },
    ))
}

/// A deployment that has no scope for them has no personal tokens.
fn offered(call: &Call<'_>) -> Result<(), Problem> {
    if call.app.config.account.personal_scopes.is_empty() {
        let reason = String::from("this deployment has no personal tokens");
        return Err(Problem::not_found("There is nothing here", "Personal tokens are not offered.", reason));
    }
    Ok(())
}

fn describe(token: &PersonalToken, person: &SignedIn) -> Personal {
    let never = |day: Option<Day>| day.map_or_else(|| "never".to_owned(), |day| day.to_string());
    Personal {
        id: token.id().to_owned(),
        name: token.name.to_string(),
        kind: token.kind.as_str(),
        scope: token.scope.to_string(),
        created: token.created_at.day().to_string(),
        expires: never(token.expires_at.map(shared::time::Timestamp::day)),
        last_used: never(token.last_used),
        csrf: seal(person, &[END, token.id()]),
    }
}

fn lifetimes(temporary: Duration) -> Vec<(&'static str, String)> {
    let words = |days: Option<u64>| {
        days.map_or_else(|| "Until it is ended".to_owned(), |days| format!("{days} days"))
    };
    let temporary = match (temporary.as_secs() / 3_600, temporary.as_secs() / 60) {
        (hours, _) if hours >= 2 => format!("{hours} hours: a temporary token"),
        (_, minutes) => format!("{minutes} minutes: a temporary token"),
    };
    let api = DAYS.iter().map(|(value, days)| (*value, words(*days)));
    api.chain([(TEMPORARY, temporary)]).collect()
}

async fn create(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    offered(call)?;
    let page = form.get("page").unwrap_or_default();
    check_seal(person, form, &[CREATE, page])?;
    if page::is_over(page, call.now) {
        return Err(stale("the page is too old"));
    }
    let (kind, wish) = match wish(call, person, form) {
        Ok(wish) => wish,
        Err(refused) => return list(call, person, StatusCode::BAD_REQUEST, Some(refused)).await,
    };
    let presented = derived(person, page, kind, &wish);
    let token = PersonalToken::new(wish, &presented, call.now);
    match call.app.personal_tokens.create(&token, &presented, call.now).await {
        Ok(()) => {}
        Err(NotCreated::TooMany) => {
            let problem = "You have as many tokens as one person may have. End one first.";
            let refused = Refused { problem, name: token.name.as_str() };
            return list(call, person, StatusCode::CONFLICT, Some(refused)).await;
        }
        Err(NotCreated::Over) => return Err(stale("the token of this form was ended since")),
        Err(NotCreated::Table(error)) => return Err(error.into()),
    }
    let (person, token_id) = (person.person, Some(presented.id()));
    call.audit(Event::PersonalTokenChanged { person, token: token_id, change: "created" });
    let parts = [("Your token", presented.expose())];
    let made = MadePage { name: token.name.as_str(), parts: &parts, back: "/account/tokens" };
    Ok(page::html(StatusCode::OK, &made))
}

/// What the form asks for.
fn wish<'a>(call: &Call<'_>, person: &SignedIn, form: &'a Form) -> Result<(Kind, Wish), Refused<'a>> {
    let account = &call.app.config.account;
    let typed = form.get("name").unwrap_or_default();
    let refuse = |problem| Refused { problem, name: typed };
    let name: Label = typed.parse().map_err(|_| refuse("A name is one line of 1 to 100 characters."))?;
    let chosen = form.names_after("allow:").filter(|value| account.personal_scopes.has(value));
    let scope = Scope::of(chosen).unwrap_or_default();
    if scope.is_empty() {
        return Err(refuse("Choose something that the token may do."));
    }
    let lasts = form.get("lasts").unwrap_or_default();
    let (kind, lifetime) = match DAYS.iter().find(|(value, _)| *value == lasts) {
        Some((_, days)) => (Kind::Api, days.map(|days| Duration::from_hours(days * 24))),
        None if lasts == TEMPORARY => (Kind::Temporary, Some(account.temporary_token)),
        None => return Err(refuse("Choose how long the token lives.")),
    };
    Ok((kind, Wish { person: person.person, name, scope, lifetime }))
}

/// The token that the form of this page makes. Only the browser that was shown the page holds the secret that it is
/// derived with.
fn derived(person: &SignedIn, page: &str, kind: Kind, wish: &Wish) -> Presented {
    let (scope, lifetime) = (wish.scope.to_string(), format!("{:?}", wish.lifetime));
    let parts = [page, kind.as_str(), wish.name.as_str(), &scope, &lifetime];
    let purposed = |purpose| [&[purpose], parts.as_slice()].concat();
    let id = person.secret.seal_id(&purposed("personal-token-id"));
    Presented::new(kind, id, &person.secret.seal(&purposed("personal-token")))
}

async fn end(call: &Call<'_>, person: &SignedIn, form: &Form, id: &str) -> Result<Response, Problem> {
    check_seal(person, form, &[END, id])?;
    if let Ok(id) = id.parse::<Id>()
        && call.app.personal_tokens.end(person.person, id, call.now).await?
    {
        let person = person.person;
        call.audit(Event::PersonalTokenChanged { person, token: Some(id), change: "ended" });
    }
    Ok(page::see_other("/account/tokens"))
}
