//! The run: its deployment, its grants, and one step after the other.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::clients::Registration;

use super::{
    accounts::Account,
    clients::Client,
    journal::{About, Journal},
    owners::OWNER,
    processes::{Database, Functions, configure},
    resources::Notes,
    subjects::Subject,
};
use crate::harness::{
    Registered, Stack,
    chaos::Proxy,
    dice::{Dice, setting},
};

/// The percentage of writes that fail. Half as many reads fail.
pub const PERCENT: usize = 24;
/// The number of grants at a time.
const GRANTS: usize = 8;
const USERS: usize = 3;
/// A resource that administrators change.
pub const NOTES: &str = "https://api.example.com/notes";
/// A resource that stays as it is.
pub const ORDERS: &str = "https://api.example.com/orders";

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
    /// What is registered as [`NOTES`].
    pub notes: Option<Notes>,
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
        let mut stack = Stack::on_database_at(Arc::clone(&database.url), configure).await;
        for resource in [NOTES, ORDERS] {
            stack.resource_with(resource, |resource| resource.default_scope = resource.scope.clone()).await;
        }
        let of_orders = Registration {
            resource_server: true,
            serves: vec![ORDERS.parse().unwrap()],
            name: "orders".to_owned(),
            ..Registration::default()
        };
        let servers = [stack.resource_server().await, stack.register(of_orders).await];
        let mut accounts = Vec::new();
        for n in 0..USERS {
            accounts.push(Account::create(&stack, n, 0).await);
        }
        let clients = Client::of_every_kind(&stack, accounts[OWNER].user.sub).await;
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
            notes: Some(Notes::FIRST),
            counts,
            journal,
            steps: 0,
            operations: 0,
        };
        run.grant_role().await;
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
            417 => 366 * 86_400_000,
            _ => 0,
        };
        if ms > 0 {
            self.advance(Duration::from_millis(u64::try_from(ms).unwrap()));
            self.note(About::Everything, format!("{ms} ms pass"));
        }
        self.end_lives().await;
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
        self.administer().await?;
        if self.dice.chance(super::accounts::PERCENT) {
            return self.use_account().await;
        }
        let requests = self.choose_requests();
        self.send_and_check(requests).await
    }
}
