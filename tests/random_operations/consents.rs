//! Authorization requests in a user's browser: the user decides on the consent page, and the code's grant has the scope
//! that the user chose.

use super::{
    run::{NOTES, ORDERS, Run},
    subjects::Begun,
};
use crate::harness::{
    AuthorizationRequest, Browser, HtmlForm, Redirect, Response,
    code_flow::CALLBACK,
    openid::NONCE,
    oracle::{
        Values,
        consent::{Consent, Remembered},
        values,
    },
};

/// A decision on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Deny,
    AllowAll,
    /// The user leaves this value out.
    AllowWithout(&'static str),
    /// The form is edited: it also allows what the client did not request.
    AllowMore,
}

/// The decisions of the run.
const DECISIONS: [Decision; 8] = [
    Decision::Deny,
    Decision::AllowAll,
    Decision::AllowAll,
    Decision::AllowWithout("write"),
    Decision::AllowWithout("write"),
    Decision::AllowWithout("read"),
    Decision::AllowWithout("openid"),
    Decision::AllowMore,
];

/// What an authorization response says, if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Code(String),
    Error(String),
    /// A page, with a link to the client that has this error.
    Link(String),
    /// A 503, or the error `temporarily_unavailable`.
    Unavailable,
    /// A redirect to the login page.
    NoSession,
}

/// The parameters `scope` and `resource` of an authorization request. `None`: it has none.
#[derive(Clone, Copy, Debug)]
struct Requested {
    scope: Option<&'static str>,
    resource: Option<&'static str>,
}

/// An authorization request with the user's decision, and the responses.
struct Exchange {
    requested: Requested,
    decision: Decision,
    /// The response to the request. `None`: the consent page.
    first: Option<Answer>,
    /// The response to the decision on the consent page.
    decided: Option<Answer>,
    /// Whether no request to DynamoDB has failed meanwhile, and the server was prompt.
    calm: bool,
}

impl Run {
    /// Sends an authorization request of a client with a user's browser. The user decides, and the code's grant takes the
    /// place of another one.
    pub async fn authorize(&mut self, user: usize, jar: usize) -> Result<String, String> {
        let client = self.client_of_request(user);
        let redirect_uri_sent = self.dice.chance(50);
        let percent = if self.clients[client].settings.pkce_optional { 50 } else { 95 };
        let challenge = self.dice.chance(percent);
        let of = &self.clients[client];
        let (whole, narrow) = (of.whole_scope(), of.narrow_scope());
        let scope = *self.dice.one(&[Some(whole), Some(whole), Some(narrow), None]);
        let resource = *self.dice.one(&[None, None, Some(NOTES), Some(NOTES), Some(ORDERS)]);
        let requested = Requested { scope, resource };
        let resource = self.target(client, resource).unwrap_or_default();
        let begun = Begun { client, user, redirect_uri_sent, challenge, resource };
        let (decision, twice) = (*self.dice.one(&DECISIONS), self.dice.chance(30));
        let (moment, request) = (self.begin_moment(), self.authorization_request(begun, requested));
        let browser = self.accounts[user].jars[jar].browser(&self.stack);
        let response = browser.authorize(&request).await;
        let first = answer(&response)?;
        let (decided, signed_out) = match &first {
            None => {
                let form = HtmlForm::of(&response, "/oauth/authorize");
                decide(&browser, &form, decision, twice).await?
            }
            Some(first) => (None, *first == Answer::NoSession),
        };
        if response.status != 503 {
            self.observe_session(user, jar, !signed_out)?;
        }
        if signed_out && decided.is_none() {
            return Ok(format!("no session, after a page: {}", first.is_none()));
        }
        let calm = self.was_calm_since(&moment);
        self.check_authorization(begun, Exchange { requested, decision, first, decided, calm })
    }

    /// Returns the number of a client that works, often one that the user has agreed to: its consent may be remembered.
    fn client_of_request(&mut self, user: usize) -> usize {
        let consents = &self.accounts[user].consents;
        let work: Vec<_> = (0..self.clients.len()).filter(|n| self.clients[*n].works()).collect();
        let is_known = |n: &usize| consents.contains_key(&self.clients[*n].registered.id);
        let known: Vec<_> = work.iter().copied().filter(is_known).collect();
        let any = known.is_empty() || self.dice.chance(50);
        *self.dice.one(if any { &work } else { &known })
    }

