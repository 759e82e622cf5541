//! Configuration from the environment: read once, at start, and never wrong afterwards.

mod account;
mod brand;
mod issuer;
mod route_scopes;
mod throttling;
mod variables;

pub use account::Account;
pub use brand::{Brand, Logo, NotALogo};
pub use issuer::{Issuer, NotAnIssuer, is_loopback};
pub use route_scopes::{NotRouteScopes, Route, RouteScopes, Unlisted};
pub use throttling::Throttling;
pub use variables::{Invalid, Variables};

use std::time::Duration;

use crate::{
    compat::Switches,
    language::{Languages, NoLanguages},
    log::Level,
    scope::Scope,
};

/// What a variable holds that is a scope.
const SCOPE: &str = "scope values with spaces between them (RFC 6749 §3.3)";

/// Everything that a deployment decides. Each field names the variable that sets it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `JETON_ISSUER`: the issuer (RFC 8414 §2), for a deployment behind a domain of its own. Without it, every
    /// request's issuer is `https://` and the domain name that the gateway served it under. The authorizer, which other
    /// APIs' gateways call, needs it.
    pub issuer: Option<Issuer>,
    /// The three tables.
    pub tables: TableNames,
    /// `JETON_CLIENT_CACHE_SECONDS`, 0 to 300: how long a client's registration may be used without being read
    /// again. 0, the default, reads it for every request. Meanwhile a client that was disabled, or a secret that
    /// was taken back, still gets tokens; introspection and the authorizer refuse the tokens of a disabled client
    /// all the same, and the authorizer reads the client of a secret that it is shown for every call.
    pub client_cache: Duration,
    /// `JETON_STATUS_CACHE_SECONDS`, 0 to 300: how long a person's or client's status may be used without being
    /// read again. 0, the default, makes disabling and ending everything take effect at the next call; more saves
    /// a read per introspection and delays both by as much. Revoking a single token is never delayed.
    pub status_cache: Duration,
    /// What people may make for themselves.
    pub account: Account,
    /// `JETON_COMPAT`: the compatibility switches that are permitted, with commas between them, or `none`, the
    /// default. One that belongs to clients is then still off for every client that does not have it.
    pub compat: Switches,
    /// What pages look like.
    pub brand: Brand,
    /// `JETON_LANGUAGES`, like `en,fr`: the languages that pages speak; `en` if it is left out. The first is for whoever
    /// prefers none of them.
    pub languages: Languages,
    /// How long people stay signed in.
    pub session: SessionLifetime,
    /// How often somebody may try to sign in.
    pub throttling: Throttling,
    /// `JETON_ROUTE_SCOPES`: the scope that each route of the protected APIs needs, for the authorizer. Without it,
    /// the authorizer lets nobody through.
    pub route_scopes: RouteScopes,
    /// `JETON_BASIC_SCOPES`, like `read write`: what an API call with a person's name and password is good for, where the
    /// switch `basic-person` permits one. Nothing, if it is left out.
    pub basic_scope: Scope,
    /// `JETON_GUEST_SCOPES`, like `read`: what an API call without credentials is good for, where the switch `guest`
    /// permits one. Nothing, if it is left out.
    pub guest_scope: Scope,
    /// `JETON_LOG_LEVEL`: `warn`, `info` (the default) or `debug`. Every line is an audit line: with `warn` those of what
    /// went well are left out, and nothing can leave out what went wrong, which the alarms count.
    pub log_level: Level,
}

/// How long a person stays signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetime {
    /// `JETON_SESSION_SECONDS`, 300 to 2,592,000: in all. 43,200, the default, is twelve hours.
    pub absolute: Duration,
    /// `JETON_SESSION_IDLE_SECONDS`, 300 to 2,592,000: without coming back. 7,200, the default, is two hours.
    pub idle: Duration,
}

/// The tables' names, which a deployment chooses.
#[derive(Clone, Debug)]
pub struct TableNames {
    /// `JETON_TOKENS_TABLE`, else `jeton-tokens`: everything that expires.
    pub tokens: String,
    /// `JETON_CLIENTS_TABLE`, else `jeton-clients`: the registered applications.
    pub clients: String,
    /// `JETON_USERS_TABLE`, else `jeton-users`: the people.
    pub users: String,
}

impl Config {
    /// The configuration that the process's environment holds. Empty variables count as absent.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::from_env_or(|_| None)
    }

    /// The same; what `default` returns for a variable that is not there takes its place.
    pub fn from_env_or(default: impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let set = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
        Self::read(|variable| set(variable).or_else(|| default(variable)))
    }

    /// The configuration that `variables` holds.
    pub fn read(variables: impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        let variables = Variables::new(variables);
        let table = |variable, default: &str| -> Result<String, Invalid> {
            let expected = "a table name: 3 to 255 letters, digits, dots, dashes or underscores";
            let name = variables.such_that(variable, expected, |name: &String| is_table_name(name))?;
            Ok(name.unwrap_or_else(|| default.to_owned()))
        };
        Ok(Self {
            issuer: variables.parsed("JETON_ISSUER", NotAnIssuer)?,
            tables: TableNames {
                tokens: table("JETON_TOKENS_TABLE", "jeton-tokens")?,
                clients: table("JETON_CLIENTS_TABLE", "jeton-clients")?,
                users: table("JETON_USERS_TABLE", "jeton-users")?,
            },
            client_cache: variables.seconds("JETON_CLIENT_CACHE_SECONDS", 0..=300, 0)?,
            status_cache: variables.seconds("JETON_STATUS_CACHE_SECONDS", 0..=300, 0)?,
            account: Account::read(&variables)?,
            compat: variables
                .parsed("JETON_COMPAT", "switches with commas between them, or none")?
                .unwrap_or_default(),
            brand: Brand::read(&variables)?,
            languages: variables.parsed("JETON_LANGUAGES", NoLanguages)?.unwrap_or_default(),
            session: SessionLifetime {
                absolute: variables.seconds("JETON_SESSION_SECONDS", 300..=2_592_000, 43_200)?,
                idle: variables.seconds("JETON_SESSION_IDLE_SECONDS", 300..=2_592_000, 7_200)?,
            },
            throttling: Throttling::read(&variables)?,
            basic_scope: variables.parsed("JETON_BASIC_SCOPES", SCOPE)?.unwrap_or_default(),
            guest_scope: variables.parsed("JETON_GUEST_SCOPES", SCOPE)?.unwrap_or_default(),
            route_scopes: variables.parsed("JETON_ROUTE_SCOPES", NotRouteScopes)?.unwrap_or_default(),
            log_level: variables
                .such_that("JETON_LOG_LEVEL", "warn, info or debug", |level| *level >= Level::Warn)?
                .unwrap_or(Level::Info),
        })
    }
}

