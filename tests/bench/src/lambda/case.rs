//! The cases: one kind of request to one function each.

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{
    Error,
    event::{self, Request},
    kms,
    stage::{Stage, redemption, text},
};

/// What a case sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    ClientCredentials,
    AuthorizationCode,
    RefreshToken,
    /// With an ID token.
    OpenidCode,
    OpenidRefresh,
    IntrospectMachine,
    IntrospectUser,
    Revoke,
    HttpApi,
    RestApi,
    SignedIn,
    SignedOut,
    LoginForm,
    SignIn,
    Account,
    Register,
    Metadata,
    Discovery,
    Userinfo,
    Logout,
}

/// A kind of request to a function.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) function: &'static str,
    /// The kind of request, if the function has several.
    pub(crate) what: &'static str,
    job: Job,
    /// The status of the response; none for the authorizer.
    status: Option<u64>,
    /// Variables beside those of every function.
    variables: &'static [(&'static str, &'static str)],
}

const fn case(function: &'static str, what: &'static str, job: Job, status: u64) -> Case {
    Case { function, what, job, status: Some(status), variables: &[] }
}

const OPENID: &[(&str, &str)] = &[("JETON_SIGNING_KEYS", "local")];
const KMS: &[(&str, &str)] = &[("JETON_SIGNING_KEYS", kms::ARN)];
const REGISTRATION: &[(&str, &str)] = &[
    ("JETON_REGISTRATION", "open"),
    ("JETON_REGISTRATIONS_PER_ADDRESS", "1000000"),
    ("JETON_REGISTRATIONS", "1000000"),
];
const ROUTES: &[(&str, &str)] = &[("JETON_ROUTE_SCOPES", "GET /orders/{id}=read; POST /orders=write")];

/// All cases.
pub(crate) const ALL: &[Case] = &[
    case("token", "client_credentials", Job::ClientCredentials, 200),
    Case {
        variables: &[("JETON_CLIENT_CACHE_SECONDS", "0")],
        ..case("token", "client_credentials, client read", Job::ClientCredentials, 200)
    },
    case("token", "authorization_code", Job::AuthorizationCode, 200),
    case("token", "refresh_token", Job::RefreshToken, 200),
    Case { variables: KMS, ..case("token", "authorization_code, ID token", Job::OpenidCode, 200) },
    Case { variables: KMS, ..case("token", "refresh_token, ID token", Job::OpenidRefresh, 200) },
    case("introspect", "a machine's token", Job::IntrospectMachine, 200),
    case("introspect", "a user's token", Job::IntrospectUser, 200),
    case("revoke", "", Job::Revoke, 200),
    Case { status: None, variables: ROUTES, ..case("authorizer", "HTTP API", Job::HttpApi, 200) },
    Case { status: None, variables: ROUTES, ..case("authorizer", "REST API", Job::RestApi, 200) },
    case("authorize", "signed in, consent remembered", Job::SignedIn, 303),
    case("authorize", "signed out", Job::SignedOut, 303),
    case("login", "form", Job::LoginForm, 200),
    case("login", "sign-in (Argon2id)", Job::SignIn, 303),
    case("account", "one application", Job::Account, 200),
    Case { variables: REGISTRATION, ..case("register", "", Job::Register, 201) },
    case("metadata", "", Job::Metadata, 200),
    Case { variables: OPENID, ..case("discovery", "", Job::Discovery, 200) },
    Case { variables: OPENID, ..case("userinfo", "", Job::Userinfo, 200) },
    Case { variables: OPENID, ..case("logout", "signed in", Job::Logout, 200) },
];

impl Case {
    pub(crate) fn name(&self) -> String {
        if self.what.is_empty() {
            self.function.to_owned()
        } else {
            format!("{}: {}", self.function, self.what)
        }
    }

    /// Whether the function hashes a password, which no baseline does.
    pub(crate) fn hashes_a_password(&self) -> bool {
        self.job == Job::SignIn
    }

    /// Returns the variables of the function: those of the template, with its defaults.
    pub(crate) fn variables(&self, stage: &Stage) -> Vec<(String, String)> {
        let own = self.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut all = variables(self.function, stage);
        all.retain(|(name, _)| !self.variables.iter().any(|(own, _)| own == name));
        all.extend(own);
        all
    }

