//! An upgrade under load, and the way back: two releases over the same tables, with requests to both.
//!
//! Without configuration, both are this build, in the process. `JETON_OLD` and `JETON_NEW` name directories with the
//! programs of releases: the functions, which run as in Lambda, and `jeton` (without it, the command is this build's).
//! `JETON_UPGRADE_SECONDS` is the duration of the upgrade and the way back.

mod crossing;
mod load;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use shared::{config::RegistrationMode, time::Clock};
use tokio::task::JoinSet;

use crate::harness::{
    Ran, Stack,
    dice::{Dice, setting},
    lambda::Functions,
    run,
};
use crossing::{Counts, Crossing, RELEASES, Release, Table};
use load::{Clients, Person};

/// The share of the new release in percent, step by step.
const SHARES: [usize; 9] = [0, 10, 50, 90, 100, 90, 50, 10, 0];
/// The most steps that follow until both releases have answered every kind of request.
const MOST_STEPS_MORE: usize = 120;
const PEOPLE: u64 = 4;
/// What each release must have answered with success.
const KINDS: [&str; 12] = [
    "POST /login",
    "GET /oauth/authorize",
    "POST /oauth/token authorization_code",
    "POST /oauth/token refresh_token",
    "POST /oauth/token client_credentials",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "GET /account",
    "GET /account/sessions",
    "GET /account/tokens",
    "POST /account/tokens",
    "POST /oauth/register",
];

/// Returns the directory that an environment variable of the test run names.
pub fn directory(variable: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
    std::env::var(variable).ok().map(PathBuf::from)
}

/// Returns the variables of the functions, as the template sets them.
pub fn variables(stack: &Stack) -> Vec<(String, String)> {
    let tables = &stack.app.config.tables;
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_LAMBDA_FUNCTION_NAME", "jeton"),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", "10"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &stack.dynamodb.url),
        ("JETON_ISSUER", &stack.url),
        ("JETON_TOKENS_TABLE", &tables.tokens),
        ("JETON_CLIENTS_TABLE", &tables.clients),
        ("JETON_USERS_TABLE", &tables.users),
        ("JETON_PERSONAL_SCOPES", "read write"),
        ("JETON_REGISTRATION", "open"),
        ("JETON_COMPAT", "no-rotation"),
        ("JETON_REGISTRATIONS_PER_ADDRESS", "1000000"),
        ("JETON_REGISTRATIONS", "1000000"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Moves the clock of `stack` as time passes, until the load is over.
async fn keep_time(stack: Arc<Stack>, over: Arc<AtomicBool>) {
    let clock = Clock::system();
    let mut last = clock.now();
    while !over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = clock.now();
        stack.advance(now.since(last));
        last = now;
        stack.dynamodb.forget();
    }
}

/// The `jeton` commands of both releases.
struct Administrator {
    stack: Arc<Stack>,
    programs: [Option<PathBuf>; 2],
}

impl Administrator {
    /// Runs the command of a release.
    async fn run(&self, release: usize, arguments: &[&str], input: &str) -> Value {
        let mut command = self.stack.command(&[&["--json"], arguments].concat());
        let program = self.programs[release].as_ref().map(|directory| directory.join("jeton"));
        if let Some(program) = program.filter(|program| program.exists()) {
            let given = command.get_args().map(ToOwned::to_owned).collect::<Vec<_>>();
            let variables: Vec<_> = command
                .get_envs()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                .collect();
            command = std::process::Command::new(program);
            command.args(given).env_clear().envs(variables);
        }
        let ran: Ran = run(command, input).await;
        assert_eq!(ran.code, 0, "{} {arguments:?}: {ran:?}", RELEASES[release]);
        ran.json()
    }

    /// Changes clients and users with the command of one release, and looks at them with the other, until the load is over.
    async fn administer(self, over: Arc<AtomicBool>) -> usize {
        let mut rounds = 0;
        while !over.load(Ordering::SeqCst) {
            let (one, other) = (rounds % 2, (rounds + 1) % 2);
            let created = self.run(one, &["client", "create", "--name", "x", "--scope", "read"], "").await;
            let id = created["client_id"].as_str().unwrap();
            self.run(other, &["client", "update", id, "--scope", "write"], "").await;
            let shown = self.run(one, &["client", "show", id], "").await;
            assert_eq!(shown["scope"], serde_json::json!(["write"]), "{shown}");
            let user = format!("user{rounds}");
            self.run(other, &["user", "create", &user, "--password-stdin"], "a password of theirs").await;
            self.run(one, &["user", "grant-role", &user, "developer"], "").await;
            self.run(other, &["token", "revoke-all", "--user", &user], "").await;
            self.run(one, &["user", "disable", &user], "").await;
            self.run(other, &["client", "delete", id], "").await;
            self.run(one, &["user", "delete", &user], "").await;
            rounds += 1;
        }
        rounds
    }
}

