//! Configuration from environment variables, read and checked once, at start.

mod account;
mod brand;
mod color;
pub mod display_name;
mod language;
mod rate_limit;
mod registration;
mod route_scopes;
mod signing_keys;
mod variables;

pub use account::AccountPages;
pub use brand::{Brand, InvalidLogo, Logo};
pub use color::{Color, InvalidColor};
pub use display_name::{DisplayName, InvalidDisplayName};
pub use language::{InvalidLanguages, Language, Languages};
pub use rate_limit::RateLimit;
pub use registration::{DynamicRegistration, RegistrationMode, Schemes};
pub use route_scopes::{InvalidRouteScopes, Route, RouteScopes, Unlisted};
pub use signing_keys::{InvalidKeyName, InvalidSigningKeys, KeyName, SigningKeys};
pub use variables::{InvalidVariable, Variables};

use std::time::Duration;

use crate::{
    log::Level,
    oauth::{InvalidIssuer, InvalidResourceUri, Issuer, ResourceUri, Scope, Switches},
};

/// The valid values of a variable that holds a scope.
const SCOPE: &str = "scope values with spaces between them (RFC 6749 §3.3)";

/// The configuration of a deployment. Each field names the variable that sets it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `JETON_ISSUER`: the issuer (RFC 8414 §2), for a deployment behind a domain of its own. Without it, the issuer of
    /// each request is `https://` and the domain name that the gateway received the request at. The authorizer, which
    /// the gateways of other APIs call, does not start without it.
    pub issuer: Option<Issuer>,
    pub tables: TableNames,
    /// `JETON_CLIENT_CACHE_SECONDS`, 0 to 300, else 0: how long a client's registration is cached. With 0 it is read
    /// for every request. While it is cached, a disabled client and a revoked secret still get tokens. Introspection
    /// and the authorizer refuse the tokens of a disabled client all the same, and the authorizer reads the client
    /// again for every call with a client's secret.
    pub client_cache: Duration,
    /// `JETON_STATUS_CACHE_SECONDS`, 0 to 300, else 0: how long a user's or client's status is cached. With 0,
    /// `disable` and `revoke-all` take effect at the next call; a cache saves a read per introspection and delays both
    /// by as much. The revocation of a single token is never delayed.
    pub status_cache: Duration,
    pub account: AccountPages,
    /// `JETON_COMPAT`: the permitted compatibility switches, separated by commas, or `none`, the default. A permitted
    /// switch that belongs to clients is on only for those clients that have it.
    pub compat: Switches,
    pub brand: Brand,
    /// `JETON_LANGUAGES`, such as `en,fr`, else `en`: the languages of pages. The first is the default.
    pub languages: Languages,
    pub session: SessionLifetime,
    pub rate_limit: RateLimit,
    pub registration: DynamicRegistration,
    /// `JETON_RESOURCE`: the resource (RFC 8707) that the authorizer protects. It then accepts only tokens that were issued
    /// for this resource. Without it, the authorizer accepts only tokens that were issued for no resource.
    pub resource: Option<ResourceUri>,
    /// `JETON_ROUTE_SCOPES`: the scope that each route of the protected APIs requires, for the authorizer. Without it,
    /// the authorizer refuses every request.
    pub route_scopes: RouteScopes,
    /// `JETON_BASIC_SCOPES`, such as `read write`, else empty: the scope of an API call with a user's name and
    /// password, which the switch `basic-user` permits.
    pub basic_scope: Scope,
    /// `JETON_GUEST_SCOPES`, such as `read`, else empty: the scope of an API call without credentials, which the switch
    /// `guest` permits.
    pub guest_scope: Scope,
    /// `JETON_SIGNING_KEYS`: the KMS keys that may sign ID tokens, as ARNs with commas between them, or `local` for those in
    /// the local database. Without it, OpenID Connect is off.
    pub signing_keys: SigningKeys,
    /// `JETON_LOG_LEVEL`: `warn`, `info` (the default) or `debug`. `warn` leaves out the audit lines of successful
    /// requests. No level leaves out failures, because the alarms count them.
    pub log_level: Level,
}

/// The lifetime of a user's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetime {
    /// `JETON_SESSION_SECONDS`, 300 to 2,592,000, else 43,200 (twelve hours): from signing in.
    pub absolute: Duration,
    /// `JETON_SESSION_IDLE_SECONDS`, 300 to 2,592,000, else 7,200 (two hours): from the last request.
    pub idle: Duration,
}

