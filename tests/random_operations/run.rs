//! The run: its deployment, its grants, and one step after the other.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use serde_json::Value;
use shared::{
    clients::Registration,
    secret::{AuthorizationCode, Id, Secret},
};
use tokio::select;

use super::{
    accounts::Account,
    clients::Client,
    journal::{About, Journal},
    processes::{Database, Functions, configure},
    requests::{Request, meaning},
};
use crate::harness::{
    Registered, Response, Stack,
    chaos::Proxy,
    code_flow::{self, CALLBACK, VERIFIER},
    dice::{Dice, setting},
    openid::NONCE,
    oracle::{Observed, Operation, Oracle, Reply, values},
};

/// The percentage of writes that fail. Half as many reads fail.
pub const PERCENT: usize = 24;
/// The number of grants at a time.
const GRANTS: usize = 8;
const USERS: usize = 3;
/// The longest lifetime of a grant, in milliseconds.
const LONGEST_GRANT: u64 = 90 * 86_400_000;
/// The resource that some grants are for.
pub const NOTES: &str = "https://api.example.com/notes";
/// A resource that no grant is for.
pub const ORDERS: &str = "https://api.example.com/orders";

/// A grant.
pub struct Subject {
    /// The number of the grant's client.
    pub client: usize,
    /// The user: the number, and the subject identifier.
    pub user: (usize, Id),
    pub code: String,
    pub redirect_uri_sent: bool,
    /// Whether the grant is for [`NOTES`].
    pub for_notes: bool,
    pub oracle: Oracle,
}

impl Subject {
    fn id(&self) -> String {
        Secret::<AuthorizationCode>::parse(&self.code).unwrap().id().to_string()
    }
}

pub struct Run {
    pub stack: Stack,
    pub database: Database,
    pub functions: Functions,
    pub proxy: Proxy,
    pub dice: Dice,
    /// The most requests of one moment.
    pub at_once: usize,
    /// A resource server for all resources, and one for [`ORDERS`].
    pub servers: [Registered; 2],
    pub accounts: Vec<Account>,
    pub clients: Vec<Client>,
    pub subjects: Vec<Subject>,
    pub counts: BTreeMap<String, usize>,
    pub journal: Journal,
    /// The number of the current step.
    pub steps: usize,
    /// The number of operations.
    pub operations: usize,
}

impl Run {
    pub async fn begin(seed: u64) -> Self {
        let database = Database::start().await;
        let mut stack = Stack::on_database_at(database.url.clone(), configure).await;
        for resource in [NOTES, ORDERS] {
            stack.resource(resource).await;
        }
        let of_orders = Registration {
            resource_server: true,
            serves: vec![ORDERS.parse().unwrap()],
            name: "orders".to_owned(),
            ..Registration::default()
        };
        let servers = [stack.resource_server().await, stack.register(of_orders).await];
        let clients = Client::of_every_kind(&stack).await;
        let mut accounts = Vec::new();
        for n in 0..USERS {
            accounts.push(Account::create(&stack, n, 0).await);
        }
        let mut dice = Dice::new(seed);
        let (proxy, url) = Proxy::serve(&stack, dice.bits(), PERCENT).await;
        let functions = Functions::start(&stack, url).await;
        stack.url.clone_from(&functions.url);
        let at_once = usize::try_from(setting("JETON_RANDOM_AT_ONCE", 4)).unwrap();
        let (counts, journal) = (BTreeMap::new(), Journal::default());
        let mut run = Self {
            stack,
            database,
            functions,
            proxy,
            dice,
            at_once,
            servers,
            accounts,
            clients,
            subjects: Vec::new(),
            counts,
            journal,
            steps: 0,
            operations: 0,
        };
        for _ in 0..GRANTS {
            let subject = run.subject().await;
            run.subjects.push(subject);
        }
        run
    }

    pub fn now(&self) -> u64 {
        self.stack.now().millis()
    }

    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub fn note(&mut self, about: About, text: String) {
        self.journal.add(self.steps, about, text);
    }

    pub fn advance(&mut self, span: Duration) {
        self.stack.advance(span);
        self.functions.set_clock(self.stack.now());
    }

