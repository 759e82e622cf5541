//! Thousands of requests by chance, over a DynamoDB that fails by chance, each answer held to what the protocol
//! promises.
//!
//! `JETON_RANDOM_OPERATIONS` requests from `JETON_RANDOM_SEED`; the same seed makes the same run.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    client::{Lifetimes, Registration},
    secret::{AuthorizationCode, Id, Lineage, Secret},
};

use crate::harness::{
    Answer, Registered, Stack,
    chaos::Chaos,
    dice::{Dice, setting},
    oracle::{self, Ask, Oracle, Told},
    person::{CALLBACK, Pair, Request, VERIFIER},
};

/// How many writes of a hundred DynamoDB fails at, and half as many reads.
const PERCENT: usize = 24;
/// How many grants there are at a time.
const GRANTS: usize = 6;
const SCOPE: &str = "read write";

struct Client {
    registered: Registered,
    lifetimes: Lifetimes,
    disabled: bool,
}

struct Subject {
    client: usize,
    code: String,
    oracle: Oracle,
}

/// A run.
struct Run {
    stack: Stack,
    chaos: Chaos,
    dice: Dice,
    rs: Registered,
    person: Id,
    clients: Vec<Client>,
    subjects: Vec<Subject>,
    counts: BTreeMap<String, usize>,
}

async fn client(stack: &Stack, public: bool, lifetimes: Lifetimes) -> Client {
    let registration = Registration {
        name: "client".to_owned(),
        public,
        redirect_uris: vec![CALLBACK.to_owned()],
        scope: SCOPE.split(' ').map(str::to_owned).collect(),
        lifetimes,
        ..Registration::default()
    };
    Client { registered: stack.register(registration).await, lifetimes, disabled: false }
}

impl Run {
    async fn begin(seed: u64) -> Self {
        let stack = Stack::start().await;
        let quick =
            Lifetimes { access_token: 90, refresh_token: 600, refresh_grace: 300, ..Lifetimes::default() };
        let strict = Lifetimes { refresh_grace: 2, ..Lifetimes::default() };
        let clients = vec![
            client(&stack, false, Lifetimes::default()).await,
            client(&stack, false, quick).await,
            client(&stack, true, strict).await,
        ];
        let (rs, person) = (stack.resource_server().await, stack.person("alice").await);
        let mut dice = Dice::new(seed);
        let chaos = Chaos::start(&stack, dice.bits(), PERCENT).await;
        let counts = BTreeMap::new();
        let mut run = Self { stack, chaos, dice, rs, person, clients, subjects: Vec::new(), counts };
        for _ in 0..GRANTS {
            let subject = run.subject().await;
            run.subjects.push(subject);
        }
        run
    }

    fn now(&self) -> u64 {
        self.stack.now().millis()
    }

    async fn subject(&mut self) -> Subject {
        let client = self.dice.below(self.clients.len());
        let Client { registered, lifetimes, .. } = &self.clients[client];
        let request = Request { scope: SCOPE, ..Request::default() };
        let code = self.stack.agree(registered, self.person, request).await;
        let ms = |seconds: u32| u64::from(seconds) * 1_000;
        let lifetimes = oracle::Lifetimes {
            code: ms(lifetimes.code),
            access: ms(lifetimes.access_token),
            refresh: ms(lifetimes.refresh_token),
            grant: ms(90 * 86_400),
            grace: ms(lifetimes.refresh_grace),
        };
        Subject { client, code, oracle: Oracle::new(lifetimes, SCOPE, self.now()) }
    }