#[derive(Clone, Debug)]
pub struct TableNames {
    /// `JETON_TOKENS_TABLE`, else `jeton-tokens`: grants, sessions, and everything else that expires.
    pub tokens: String,
    /// `JETON_CLIENTS_TABLE`, else `jeton-clients`.
    pub clients: String,
    /// `JETON_USERS_TABLE`, else `jeton-users`.
    pub users: String,
}

impl Config {
    /// Reads the process's environment. Empty variables count as absent.
    pub fn from_env() -> Result<Self, InvalidVariable> {
        Self::from_env_or(|_| None)
    }

    /// Reads the process's environment, and `default` for each absent variable.
    pub fn from_env_or(default: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let set = |variable: &str| std::env::var(variable).ok().filter(|value| !value.is_empty());
        Self::read(|variable| set(variable).or_else(|| default(variable)))
    }

    /// Reads `variables`.
    pub fn read(variables: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        let variables = Variables::new(variables);
        let table = |variable, default: &str| -> Result<String, InvalidVariable> {
            let expected = "a table name: 3 to 255 letters, digits, dots, dashes or underscores";
            let name = variables.parsed_if(variable, expected, |name: &String| is_table_name(name))?;
            Ok(name.unwrap_or_else(|| default.to_owned()))
        };
        Ok(Self {
            issuer: variables.parsed("JETON_ISSUER", InvalidIssuer)?,
            tables: TableNames {
                tokens: table("JETON_TOKENS_TABLE", "jeton-tokens")?,
                clients: table("JETON_CLIENTS_TABLE", "jeton-clients")?,
                users: table("JETON_USERS_TABLE", "jeton-users")?,
            },
            client_cache: variables.seconds("JETON_CLIENT_CACHE_SECONDS", 0..=300, 0)?,
            status_cache: variables.seconds("JETON_STATUS_CACHE_SECONDS", 0..=300, 0)?,
            account: AccountPages::read(&variables)?,
            compat: variables
                .parsed("JETON_COMPAT", "switches with commas between them, or none")?
                .unwrap_or_default(),
            brand: Brand::read(&variables)?,
            languages: variables.parsed("JETON_LANGUAGES", InvalidLanguages)?.unwrap_or_default(),
            session: SessionLifetime {
                absolute: variables.seconds("JETON_SESSION_SECONDS", 300..=2_592_000, 43_200)?,
                idle: variables.seconds("JETON_SESSION_IDLE_SECONDS", 300..=2_592_000, 7_200)?,
            },
            rate_limit: RateLimit::read(&variables)?,
            registration: DynamicRegistration::read(&variables)?,
            resource: variables.parsed("JETON_RESOURCE", InvalidResourceUri)?,
            basic_scope: variables.parsed("JETON_BASIC_SCOPES", SCOPE)?.unwrap_or_default(),
            guest_scope: variables.parsed("JETON_GUEST_SCOPES", SCOPE)?.unwrap_or_default(),
            route_scopes: variables.parsed("JETON_ROUTE_SCOPES", InvalidRouteScopes)?.unwrap_or_default(),
            signing_keys: variables.parsed("JETON_SIGNING_KEYS", InvalidSigningKeys)?.unwrap_or_default(),
            log_level: variables
                .parsed_if("JETON_LOG_LEVEL", "warn, info or debug", |level| *level >= Level::Warn)?
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

    fn read(variables: &[(&str, &str)]) -> Result<Config, InvalidVariable> {
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
    fn an_error_names_the_variable_and_its_valid_values() {
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
            ("JETON_LANGUAGES", "en,xx"),
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
            ("JETON_RESOURCE", "https://api.example.com/mcp?x=1"),
            ("JETON_REGISTRATION", "closed"),
            ("JETON_REGISTRATION_SCHEMES", "cursor javascript"),
            ("JETON_REGISTRATION_SCHEMES", "cursor  vscode"),
            ("JETON_SIGNING_KEYS", "alias/jeton"),
            ("JETON_REGISTRATIONS", "0"),
            ("JETON_REGISTRATIONS_PER_ADDRESS", "1000001"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable) && error.contains("must be"), "{error}");
        }
    }

    #[test]
    fn functions_start_with_every_value_that_the_template_accepts() {
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
            ("Resource", "JETON_RESOURCE"),
            ("RegistrationSchemes", "JETON_REGISTRATION_SCHEMES"),
            ("SigningKeys", "JETON_SIGNING_KEYS"),
            ("Languages", "JETON_LANGUAGES"),
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