fn is_table_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (3..=255).contains(&name.len()) && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Invalid> {
        Config::read(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_variables_the_strictest_defaults_hold() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.issuer, config.client_cache, config.status_cache),
            (None, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(config.tables.tokens, "jeton-tokens");
    }

    #[test]
    fn an_error_names_the_variable_and_says_what_it_must_be() {
        for (variable, value) in [
            ("JETON_ISSUER", "http://auth.example.com"),
            ("JETON_ISSUER", "https://auth.example.com/"),
            ("JETON_ISSUER", "https://auth.example.com/tenant"),
            ("JETON_ISSUER", "https://AUTH.example.com"),
            ("JETON_ISSUER", "https://auth.example.com:443"),
            ("JETON_ISSUER", "https://user@auth.example.com"),
            ("JETON_TOKENS_TABLE", "a"),
            ("JETON_CLIENTS_TABLE", "no spaces"),
            ("JETON_CLIENT_CACHE_SECONDS", "301"),
            ("JETON_STATUS_CACHE_SECONDS", "-1"),
            ("JETON_COMPAT", "password,telepathy"),
            ("JETON_BRAND_NAME", "two\nlines"),
            ("JETON_BRAND_COLOR", "red"),
            ("JETON_BRAND_LOGO", "https://example.com/logo.png"),
            ("JETON_LANGUAGES", "en,de"),
            ("JETON_SESSION_SECONDS", "299"),
            ("JETON_SESSION_IDLE_SECONDS", "0"),
            ("JETON_LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
            ("JETON_LOGIN_ATTEMPTS_PER_ACCOUNT", "off"),
            ("JETON_LOGIN_ATTEMPTS_PER_ADDRESS", "0"),
            ("JETON_LOGIN_ATTEMPTS_PER_ADDRESS", "1000001"),
            ("JETON_LOGIN_WINDOW_SECONDS", "59"),
            ("JETON_LOGIN_WINDOW_SECONDS", "86401"),
            ("JETON_TRUSTED_PROXIES", "-1"),
            ("JETON_TRUSTED_PROXIES", "9"),
            ("JETON_TRUSTED_PROXIES", "true"),
            ("JETON_API_TRUSTED_PROXIES", "9"),
            ("JETON_ROUTE_SCOPES", "GET /orders"),
            ("JETON_BASIC_SCOPES", "read  write"),
            ("JETON_GUEST_SCOPES", "\"read\""),
            ("JETON_LOG_LEVEL", "loud"),
            ("JETON_LOG_LEVEL", "error"),
            ("JETON_PERSONAL_SCOPES", "read  write"),
            ("JETON_PERSONAL_SCOPES", "a b c d e f g h i j k l m n o p q r s t u"),
            ("JETON_TEMPORARY_TOKEN_SECONDS", "59"),
            ("JETON_DEVELOPER_SCOPES", "\"read\""),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable) && error.contains("must be"), "{error}");
        }
    }

    #[test]
    fn what_the_template_takes_lets_functions_start() {
        let table: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/lambda/parameters.json")).unwrap();
        for (parameter, variable) in [
            ("Issuer", "JETON_ISSUER"),
            ("BrandName", "JETON_BRAND_NAME"),
            ("BrandColor", "JETON_BRAND_COLOR"),
            ("BrandLogo", "JETON_BRAND_LOGO"),
            ("PersonalScopes", "JETON_PERSONAL_SCOPES"),
            ("DeveloperScopes", "JETON_DEVELOPER_SCOPES"),
            ("BasicScopes", "JETON_BASIC_SCOPES"),
            ("GuestScopes", "JETON_GUEST_SCOPES"),
            ("RouteScopes", "JETON_ROUTE_SCOPES"),
            ("Compat", "JETON_COMPAT"),
        ] {
            for good in table[parameter]["good"].as_array().unwrap() {
                let good = good.as_str().unwrap();
                assert!(read(&[(variable, good)]).is_ok(), "{parameter} {good}");
            }
        }
        for domain in table["DomainName"]["good"].as_array().unwrap() {
            let issuer = format!("https://{}", domain.as_str().unwrap());
            assert!(read(&[("JETON_ISSUER", &issuer)]).is_ok(), "{issuer}");
        }
        let longest = format!("https://{}.bc", "a".repeat(89));
        assert!(read(&[("JETON_ISSUER", &longest)]).is_ok(), "{longest}");
    }
}