    /// Returns a grant of a client and a user in good standing.
    pub async fn subject(&mut self) -> Subject {
        let clients: Vec<_> = (0..self.clients.len()).filter(|n| self.clients[*n].works()).collect();
        let users: Vec<_> = (0..self.accounts.len()).filter(|n| !self.accounts[*n].disabled).collect();
        let (client, user) = (*self.dice.one(&clients), *self.dice.one(&users));
        let (redirect_uri_sent, for_notes) = (self.dice.chance(50), self.dice.chance(50));
        let (of, sub) = (&self.clients[client], self.accounts[user].user.sub);
        // A user may grant less than the client may have.
        let scope = if self.dice.chance(25) { of.narrow_scope() } else { of.scope };
        let request = code_flow::Request {
            scope,
            resource: for_notes.then_some(NOTES),
            redirect_uri: (CALLBACK, redirect_uri_sent),
            verifier: Some(VERIFIER),
            nonce: of.is_openid().then_some(NONCE),
        };
        let code = self.stack.issue_code(&of.registered, sub, request).await;
        let code_ends = self.now() + u64::from(of.lifetimes.code) * 1_000;
        let oracle = Oracle::new(values(scope), code_ends, LONGEST_GRANT);
        let subject = Subject { client, user: (user, sub), code, redirect_uri_sent, for_notes, oracle };
        self.note(About::Grant(subject.id()), format!("{} of client {client} begins", subject.id()));
        self.count("a new grant");
        subject
    }

    /// Moves the clock, and replaces grants.
    async fn pass_time(&mut self) {
        let ms = match self.dice.below(1_000) {
            0..300 => self.dice.below(3_000),
            300..350 => 31_000,
            350..390 => 61_000,
            390..405 => 301_000,
            405..412 => 3_600_000,
            412..415 => 86_401_000,
            415..416 => 31 * 86_400_000,
            416 => 91 * 86_400_000,
            _ => 0,
        };
        if ms > 0 {
            self.advance(Duration::from_millis(u64::try_from(ms).unwrap()));
            self.note(About::Everything, format!("{ms} ms pass"));
        }
        for at in 0..self.subjects.len() {
            let over = self.subjects[at].oracle.is_over(self.now());
            if if over { self.dice.chance(20) } else { self.dice.below(1_000) < 2 } {
                self.subjects[at] = self.subject().await;
            }
        }
    }

    /// Lets time pass, lets administrators and users act, sends requests, and checks their responses.
    pub async fn step(&mut self, step: usize) -> Result<(), String> {
        self.steps = step;
        if step.is_multiple_of(50) {
            self.stack.dynamodb.forget();
        }
        self.pass_time().await;
        self.administer().await;
        if self.dice.chance(super::accounts::PERCENT) {
            return self.use_account().await;
        }
        let requests = self.choose_requests();
        let responses = if self.dice.below(1_000) < 8 {
            self.send_and_kill(&requests).await
        } else {
            join_all(requests.iter().map(|request| self.send(request))).await
        };
        self.check(requests, responses).await
    }

    /// Sends the requests, and kills the functions, the database or both meanwhile.
    async fn send_and_kill(&mut self, requests: &[Request]) -> Vec<Option<Response>> {
        let after = self.dice.below(3 * requests.len() + 2);
        let (functions, database) = *self.dice.one(&[(true, false), (false, true), (true, true)]);
        let database = database && self.database.can_be_killed();
        let functions = functions || !database;
        let responses = self.send_until(requests, after, functions, database).await;
        if database {
            self.database.restart().await;
        }
        if functions {
            self.functions.restart().await;
        }
        self.stack.url.clone_from(&self.functions.url);
        let what = format!("kills of the functions: {functions}, of the database: {database}");
        self.count(&what);
        self.note(About::Everything, what);
        responses
    }

    /// Sends the requests, and kills the `functions` and the `database` after that many requests to DynamoDB.
    async fn send_until(
        &self,
        requests: &[Request],
        after: usize,
        functions: bool,
        database: bool,
    ) -> Vec<Option<Response>> {
        let sent = join_all(requests.iter().map(|request| self.send(request)));
        tokio::pin!(sent);
        let early = select! {
            all = &mut sent => Some(all),
            () = self.proxy.requests(after) => None,
        };
        if database {
            self.database.kill();
        }
        if functions {
            self.functions.kill();
        }
        match early {
            Some(all) => all,
            None => sent.await,
        }
    }

