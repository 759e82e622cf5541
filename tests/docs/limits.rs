//! `docs/limits.md`: every number is that of the code.

use std::{collections::BTreeMap, fs};

use yaml_rust2::YamlLoader;

use super::{
    configuration::default_in_code,
    page::{Page, files, numbers, root},
};
use crate::harness::process::{Server, run};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Evaluates a number, a product of numbers, or a duration, which becomes milliseconds.
fn value(expression: &str) -> Option<u64> {
    let units = [("from_millis", 1), ("from_secs", SECOND), ("from_mins", MINUTE), ("from_hours", HOUR)];
    for (unit, milliseconds) in units {
        if let Some(rest) = expression.strip_prefix(&format!("Duration::{unit}(")) {
            return Some(value(rest.strip_suffix(')')?)? * milliseconds);
        }
    }
    if let Some(rest) = expression.strip_prefix("NonZeroUsize::new(") {
        return value(rest.strip_suffix(").unwrap()")?);
    }
    let factors = expression.split('*').map(|factor| factor.trim().replace('_', "").parse::<u64>().ok());
    factors.product()
}

/// Returns the constant called `owner::NAME`; the owner is a type, or a file.
///
/// # Design
/// The constants are read from the source text: half of them are private to their crates.
fn constant(wanted: &str) -> u64 {
    let mut found = Vec::new();
    for path in ["shared/src", "functions"].iter().flat_map(|place| files(&root().join(place), "rs")) {
        let mut of = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("impl ") {
                rest.split([' ', '<']).next().unwrap_or_default().clone_into(&mut of);
            }
            let Some((name, rest)) = line.split_once("const ").and_then(|(_, rest)| rest.split_once(": "))
            else {
                continue;
            };
            let owners = [of.as_str(), path.file_stem().unwrap().to_str().unwrap()];
            if owners.iter().any(|owner| wanted == format!("{owner}::{name}")) {
                let expression = rest.split_once(" = ").and_then(|(_, value)| value.strip_suffix(';'));
                found.extend(expression.and_then(value));
            }
        }
    }
    found.dedup();
    assert_eq!(found.len(), 1, "{wanted}: name it here as the code does, {found:?}");
    found[0]
}

/// Returns the greatest length of a parameter of the template.
fn longest(parameter: &str) -> u64 {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    template["Parameters"][parameter]["MaxLength"].as_i64().unwrap().try_into().unwrap()
}

/// Returns the numbers in the message of a command that refuses its last argument, `wrong`.
async fn refused(server: &Server, command: &[&str], wrong: &str) -> Vec<u64> {
    let output = server.run(&[command, &[wrong]].concat()).await;
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}: {message}");
    let message = message.lines().find(|line| line.contains("error:") || line.contains("jeton:")).unwrap();
    let reason = message.rsplit_once("': ").map_or(message, |(_, reason)| reason);
    let found = numbers(&reason.replace("..=", " to "));
    found.into_iter().filter(|number| number.to_string() != wrong).collect()
}

/// Returns the default of an option, from the command's help.
async fn default(command: &[&str], option: &str) -> u64 {
    let help = String::from_utf8(run(&[command, &["--help"]].concat()).await.stdout).unwrap();
    let (_, rest) = help.split_once(&format!("{option} ")).unwrap();
    let (_, rest) = rest.split_once("[default:").unwrap();
    rest.split_once(']').unwrap().0.trim().parse().unwrap()
}

