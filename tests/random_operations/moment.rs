//! The requests of one moment: they are sent, processes are killed meanwhile, and the responses are checked.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use tokio::{select, time::Instant};

use super::{
    journal::About,
    requests::{Request, meaning},
    run::Run,
};
use crate::harness::{
    Response,
    oracle::{Network, Observed, Operation, Reply},
};

/// The longest that the server takes for the requests of a calm moment: it waits twice as long for DynamoDB before it goes
/// on without a response.
const PROMPT: Duration = Duration::from_secs(1);

/// The beginning of a moment.
pub struct Begin {
    failures: usize,
    time: Instant,
}

impl Run {
    pub fn begin_moment(&self) -> Begin {
        Begin { failures: self.proxy.failures(), time: Instant::now() }
    }

    /// Returns whether no request to DynamoDB has failed since then, and the server was prompt.
    pub fn was_calm_since(&self, begin: &Begin) -> bool {
        self.proxy.failures() == begin.failures && begin.time.elapsed() < PROMPT
    }

    /// Sends the requests of one moment, and checks their responses.
    pub async fn send_and_check(&mut self, requests: Vec<Request>) -> Result<(), String> {
        let begin = self.begin_moment();
        let kills = self.dice.below(1_000) < 8;
        let responses = if kills {
            self.send_and_kill(&requests).await
        } else {
            join_all(requests.iter().map(|request| self.send(request))).await
        };
        let calm = !kills && self.was_calm_since(&begin);
        self.check(requests, responses, calm).await
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

    /// Checks the responses to requests of one moment. `calm`: no request to DynamoDB has failed meanwhile.
    async fn check(
        &mut self,
        requests: Vec<Request>,
        responses: Vec<Option<Response>>,
        calm: bool,
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
            if calm && reply == Some(Reply::Unavailable) {
                return Err(failed("unavailable, although DynamoDB was not"));
            }
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
            let subject = &self.subjects[at];
            let of_itself = self.clients[subject.client].self_registered.is_some();
            let terms = self.clients[subject.client].terms(self.most(subject.client, subject.resource));
            let refreshes =
                |of: &Observed| matches!(of.operation, Operation::Refresh { own: true, genuine: true, .. });
            if of_itself && observed.iter().any(refreshes) {
                let left = &terms.scope;
                self.count(&format!("a client that registered itself refreshes, has {left:?}, calm: {calm}"));
            }
            let subject = &mut self.subjects[at];
            let outcome = subject.oracle.observe(now, &terms, &observed, Network { calm, in_flight });
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
}