    /// Time passes, grants are replaced, clients are disabled and enabled.
    async fn let_the_world_turn(&mut self, at: usize) {
        let span = match self.dice.below(1_000) {
            0..350 => self.dice.below(3_000),
            350..400 => 61_000,
            400..415 => 301_000,
            415..420 => 3_600_000,
            420..422 => 31 * 86_400_000,
            _ => 0,
        };
        self.stack.advance(Duration::from_millis(u64::try_from(span).unwrap()));
        let over = self.subjects[at].oracle.is_over(self.now());
        if self.dice.chance(if over { 25 } else { 1 }) {
            self.subjects[at] = self.subject().await;
            self.count("a new grant");
        }
        let disabled = self.clients.iter().position(|client| client.disabled);
        if self.dice.chance(if disabled.is_some() { 20 } else { 2 }) {
            let which = disabled.unwrap_or_else(|| self.dice.below(self.clients.len()));
            let client = &mut self.clients[which];
            client.disabled = disabled.is_none();
            if client.disabled {
                self.stack.disable(&client.registered).await;
                self.fall(|subject| subject.client == which);
            } else {
                self.stack.enable(&client.registered).await;
            }
            self.count("a client disabled or enabled");
        }
        if self.dice.chance(1) {
            // One write, and no sweep.
            self.stack.app.users.end_everything(self.person, self.stack.now()).await.unwrap();
            self.fall(|_| true);
            self.count("everything of the user's ended");
        }
    }

    /// What was issued until now to these is good for nothing any more. What is issued from now on is.
    fn fall(&mut self, affects: impl Fn(&Subject) -> bool) {
        self.subjects.iter_mut().filter(|subject| affects(subject)).for_each(|subject| subject.oracle.fall());
        self.stack.advance(Duration::from_millis(1));
    }

    fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// One of the pairs that were answered: mostly one of the latest.
    fn pair(&mut self, at: usize) -> Option<Pair> {
        let known = &self.subjects[at].oracle.known;
        let newest = known.len().checked_sub(1)?;
        let back = *self.dice.one(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 5]);
        Some(known[newest.saturating_sub(back)].clone())
    }

    /// What is asked next about the grant, and by which client; `None`: the resource server.
    fn choose(&mut self, at: usize) -> (Ask, Option<usize>) {
        let Subject { client, code, .. } = &self.subjects[at];
        let (client, code) = (*client, code.clone());
        let own = self.dice.chance(90);
        let asker = if own { client } else { (client + 1) % self.clients.len() };
        let Some(Pair { access, refresh }) = self.pair(at) else {
            return (Ask::Redeem { proven: own && self.dice.chance(80) }, Some(asker));
        };
        let genuine = self.dice.chance(95);
        let token = if genuine { refresh } else { forged(&code) };
        match self.dice.below(100) {
            0..3 => (Ask::Redeem { proven: own && self.dice.chance(30) }, Some(asker)),
            3..55 => {
                let scope = *self.dice.one(&[None, None, Some("read"), Some(SCOPE), Some("read admin")]);
                (Ask::Refresh { token, own, genuine, scope }, Some(asker))
            }
            55..58 => (Ask::RevokeRefresh { token, own, genuine }, Some(asker)),
            58..66 => (Ask::RevokeAccess { token: access, own }, Some(asker)),
            66..85 => (Ask::IntrospectAccess { token: access, upheld: !self.clients[client].disabled }, None),
            // A public client may not introspect.
            _ if self.clients[asker].registered.secret.is_empty() => {
                (Ask::IntrospectRefresh { token, own: false }, None)
            }
            _ => (Ask::IntrospectRefresh { token, own }, Some(asker)),
        }
    }

    async fn send(&mut self, at: usize, ask: &Ask, asker: Option<usize>) -> Answer {
        let own = asker == Some(self.subjects[at].client);
        let wrong = "a".repeat(43);
        let code = self.subjects[at].code.clone();
        let (path, form) = match ask {
            Ask::Redeem { proven } => {
                let verifier = if *proven || !own { VERIFIER } else { &wrong };
                let form =
                    vec![("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", verifier)];
                ("/oauth/token", form)
            }
            Ask::Refresh { token, scope, .. } => {
                let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
                form.extend(scope.map(|scope| ("scope", scope)));
                ("/oauth/token", form)
            }
            Ask::RevokeRefresh { token, .. } | Ask::RevokeAccess { token, .. } => {
                ("/oauth/revoke", vec![("token", token.as_str())])
            }
            Ask::IntrospectAccess { token, .. } | Ask::IntrospectRefresh { token, .. } => {
                ("/oauth/introspect", vec![("token", token.as_str())])
            }
        };
        let client = asker.map_or(&self.rs, |asker| &self.clients[asker].registered);
        self.chaos.ask(path, client, &form).await
    }

    /// One request, and what is to be thought of its answer.
    async fn step(&mut self, nth: usize) -> Result<(), String> {
        let at = self.dice.below(self.subjects.len());
        self.let_the_world_turn(at).await;
        let (ask, asker) = self.choose(at);
        let answer = self.send(at, &ask, asker).await;
        let kind = format!("{ask:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
        self.count(&format!("{kind} {}", answer.status));
        let disabled = asker.is_some_and(|asker| self.clients[asker].disabled);
        if disabled && answer.status != 503 {
            let refused = answer.status == 401 && answer.json()["error"] == "invalid_client";
            return if refused {
                Ok(())
            } else {
                Err(format!("{ask:?} of a disabled client: {}", answer.text))
            };
        }
        let told = told(&answer)?;
        if disabled {
            return Ok(());
        }
        let now = self.now();
        let Subject { code, oracle, .. } = &mut self.subjects[at];
        let key = format!("g#{}", Secret::<AuthorizationCode>::parse(code).unwrap().id());
        let heard = oracle.hear(nth, now, &ask, &told, self.chaos.is_on_the_way(&key));
        let lives = oracle.lives();
        let most = self.counts.entry("most lives at a time".to_owned()).or_default();
        *most = lives.max(*most);
        heard
    }
}