/// Name of a row, and its numbers. A number without a constant is written out: a status, or one of a specification.
type Row = (&'static str, Vec<u64>);

fn configured(variable: &str) -> u64 {
    default_in_code(variable).unwrap()
}

fn grant_scope() -> Vec<u64> {
    vec![constant("Scope::MOST_VALUES"), constant("Scope::MOST_BYTES")]
}

async fn of_requests(server: &Server) -> Vec<Row> {
    vec![
        ("Request line and headers", vec![constant("gateway::MOST_HEADER_BYTES"), 431]),
        ("Body", vec![constant("Form::MOST_BYTES") / 1_024, 413]),
        ("Body of a registration", vec![constant("metadata::MOST_BYTES") / 1_024, 413]),
        ("Parameters", vec![]),
        ("Authorization request", vec![constant("request::LONGEST_REQUEST")]),
        ("Logout request", vec![constant("request::LONGEST_LOGOUT")]),
        ("`state`", vec![constant("front_channel::LONGEST_STATE")]),
        ("`nonce`", vec![constant("nonce::MOST_BYTES")]),
        ("`id_token_hint`", vec![constant("hint::MOST_BYTES")]),
        ("Client id", refused(server, &["client", "show"], "?").await),
        ("PKCE verifier", vec![43, 128]),
        ("PKCE challenge", vec![43]),
        ("`max_age`, `ttl`", vec![64]),
        ("Scope of one grant", grant_scope()),
        ("`Authorization` header at the authorizer", vec![constant("credentials::MOST_BYTES")]),
        ("User name", vec![constant("UserName::MOST_BYTES")]),
        ("Password", vec![constant("Password::FEWEST_BYTES"), constant("Password::MOST_BYTES")]),
        ("Line of `jeton user import`", vec![constant("Line::MOST_BYTES") / 1_024]),
        ("Users of one `jeton user import`", vec![constant("Names::MOST")]),
        ("Imported password hash", vec![constant("PasswordHash::MOST_BYTES")]),
    ]
}

fn of_sessions() -> Vec<Row> {
    let per_account = configured("JETON_LOGIN_ATTEMPTS_PER_ACCOUNT");
    let window = configured("JETON_LOGIN_WINDOW_SECONDS") / 60;
    vec![
        ("Consent and account forms", vec![constant("item::DECISION_LIFETIME") / MINUTE]),
        ("Login form, form behind a reset link", vec![constant("visit::VISIT_LIFETIME") / HOUR]),
        ("Failed attempts at one account", vec![per_account, window, 429]),
        (
            "Failed attempts from one address",
            vec![configured("JETON_LOGIN_ATTEMPTS_PER_ADDRESS"), window, 64],
        ),
        ("Around the end of a window", vec![]),
        ("Known caller", vec![per_account, constant("known_caller::LIFETIME") / DAY]),
        ("Device cookie", vec![per_account, constant("device_cookie::LIFETIME") / DAY]),
        ("Wait for attempts under way", vec![3]),
        (
            "Registrations from one address",
            vec![
                configured("JETON_REGISTRATIONS_PER_ADDRESS"),
                constant("store::REGISTRATION_WINDOW") / HOUR,
                429,
                64,
            ],
        ),
        (
            "Registrations in all",
            vec![configured("JETON_REGISTRATIONS"), constant("store::REGISTRATION_WINDOW") / HOUR],
        ),
        (
            "Session",
            ["JETON_SESSION_SECONDS", "JETON_SESSION_IDLE_SECONDS"]
                .map(configured)
                .map(|of| of / 3_600)
                .to_vec(),
        ),
        ("Reset link", vec![constant("reset_link::LIFETIME") / MINUTE]),
        ("Remembered consent to a confidential client", vec![constant("consent::LIFETIME") / DAY]),
    ]
}

async fn of_registrations(server: &Server) -> Vec<Row> {
    let mut overlap = refused(server, &["client", "rotate-secret", "x", "--overlap"], "100000000").await;
    overlap.push(default(&["client", "rotate-secret"], "--overlap").await);
    let mut roles = vec![constant("Role::MOST")];
    roles.extend(refused(server, &["user", "grant-role", "x"], "X").await);
    vec![
        (
            "Client name, name of a personal token",
            refused(server, &["client", "create", "--scope", "x", "--name"], "").await,
        ),
        (
            "Redirect URIs of a client; its post-logout redirect URIs",
            vec![constant("Registration::MOST_REDIRECT_URIS"), constant("redirect_uri::MOST_BYTES")],
        ),
        ("Redirect URIs of a client that registers itself", vec![constant("RedirectUris::MOST")]),
        ("Port of a redirect URI", vec![]),
        (
            "Scope that a client is registered for",
            vec![constant("Registration::MOST_SCOPE_VALUES"), constant("Scope::MOST_VALUE_BYTES")],
        ),
        ("Default scope", grant_scope()),
        ("Scope description", vec![1, constant("Description::MOST_CHARACTERS")]),
        ("Client secrets", vec![constant("Client::MOST_SECRETS")]),
        ("Overlap of two secrets", overlap),
        ("Roles of a user", roles),
        ("`groups` in an ID token", vec![constant("Claims::MOST_GROUPS")]),
        ("Claims of a user", vec![constant("Claims::MOST_BYTES")]),
        ("Login name, `name` and `email` of a user with claims", vec![constant("Claims::MOST_IN_ID_TOKEN")]),
        ("ID token", vec![constant("Claims::MOST_OF_ID_TOKEN")]),
        ("Personal tokens of a user", vec![constant("PersonalToken::MOST")]),
        ("Clients of a developer", vec![constant("Client::MOST_OWNED")]),
        (
            "Resources",
            vec![
                constant("Registry::MOST"),
                constant("ResourceUri::MOST_BYTES"),
                1,
                constant("Resource::MOST_NAME_CHARACTERS"),
            ],
        ),
        ("Scope of a resource", grant_scope()),
        (
            "Resources that a client is registered for, or serves",
            vec![constant("Registration::MOST_RESOURCES")],
        ),
        ("Brand name", vec![constant("Brand::MOST_CHARACTERS")]),
        ("Brand logo", vec![constant("Logo::MOST_BYTES")]),
        ("Routes of the authorizer", vec![constant("parse::MOST_ROUTES"), longest("RouteScopes")]),
        ("Policy for a REST API that caches", vec![constant("response::MOST_BYTES")]),
        ("Issuer", vec![constant("Issuer::MOST_BYTES")]),
    ]
}

async fn of_lifetimes(server: &Server) -> Vec<Row> {
    let lifetime = async |option: &str| {
        let create = ["client", "create", "--name", "x", "--scope", "x", option];
        let mut range = refused(server, &create, "100000000").await;
        range.push(default(&["client", "create"], option).await);
        range
    };
    let token = ["token", "create", "--user", "x", "--name", "x", "--scope", "x", "--ttl"];
    let mut personal = refused(server, &token, "1").await;
    personal.push(constant("create::DEFAULT_LIFETIME") / SECOND);
    vec![
        ("Authorization code", lifetime("--code-ttl").await),
        ("Access token", lifetime("--access-token-ttl").await),
        ("Access token, with the switch `ttl`", vec![60, constant("lifetimes::MOST")]),
        ("Refresh token that is not used", lifetime("--refresh-token-ttl").await),
        ("Grace window of a refresh token", lifetime("--refresh-grace").await),
        ("Grant with a refresh token", vec![constant("item::LONGEST_GRANT") / DAY]),
        ("Self-registered client that no user has consented to", vec![constant("life::UNUSED") / DAY]),
        ("Self-registered client", vec![constant("life::USED") / DAY, constant("life::RENEWED_BELOW") / DAY]),
        ("API token created on the account page", vec![7, 30, 90, 365]),
        ("API token made by `jeton token create`", personal),
        ("Temporary token", vec![configured("JETON_TEMPORARY_TOKEN_SECONDS")]),
    ]
}

fn of_waits() -> Vec<Row> {
    vec![
        ("One attempt of a DynamoDB request", vec![constant("connection::ATTEMPT") / SECOND]),
        ("A DynamoDB request with its 3 attempts", vec![constant("connection::OPERATION"), 503]),
        ("A function that has not answered yet", vec![constant("call::RESERVE"), 503]),
        ("Statuses after a redemption or a refresh", vec![constant("standing::TIMEOUT") / SECOND]),
        ("ID token of a refresh", vec![constant("id_token::TIMEOUT") / SECOND]),
        (
            "Start of the write of a redemption with an ID token",
            vec![constant("id_token::LATEST_WRITE") / SECOND, 503],
        ),
        ("A request to KMS with its 3 attempts", vec![constant("kms::OPERATION"), 503]),
        ("Page of applications", vec![constant("applications::LONGEST") / SECOND, 503]),
        ("Clients and statuses in memory", vec![constant("Store::MOST")]),
    ]
}

fn of_the_local_server() -> Vec<Row> {
    let mib = 1_024 * 1_024;
    vec![
        ("Requests to one route at a time", vec![constant("admission::MOST_REQUESTS"), 503]),
        ("Requests to one route in progress", vec![constant("admission::MOST_IN_PROGRESS")]),
        ("Time that a request waits for its turn", vec![constant("admission::TURN") / SECOND, 503]),
        ("One body", vec![constant("gateway::MOST_BODY_BYTES") / mib, 413]),
        ("Bytes of all bodies at a time", vec![constant("admission::MOST_BYTES") / mib, 503]),
        ("Time to send a body", vec![constant("admission::BODY") / SECOND, 408]),
        (
            "Connections at a time",
            vec![constant("http_server::MOST_CONNECTIONS"), constant("http_server::OTHER_FILES")],
        ),
        (
            "Time from a connection, or from a response, to the end of the next request's head",
            vec![constant("http_server::HEAD") / SECOND],
        ),
        (
            "Time in which a client must read more of a response",
            vec![constant("http_server::UNREAD") / SECOND],
        ),
        ("Passwords that are hashed at a time", vec![constant("argon2id::MEMORY") / 1_024]),
    ]
}

#[tokio::test]
async fn every_limit_is_that_of_the_code() {
    let server = Server::start(&["--memory"]).await;
    let (requests, registrations) = (of_requests(&server).await, of_registrations(&server).await);
    let lifetimes = of_lifetimes(&server).await;
    let rows = [requests, of_sessions(), registrations, lifetimes, of_waits(), of_the_local_server()];
    let mut expected: BTreeMap<_, _> = rows.into_iter().flatten().collect();
    let tables = Page::read("docs/limits.md").tables();
    for row in tables.into_iter().flat_map(|table| table.rows) {
        let name = row[0].split_once(" (").map_or(row[0].as_str(), |(name, _)| name);
        let code = expected.remove(name).unwrap_or_else(|| {
            panic!("docs/limits.md says {name:?}: name its constants in tests/docs/limits.rs, too")
        });
        assert_eq!(numbers(&row[1]), code, "{name}: {}", row[1]);
    }
    assert!(expected.is_empty(), "limits that the page lacks: {expected:?}");
}