    /// Checks the responses to requests of one moment.
    async fn check(
        &mut self,
        requests: Vec<Request>,
        responses: Vec<Option<Response>>,
    ) -> Result<(), String> {
        let mut of_grants: BTreeMap<usize, Vec<Observed>> = BTreeMap::new();
        for (request, response) in requests.into_iter().zip(responses) {
            let nth = self.operations;
            self.operations += 1;
            let Request { at, operation, credentials, .. } = request;
            let grant = self.subjects[at].id();
            let status = response.as_ref().map_or(0, |response| response.status);
            self.count(&format!("{} {status}", operation.name()));
            let told = response.as_ref().map_or("no response", |response| response.text.as_str());
            self.note(About::Grant(grant), format!("{operation:?} {}: {status} {told}", credentials.work));
            let failed = |reason: &str| self.wrong(at, &format!("{reason}: {operation:?}: {status} {told}"));
            let reply = meaning(response.as_ref()).map_err(|reason| failed(&reason))?;
            let reply = match (reply, credentials.work) {
                (None | Some(Reply::Unavailable), false) => continue,
                (None, true) => return Err(failed("the client was not authenticated")),
                (Some(_), false) => return Err(failed("the client was authenticated")),
                (Some(reply), true) => reply,
            };
            if let Some(response) = &response {
                self.check_content(at, &operation, &response.json())
                    .await
                    .map_err(|reason| failed(&reason))?;
            }
            of_grants.entry(at).or_default().push(Observed { nth, operation, reply });
        }
        let now = self.now();
        for (at, observed) in of_grants {
            let in_flight = self.proxy.is_on_the_way(&format!("g#{}", self.subjects[at].id()));
            let subject = &mut self.subjects[at];
            let terms = self.clients[subject.client].terms();
            let outcome = subject.oracle.observe(now, &terms, &observed, in_flight);
            let states = subject.oracle.states();
            let most = self.counts.entry("most possible states at a time".to_owned()).or_default();
            *most = states.max(*most);
            outcome.map_err(|wrong| self.wrong(at, &wrong))?;
        }
        Ok(())
    }

    /// Returns the message of a failure, with the last operations on the grant, its client and its user.
    fn wrong(&self, at: usize, reason: &str) -> String {
        let subject = &self.subjects[at];
        let involved =
            [About::Grant(subject.id()), About::Client(subject.client), About::User(subject.user.0)];
        format!("grant {}: {reason}\n{}", subject.id(), self.journal.about(&involved))
    }

    /// Checks what a response says about the grant that never changes, and its ID token.
    async fn check_content(&self, at: usize, operation: &Operation, json: &Value) -> Result<(), String> {
        let subject = &self.subjects[at];
        let client = &self.clients[subject.client];
        let (sub, id) = (subject.user.1.to_string(), client.registered.id.as_str());
        if json["active"] == true {
            let resource = if subject.for_notes { Value::from(NOTES) } else { Value::Null };
            if json["sub"] != sub || json["client_id"] != id || json["aud"] != resource {
                return Err("introspection describes another grant".to_owned());
            }
        }
        if json.get("access_token").is_none() {
            return Ok(());
        }
        let redeems = matches!(operation, Operation::Redeem { .. });
        let Some(id_token) = json["id_token"].as_str() else {
            let expected = redeems && values(json["scope"].as_str().unwrap_or_default()).contains("openid");
            return if expected { Err("there is no ID token".to_owned()) } else { Ok(()) };
        };
        let claims = self.stack.verified(id_token).await.claims();
        let permitted = client.is_openid() && (redeems || client.id_token_on_refresh());
        let nonce = if redeems { Value::from(NONCE) } else { Value::Null };
        if !permitted || claims["sub"] != sub || claims["aud"] != id || claims["nonce"] != nonce {
            return Err(format!("a wrong ID token: {claims}"));
        }
        Ok(())
    }
}