/// A refresh token of the right grant that somebody made up.
fn forged(code: &str) -> String {
    let id = Secret::<AuthorizationCode>::parse(code).unwrap().id();
    Secret::of_lineage(id, &[9; 32], &Lineage::first([9; 16].into())).expose().to_owned()
}

/// What an answer says.
fn told(answer: &Answer) -> Result<Told, String> {
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    match (answer.status, json["error"].as_str()) {
        (503, Some("temporarily_unavailable")) => Ok(Told::Unavailable),
        (400, Some("invalid_grant")) => Ok(Told::InvalidGrant),
        (400, Some("invalid_scope")) => Ok(Told::InvalidScope),
        (200, None) if json.get("access_token").is_some() => {
            let expires_in = json["expires_in"].as_u64().unwrap_or_default();
            Ok(Told::Pair { pair: answer.pair(), scope: text("scope"), expires_in })
        }
        (200, None) if json["active"] == true => Ok(Told::Active { scope: text("scope") }),
        (200, None) if json["active"] == false => Ok(Told::Inactive),
        (200, None) if answer.text == "{}" => Ok(Told::Revoked),
        _ => Err(format!("{} {}", answer.status, answer.text)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_contradicts_the_protocol_whatever_dynamodb_does() {
    let (operations, seed) = (setting("JETON_RANDOM_OPERATIONS", 300), setting("JETON_RANDOM_SEED", 1));
    let mut run = Run::begin(seed).await;
    let (mut done, mut wrong) = (0, 0);
    // After one wrong outcome nothing that follows is to be trusted.
    while done < usize::try_from(operations).unwrap() && wrong == 0 {
        if let Err(contradiction) = run.step(done).await {
            println!("seed {seed}, operation {done}: {contradiction}");
            wrong += 1;
        }
        done += 1;
    }
    println!("seed {seed}, {done} operations, {wrong} wrong outcomes");
    println!("{:#?}\nfaults: {:?}", run.counts, run.chaos.counts());
    assert_eq!(wrong, 0, "seed {seed}");
}