    /// Checks the responses, and records the consent and the grant.
    fn check_authorization(&mut self, begun: Begun, exchange: Exchange) -> Result<String, String> {
        let Exchange { requested, decision, first, decided, calm } = exchange;
        let page = first.is_none();
        let itself = self.clients[begun.client].self_registered.is_some();
        let told = decided.or(first).ok_or("no response")?;
        let scope = match (&told, self.requested_scope(begun, requested)) {
            (Answer::Unavailable, scope) if !calm => {
                if let (true, Ok(scope)) = (page, scope) {
                    self.renew_life(begun, false);
                    self.remember(begun, chosen(scope, decision), false);
                }
                return Ok("503".to_owned());
            }
            (Answer::Error(error), Err(expected)) if !page && !itself && error == expected => {
                return Ok(error.clone());
            }
            // No error takes a user to a client that registered itself.
            (Answer::Link(error), Err(expected)) if !page && itself && error == expected => {
                return Ok(format!("a page: {error}"));
            }
            (Answer::Code(_) | Answer::Error(_), Ok(scope)) => scope,
            (_, scope) => return Err(format!("{requested:?}, calm: {calm}: {told:?}, but {scope:?}")),
        };
        self.check_page(begun, &scope, page)?;
        let chosen = if page { chosen(scope, decision) } else { scope };
        match told {
            Answer::Error(error) if page && error == "access_denied" && chosen.is_empty() => Ok(error),
            Answer::Code(code) if !chosen.is_empty() => {
                if page {
                    self.renew_life(begun, true);
                    self.remember(begun, chosen.clone(), calm);
                }
                let at = self.place();
                self.subjects[at] = self.begun(begun, code, chosen);
                let first_party = self.clients[begun.client].settings.first_party;
                let default = requested.scope.is_none();
                Ok(format!(
                    "code, after a page: {page}, first-party: {first_party}, itself: {itself}, default scope: {default}"
                ))
            }
            told => Err(format!("{decision:?} of {chosen:?}, after a page: {page}: {told:?}")),
        }
    }

    fn authorization_request(&self, begun: Begun, requested: Requested) -> AuthorizationRequest {
        let of = &self.clients[begun.client];
        let parameters = [
            ("scope", requested.scope),
            ("resource", requested.resource),
            ("redirect_uri", begun.redirect_uri_sent.then_some(CALLBACK)),
            ("nonce", of.is_openid().then_some(NONCE)),
        ];
        let mut request = AuthorizationRequest::by(&of.registered).without("scope");
        for (name, value) in parameters {
            if let Some(value) = value {
                request = request.with(name, value);
            }
        }
        if begun.challenge { request } else { request.without_pkce() }
    }

    /// Returns the scope that the user is asked for, or the error of the request. A public client, an OpenID Connect request
    /// and a request for a resource get the part that the client may have. The resource lists no `openid`, which signs the
    /// user in if it is requested.
    fn requested_scope(&self, begun: Begun, requested: Requested) -> Result<Values, &'static str> {
        let of = &self.clients[begun.client];
        let resource = self.target(begun.client, requested.resource)?;
        let most = values(self.most(begun.client, resource).unwrap_or_default());
        let listed = resource.and_then(|uri| self.listed(uri)).map(values);
        let scope = match (requested.scope.map(values), listed) {
            (None, None) => of.settings.scope_by_default(),
            (None, Some(listed)) => {
                let part = &of.settings.scope_by_default() & &listed;
                // The resource's default scope: all of it, where the client's is no part of it.
                if part.is_empty() { &most & &listed } else { part }
            }
            (Some(requested), Some(listed)) => &(&requested & &most) & &(&listed | &values("openid")),
            (Some(requested), None) if of.is_public() || of.is_openid() || requested.is_subset(&most) => {
                &requested & &most
            }
            (Some(_), None) => return Err("invalid_scope"),
        };
        // RFC 7636 §4.4.1.
        if begun.challenge || of.settings.pkce_optional { Ok(scope) } else { Err("invalid_request") }
    }

    /// Checks whether the server may answer the request with the consent page, or without it. A user of a first-party client
    /// sees no page, even if the deployment remembers no consent.
    fn check_page(&mut self, begun: Begun, scope: &Values, page: bool) -> Result<(), String> {
        if self.clients[begun.client].settings.first_party {
            return if page { Err("a first-party client's user saw the page".to_owned()) } else { Ok(()) };
        }
        let now = self.now();
        self.remembered(begun).observe(now, scope, begun.resource, page)
    }

    /// Returns what the deployment remembers of the user's consents to the client. Those to a public client are not
    /// remembered, because any program can pretend to be one (RFC 8252 §8.6), nor those to a client that registered itself.
    fn remembered(&mut self, begun: Begun) -> &mut Remembered {
        let id = self.clients[begun.client].registered.id.clone();
        self.accounts[begun.user].consents.entry(id).or_default()
    }

    fn remember(&mut self, begun: Begun, scope: Values, calm: bool) {
        let of = &self.clients[begun.client];
        if of.is_public() || of.self_registered.is_some() || scope.is_empty() {
            return;
        }
        let (sub, id) = (self.accounts[begun.user].user.sub, &self.clients[begun.client].registered.id);
        let certain = calm && !self.proxy.is_on_the_way(&format!("k#{sub}#{id}"));
        let consent = Consent { scope, resource: begun.resource, agreed_at: self.now() };
        self.remembered(begun).agree(consent, certain);
    }

    /// Returns the number of a grant to replace: one that is over, if there is one.
    fn place(&mut self) -> usize {
        let now = self.now();
        let over = self.subjects.iter().position(|subject| subject.oracle.is_over(now));
        over.unwrap_or_else(|| self.dice.below(self.subjects.len()))
    }
}