/// Returns the kinds of requests that a release has not answered with success.
fn unanswered(counts: &Counts) -> Vec<String> {
    let pairs = KINDS.iter().flat_map(|kind| RELEASES.map(|release| (*kind, release)));
    let unanswered = pairs.filter(|(kind, release)| {
        let mut answered = counts.keys().filter(|(known, by, _)| known == kind && by == release);
        !answered.any(|(_, _, status)| (200..400).contains(status))
    });
    unanswered.map(|(kind, release)| format!("{kind} at {release}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_during_an_upgrade_and_the_way_back() {
    let seconds = setting("JETON_UPGRADE_SECONDS", 9);
    let seed = setting("JETON_RANDOM_SEED", 1);
    let programs = [directory("JETON_OLD"), directory("JETON_NEW")];
    let stack = Stack::from_now_on(|config| {
        config.account.personal_scopes = "read write".parse().unwrap();
        config.registration.mode = RegistrationMode::Open;
        config.compat = "no-rotation".parse().unwrap();
        (config.registration.per_address, config.registration.in_all) = (1_000_000, 1_000_000);
    });
    let stack = Arc::new(stack.await);
    let mut siblings = Vec::new();
    let mut releases = Vec::new();
    for directory in &programs {
        releases.push(if let Some(directory) = directory {
            Release::Programs(Functions::start(directory, &variables(&stack)).await)
        } else {
            let sibling = stack.sibling(|_| ()).await;
            let url = sibling.url.clone();
            siblings.push(sibling);
            Release::This(url)
        });
    }
    let (new, old) = (releases.pop().unwrap(), releases.pop().unwrap());
    let crossing = Crossing::start(old, new, seed).await;
    let mut front = stack.sibling(|_| ()).await;
    front.url.clone_from(&crossing.url);
    let front = Arc::new(front);

    let over = Arc::new(AtomicBool::new(false));
    let clients = Clients {
        web: stack.web().await,
        fixed: stack.legacy("no-rotation").await,
        machine: stack.machine().await,
        rs: stack.resource_server().await,
    };
    let clock = tokio::spawn(keep_time(Arc::clone(&stack), Arc::clone(&over)));
    let administrator = Administrator { stack: Arc::clone(&stack), programs };
    let administered = tokio::spawn(administrator.administer(Arc::clone(&over)));
    let mut people = JoinSet::new();
    for nth in 0..PEOPLE {
        let name = format!("person{nth}");
        stack.create_user(&name).await;
        let person = Person {
            stack: Arc::clone(&front),
            clients: clients.clone(),
            name,
            dice: Dice::new(seed + nth),
            over: Arc::clone(&over),
        };
        people.spawn(person.live());
    }
    let step = Duration::from_millis(seconds * 1_000 / u64::try_from(SHARES.len()).unwrap());
    // On a busy machine it goes on until both releases have answered every kind of request.
    let more = std::iter::repeat_n(50, MOST_STEPS_MORE);
    for (nth, share) in SHARES.into_iter().chain(more).enumerate() {
        if nth >= SHARES.len() && unanswered(&crossing.counts()).is_empty() {
            break;
        }
        crossing.share(share);
        // The first response that is wrong ends the test.
        if let Ok(Some(ended)) = tokio::time::timeout(step, people.join_next()).await {
            panic!("at {share} %: {ended:?}\n{}", Table(&crossing.counts()));
        }
    }
    over.store(true, Ordering::SeqCst);
    people.join_all().await;
    clock.await.unwrap();
    let rounds = administered.await.unwrap();

    let counts = crossing.counts();
    let all: usize = counts.values().sum();
    let unavailable: usize = counts.iter().filter(|((_, _, status), _)| *status == 503).map(|(_, n)| n).sum();
    println!(
        "seed {seed}, {seconds} s: {all} requests, {unavailable} of them 503; {rounds} rounds of commands"
    );
    println!("{}", Table(&counts));
    assert_eq!(unanswered(&counts), Vec::<String>::new());
    assert!(rounds > 0 && unavailable * 20 < all, "{unavailable} of {all} are 503");
}
