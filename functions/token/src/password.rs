//! The resource owner password credentials grant (RFC 6749 §4.3; a compatibility switch): tokens for a person's name
//! and password.

use shared::{
    audit::Event,
    client::Client,
    grant::{Codeless, Grant, Kind, Terms},
    http::{Call, Form},
    secret::Id,
    throttle::{Account, Address, Attempt, Reservation, Verdict},
    user::{self, User, UserName},
};

use crate::{Error, Tokens, asked, new_tokens::NewTokens};

/// Tokens of the person whose name and password are in `form`.
pub(crate) async fn issue(call: &Call<'_>, client: &Client, form: &Form) -> Result<Tokens, Error> {
    let (name, password) = (form.require("username")?, form.require("password")?);
    let (scope, lifetime) = (asked::scope(form, client)?, asked::lifetime(form, client)?);
    let person = prove(call, name, password).await?;
    let id = Id::random();
    let tokens = NewTokens::make(id, client, lifetime);
    let terms = Terms { client, scope, issuer: call.issuer()?, now: call.now };
    let codeless = Codeless { kind: Kind::Password, person: person.sub, authenticated_at: call.now };
    let grant = Grant::without_code(terms, &codeless, id, tokens.kept(call.now));
    call.app.grants.issue(&grant).await?;
    call.audit(Event::Issued {
        grant: id,
        kind: grant.kind.as_str(),
        client: &client.id,
        token: tokens.access.digest().name(),
        scope: grant.scope.to_string(),
    });
    Ok(tokens.answer(grant.scope))
}

/// The person called `name`, if that is their password. Who is unknown, disabled or wrong is told the same, after as
/// long (§4.3.2).
async fn prove(call: &Call<'_>, name: &str, password: &str) -> Result<User, Error> {
    let reservation = reserve(call, name).await?;
    let known = match name.parse::<UserName>() {
        Ok(name) => call.app.users.find_by_name(&name).await?,
        Err(_) => None,
    };
    let person = known.as_ref().map(|user| user.sub);
    let Some(proven) = user::prove(call.app, known, password, call.now).await? else {
        call.audit(Event::SignInFailed { person });
        return Err(Error::WrongPassword);
    };
    // Nobody who has proved who they are is kept out: at worst an attempt too many is counted.
    let _ = call.app.throttle.give_back(reservation).await;
    Ok(proven.user)
}

/// Counts the attempt before the password is looked at, as the login page does (§4.3.2). The address is the client's.
async fn reserve(call: &Call<'_>, name: &str) -> Result<Reservation, Error> {
    let account = Account::typed(name);
    let attempt = Attempt { account, address: Address::of(call), browser: None };
    match call.app.throttle.reserve(&attempt, call.now).await? {
        Verdict::Reserved(reservation) => Ok(reservation),
        Verdict::TooMany { by, retry_after } => {
            call.audit(Event::SignInThrottled { by: by.name(), account: account.hint() });
            Err(Error::TooManyAttempts(retry_after))
        }
    }
}