/// Returns the scope that the user allows of `scope`. `openid` cannot be left out: the client learns the user's `sub`.
fn chosen(mut scope: Values, decision: Decision) -> Values {
    match decision {
        Decision::Deny => scope.clear(),
        Decision::AllowAll | Decision::AllowMore => {}
        Decision::AllowWithout(value) => scope.retain(|known| known == "openid" || known != value),
    }
    scope
}

/// Sends the decision, at times twice: the same form leads to the same redirect. Returns the response, and whether the
/// session had ended: a sign-out that got a 503 can end it late, between the page and the decision.
async fn decide(
    browser: &Browser<'_>,
    form: &HtmlForm,
    decision: Decision,
    twice: bool,
) -> Result<(Option<Answer>, bool), String> {
    let word = if decision == Decision::Deny { "deny" } else { "allow" };
    let (form, more) = match decision {
        Decision::AllowWithout(value) => (form.without(&format!("allow:{value}")), Vec::new()),
        Decision::AllowMore => {
            let more = ["allow:admin", "allow:write", "allow:read"];
            let more = more.into_iter().filter(|name| form.get(name).is_none());
            (form.clone(), more.map(|name| (name, "yes")).collect())
        }
        Decision::Deny | Decision::AllowAll => (form.clone(), Vec::new()),
    };
    let fields = [more.as_slice(), &[("decision", word)]].concat();
    let mut told = None;
    for _ in 0..if twice { 2 } else { 1 } {
        let response = browser.submit(&form, &fields).await;
        match (told, answer(&response)?) {
            (_, None) => return Err(format!("{} {}", response.status, response.text)),
            (earlier, Some(Answer::NoSession)) => return Ok((earlier, true)),
            (None | Some(Answer::Unavailable), next) => told = next,
            (earlier, Some(Answer::Unavailable)) => told = earlier,
            (earlier, next) if earlier == next => told = next,
            (earlier, next) => return Err(format!("one form, two responses: {earlier:?}, {next:?}")),
        }
    }
    Ok((told, false))
}

/// Returns the authorization response. `None`: it is a page.
fn answer(response: &Response) -> Result<Option<Answer>, String> {
    match (response.status, response.header("location")) {
        (200, None) => Ok(None),
        (503, None) => Ok(Some(Answer::Unavailable)),
        (400, None) => {
            let link = response.text.split_once(&format!("<a href=\"{CALLBACK}?error="));
            let error = link.and_then(|(_, rest)| rest.split('&').next());
            Ok(Some(Answer::Link(error.ok_or(&response.text)?.to_owned())))
        }
        (303, Some(to)) if to.starts_with("/login?") => Ok(Some(Answer::NoSession)),
        (303, Some(to)) if to.starts_with(CALLBACK) => {
            let redirect = Redirect::of(response);
            Ok(Some(match (redirect.get("code"), redirect.get("error")) {
                (Some(code), None) => Answer::Code(code.to_owned()),
                (None, Some("temporarily_unavailable")) => Answer::Unavailable,
                (None, Some(error)) => Answer::Error(error.to_owned()),
                other => return Err(format!("{other:?}")),
            }))
        }
        (status, location) => Err(format!("{status} {location:?} {}", response.text)),
    }
}