    /// Returns the next event, with everything that the response uses up made before.
    pub(crate) async fn event(&self, stage: &mut Stage) -> Result<Bytes, Error> {
        let token = |stage: &Stage, fields: &[(&str, &str)]| {
            Request::post("/oauth/token").basic(&stage.web.id, &stage.web.secret).form(fields).event()
        };
        let introspect = |stage: &Stage, token: &str| {
            let client = &stage.resource_server;
            let request = Request::post("/oauth/introspect").basic(&client.id, &client.secret);
            request.form(&[("token", token)]).event()
        };
        Ok(match self.job {
            Job::ClientCredentials => {
                let client = &stage.machine;
                let request = Request::post("/oauth/token").basic(&client.id, &client.secret);
                request.form(&[("grant_type", "client_credentials"), ("scope", "read")]).event()
            }
            Job::AuthorizationCode | Job::OpenidCode => {
                let code = stage.code(self.scope()).await?;
                token(stage, &redemption(&code))
            }
            Job::RefreshToken | Job::OpenidRefresh => {
                let response = stage.redeemed(self.scope()).await?;
                let refresh_token = text(&response, "refresh_token")?;
                token(stage, &[("grant_type", "refresh_token"), ("refresh_token", &refresh_token)])
            }
            Job::IntrospectMachine => introspect(stage, &stage.machine_token().await?),
            Job::IntrospectUser => {
                let response = stage.redeemed("read").await?;
                introspect(stage, &text(&response, "access_token")?)
            }
            Job::Revoke => {
                let token = stage.machine_token().await?;
                let request = Request::post("/oauth/revoke").basic(&stage.machine.id, &stage.machine.secret);
                request.form(&[("token", &token)]).event()
            }
            Job::HttpApi => event::of_http_api(&stage.machine_token().await?),
            Job::RestApi => event::of_rest_api(&stage.machine_token().await?),
            Job::SignedIn => {
                Request::get(&stage.authorization("read")).cookies(&stage.user.cookies()).event()
            }
            Job::SignedOut => Request::get(&stage.authorization("read")).event(),
            Job::LoginForm => Request::get("/login?again").event(),
            Job::SignIn => {
                let (browser, form, typed) = stage.at_the_login_form().await?;
                Request::post(&form.action).cookies(&browser.cookies()).form(&form.with(&typed)).event()
            }
            Job::Account => Request::get("/account").cookies(&stage.new_user.cookies()).event(),
            Job::Register => {
                // The same metadata again would be a repetition of the same registration.
                let metadata = json!({
                    "client_name": stage.new_client_name(),
                    "redirect_uris": ["https://notes.example.com/callback"],
                    "token_endpoint_auth_method": "none",
                });
                Request::post("/oauth/register").json(&metadata).event()
            }
            Job::Metadata => Request::get("/.well-known/oauth-authorization-server").event(),
            Job::Discovery => Request::get("/.well-known/openid-configuration").event(),
            Job::Userinfo => {
                let response = stage.redeemed("openid profile").await?;
                Request::get("/oauth/userinfo").bearer(&text(&response, "access_token")?).event()
            }
            Job::Logout => Request::get("/oauth/logout").cookies(&stage.new_user.cookies()).event(),
        })
    }

    /// Returns the scope of the case's grants.
    fn scope(&self) -> &'static str {
        if matches!(self.job, Job::OpenidCode | Job::OpenidRefresh) { "openid read" } else { "read" }
    }

    /// Returns whether each invoke needs an event of its own, because the response uses something up.
    pub(crate) fn uses_events_up(&self) -> bool {
        matches!(
            self.job,
            Job::AuthorizationCode
                | Job::RefreshToken
                | Job::OpenidCode
                | Job::OpenidRefresh
                | Job::Revoke
                | Job::SignIn
                | Job::Register
        )
    }

    /// Checks a response.
    pub(crate) fn check(&self, response: &Value) -> Result<(), Error> {
        let location = response["headers"]["location"].as_str().unwrap_or_default();
        let body = response["body"].as_str().unwrap_or_default();
        let expected = response["statusCode"].as_u64() == self.status
            && match self.job {
                Job::HttpApi => response["isAuthorized"] == true,
                Job::RestApi => response["policyDocument"]["Statement"][0]["Effect"] == "Allow",
                Job::SignedIn => location.contains("code="),
                Job::SignedOut => location.contains("/login"),
                Job::OpenidCode | Job::OpenidRefresh => body.contains("\"id_token\":\""),
                Job::IntrospectMachine | Job::IntrospectUser => body.contains("\"active\":true"),
                _ => true,
            };
        if expected { Ok(()) } else { Err(Error::unexpected(response.to_string())) }
    }
}

/// Returns the variables of a function: AWS's own and those of the template, with its defaults.
pub(crate) fn variables(function: &str, stage: &Stage) -> Vec<(String, String)> {
    let roots = stage.front.roots.display().to_string();
    let [dynamodb, kms] = [stage.front.dynamodb, stage.front.kms].map(|address| format!("https://{address}"));
    let log_group = format!("/aws/lambda/{function}");
    let variables = [
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/11/[$LATEST]0123456789abcdef"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_CA_BUNDLE", &roots),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb),
        ("AWS_ENDPOINT_URL_KMS", &kms),
        ("JETON_ISSUER", &stage.issuer),
        ("JETON_CLIENT_CACHE_SECONDS", CLIENT_CACHE),
        ("JETON_STATUS_CACHE_SECONDS", "0"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// How long a function keeps a client in memory, in seconds: the template's default.
const CLIENT_CACHE: &str = "5";
