//! A person's own tokens.

use std::time::Duration;

use lambda_http::http::StatusCode;
use shared::{
    audit::Event,
    http::{Call, Form, Response},
    label::Label,
    page::{
        self, Lifetime, MadePage, Part, Personal, PersonalTokensPage, Problem, Refused, Section, Trouble,
        View,
    },
    personal::{Kind, NotCreated, PersonalToken, Presented, Wish},
    role::Role,
    scope::Scope,
    secret::Id,
    session::SignedIn,
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

async fn list(
    call: &Call<'_>,
    person: &SignedIn,
    status: StatusCode,
    again: Option<(Refused, &str)>,
) -> Result<Response, Problem> {
    let tokens = of(call, person).await?;
    let offered = &call.app.config.account.personal_scopes;
    if tokens.is_empty() && offered.is_empty() {
        return Err(not_offered());
    }
    let tokens: Vec<_> = tokens.iter().map(|token| describe(token, person, offered)).collect();
    let page = page::showing(call.now);
    let view = View::of(call);
    let page = PersonalTokensPage {
        view,
        section: Section {
            path: Section::TOKENS,
            has_personal_tokens: true,
            is_developer: person.status.has(&Role::developer()),
        },
        refused: again.map(|(refused, _)| refused),
        name: again.map_or("", |(_, name)| name),
        tokens: &tokens,
        scope: offered.values().collect(),
        lifetimes: &lifetimes(call.app.config.account.temporary_token),
        page: &page,
        csrf: seal(person, &[CREATE, &page]),
    };
    Ok(view.show(status, &page))
}

/// Whether users may make personal tokens: a deployment that has no scope for them has none.
pub(crate) fn offered(call: &Call<'_>) -> bool {
    !call.app.config.account.personal_scopes.is_empty()
}

fn not_offered() -> Problem {
    Problem::new(Trouble::NotOffered, String::from("this deployment has no personal tokens"))
}

/// The user's tokens that have neither ended nor expired, with or without a scope that the deployment still offers.
pub(crate) async fn of(call: &Call<'_>, person: &SignedIn) -> Result<Vec<PersonalToken>, Problem> {
    let mut tokens = call.app.personal_tokens.of_person(person.person, call.now).await?;
    tokens.retain(|token| token.is_upheld_by(Some(&person.status)).is_ok());
    Ok(tokens)
}

fn describe(token: &PersonalToken, person: &SignedIn, offered: &Scope) -> Personal {
    Personal {
        id: token.id().to_owned(),
        name: token.name.to_string(),
        temporary: token.kind == Kind::Temporary,
        scope: token.scope_within(offered).unwrap_or_default().to_string(),
        made: token.created_at.day().to_string(),
        expires: token.expires_at.map(|end| end.day().to_string()),
        last_used: token.last_used.map(|day| day.to_string()),
        csrf: seal(person, &[END, token.id()]),
    }
}

/// How long a token may live, in the order of the form, whose first is chosen.
fn lifetimes(temporary: Duration) -> Vec<(&'static str, Lifetime)> {
    let api = DAYS.iter().map(|(value, days)| {
        (*value, days.map_or(Lifetime::Unlimited, |days| Lifetime::For(Duration::from_hours(days * 24))))
    });
    api.chain([(TEMPORARY, Lifetime::Temporary(temporary))]).collect()
}

async fn create(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<Response, Problem> {
    if !offered(call) {
        return Err(not_offered());
    }
    let page = form.get("page").unwrap_or_default();
    check_seal(person, form, &[CREATE, page])?;
    if page::is_over(page, call.now) {
        return Err(stale("the page is too old"));
    }
    let (kind, wish) = match wish(call, person, form) {
        Ok(wish) => wish,
        Err(refused) => {
            let again = Some((refused, form.get("name").unwrap_or_default()));
            return list(call, person, StatusCode::BAD_REQUEST, again).await;
        }
    };
    let presented = derived(person, page, kind, &wish);
    let token = PersonalToken::new(wish, &presented, call.now);
    let status = Some(&person.status);
    match call.app.personal_tokens.create(&token, &presented, status, call.now).await {
        Ok(()) => {}
        Err(NotCreated::TooMany) => {
            let again = Some((Refused::TooMany, token.name.as_str()));
            return list(call, person, StatusCode::CONFLICT, again).await;
        }
        Err(NotCreated::Over) => return Err(stale("the token of this form was ended since")),
        Err(NotCreated::Table(error)) => return Err(error.into()),
    }
    let (person, token_id) = (person.person, Some(presented.id()));
    call.audit(Event::PersonalTokenChanged { person, token: token_id, change: "created" });
    let (view, parts) = (View::of(call), [Part::Token(presented.expose())]);
    let made = MadePage { view, name: token.name.as_str(), parts: &parts, back: Section::TOKENS };
    Ok(view.show(StatusCode::OK, &made))
}

/// What the form asks for.
fn wish(call: &Call<'_>, person: &SignedIn, form: &Form) -> Result<(Kind, Wish), Refused> {
    let account = &call.app.config.account;
    let name: Label = form.get("name").unwrap_or_default().parse().map_err(|_| Refused::Name)?;
    let chosen = form.names_after("allow:").filter(|value| account.personal_scopes.has(value));
    let scope = Scope::of(chosen).unwrap_or_default();
    if scope.is_empty() {
        return Err(Refused::Scope);
    }
    let lasts = form.get("lasts").unwrap_or_default();
    let (kind, lifetime) = match DAYS.iter().find(|(value, _)| *value == lasts) {
        Some((_, days)) => (Kind::Api, days.map(|days| Duration::from_hours(days * 24))),
        None if lasts == TEMPORARY => (Kind::Temporary, Some(account.temporary_token)),
        None => return Err(Refused::Lifetime),
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
    Ok(page::see_other(Section::TOKENS))
}
