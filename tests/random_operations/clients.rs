//! The clients of the run: one of every kind, what an administrator changes in them, and how they authenticate.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use shared::{
    clients::{Lifetimes, Registration},
    oauth::{AuthMethod, Switch},
    secret::Id,
};

use super::{
    run::{NOTES, ORDERS},
    self_registration::SelfRegistered,
    settings::Settings,
};
use crate::harness::{
    Call, Registered, Stack,
    code_flow::CALLBACK,
    dice::Dice,
    oracle::{Ms, Terms, values},
};

/// How long a secret that was replaced goes on to work.
const OVERLAP: Duration = Duration::from_hours(24);

/// A kind of client.
struct Kind {
    method: AuthMethod,
    /// Whether the client registers itself. It then has no scope of its own, and the lifetimes of a client by default.
    registers_itself: bool,
    rotates: bool,
    /// The scope that the client requests.
    scope: &'static str,
    id_token_on_refresh: bool,
    /// Access token, refresh token and grace window, in seconds.
    lifetimes: (u32, u32, u32),
}

const KINDS: [Kind; 8] = [
    Kind {
        method: AuthMethod::ClientSecretBasic,
        registers_itself: false,
        rotates: true,
        scope: "read write",
        id_token_on_refresh: false,
        lifetimes: (3_600, 30 * 86_400, 60),
    },
    Kind {
        method: AuthMethod::ClientSecretPost,
        registers_itself: false,
        rotates: true,
        scope: "read write",
        id_token_on_refresh: false,
        lifetimes: (90, 600, 300),
    },
    Kind {
        method: AuthMethod::None,
        registers_itself: false,
        rotates: true,
        scope: "read write",
        id_token_on_refresh: false,
        lifetimes: (3_600, 30 * 86_400, 2),
    },
    Kind {
        method: AuthMethod::ClientSecretBasic,
        registers_itself: false,
        rotates: false,
        scope: "read write",
        id_token_on_refresh: false,
        lifetimes: (90, 7_200, 60),
    },
    Kind {
        method: AuthMethod::ClientSecretPost,
        registers_itself: false,
        rotates: true,
        scope: "openid read write",
        id_token_on_refresh: true,
        lifetimes: (600, 86_400, 60),
    },
    Kind {
        method: AuthMethod::None,
        registers_itself: false,
        rotates: true,
        scope: "openid read write",
        id_token_on_refresh: false,
        lifetimes: (60, 3_600, 0),
    },
    Kind {
        method: AuthMethod::None,
        registers_itself: true,
        rotates: true,
        scope: "read write",
        id_token_on_refresh: false,
        lifetimes: (3_600, 30 * 86_400, 60),
    },
    Kind {
        method: AuthMethod::ClientSecretPost,
        registers_itself: true,
        rotates: true,
        scope: "openid read write",
        id_token_on_refresh: false,
        lifetimes: (3_600, 30 * 86_400, 60),
    },
];

/// The resources that an administrator limits a client to, or none.
const LISTS: [&[&str]; 5] = [&[], &[], &[NOTES], &[ORDERS], &[NOTES, ORDERS]];

/// The switches that an administrator gives a client for other forms of token requests and responses. The last are all.
pub const FORMS: [&[Switch]; 4] = [
    &[],
    &[Switch::Json],
    &[Switch::QueryCredentials, Switch::Expires],
    &[Switch::Json, Switch::QueryCredentials, Switch::Expires],
];

/// The kind of a client that a developer owns.
const OWNED: usize = 1;
/// The kind of a client whose default scope is a part of its scope from the start.
const NARROW_BY_DEFAULT: usize = 1;
/// The kind of a client that may leave out the code challenge from the start.
const PKCE_OPTIONAL: usize = 0;
/// The kind of a client that may use all forms from the start.
const ALL_FORMS: usize = 4;
/// The kind of a client that is first-party from the start.
const FIRST_PARTY: usize = 3;

pub struct Client {
    pub registered: Registered,
    kind: usize,
    pub settings: Settings,
    /// The secret before the last rotation, and until when it works.
    previous: Option<(String, Ms)>,
    pub disabled: bool,
    pub deleted: bool,
    /// Whether the client's owner, if it has one, is a developer in good standing.
    pub owner_works: bool,
    /// What is known of a client that registers itself. `None`: an administrator or a developer registered the client.
    pub self_registered: Option<SelfRegistered>,
}

/// How a request authenticates.
#[derive(Clone)]
pub struct Credentials {
    client: Registered,
    method: AuthMethod,
    /// The switch for the form of a token request. `None`: it is the usual one.
    form: Option<Switch>,
    /// Whether the client is authenticated by that.
    pub work: bool,
}

impl Client {
    /// Registers a client of each kind. `owner` owns one of them.
    pub async fn of_every_kind(stack: &Stack, owner: Id) -> Vec<Self> {
        let mut clients = Vec::new();
        for kind in 0..KINDS.len() {
            clients.push(Self::register(stack, kind, owner).await);
        }
        clients
    }

    async fn register(stack: &Stack, kind: usize, owner: Id) -> Self {
        let Kind { method, registers_itself, rotates, scope, id_token_on_refresh, lifetimes } = KINDS[kind];
        let (access_token, refresh_token, refresh_grace) = lifetimes;
        let settings = Settings {
            scope: if registers_itself { "" } else { scope },
            default_scope: if kind == NARROW_BY_DEFAULT { "write" } else { "" },
            resources: LISTS[0],
            lifetimes: Lifetimes { access_token, refresh_token, refresh_grace, ..Lifetimes::default() },
            rotates,
            forms: if kind == ALL_FORMS { FORMS[FORMS.len() - 1] } else { FORMS[0] },
            first_party: kind == FIRST_PARTY,
            pkce_optional: kind == PKCE_OPTIONAL,
        };
        let name = format!("client of kind {kind}");
        let new = |registered, self_registered| Self {
            registered,
            kind,
            settings,
            previous: None,
            disabled: false,
            deleted: false,
            owner_works: true,
            self_registered,
        };
        if registers_itself {
            let (registered, of_itself) = SelfRegistered::register(stack, name, method).await;
            return new(registered, Some(of_itself));
        }
        let mut registration = Registration {
            name,
            public: method == AuthMethod::None,
            redirect_uris: vec![CALLBACK.to_owned()],
            auth_methods: vec![method],
            id_token_on_refresh,
            ..Registration::default()
        };
        settings.write_to(&mut registration);
        let set_owner =
            |client: &mut shared::clients::Client| client.owner = (kind == OWNED).then_some(owner);
        new(stack.register_changed(registration, set_owner).await, None)
    }

    /// Returns a new client of the same kind, which `owner` owns if this one has an owner.
    pub async fn successor(&self, stack: &Stack, owner: Id) -> Self {
        Self::register(stack, self.kind, owner).await
    }

    /// Records that the client has registered itself anew, and got this id and secret.
    pub fn replace(&mut self, registered: Registered) {
        (self.registered, self.previous, self.deleted) = (registered, None, false);
    }

    pub const fn is_owned(&self) -> bool {
        self.kind == OWNED
    }

    pub const fn is_public(&self) -> bool {
        matches!(KINDS[self.kind].method, AuthMethod::None)
    }

    pub fn works(&self) -> bool {
        let has_ended = self.self_registered.as_ref().is_some_and(|of| of.ended);
        !self.disabled && !self.deleted && self.owner_works && !has_ended
    }

    /// Returns the scope that the client requests.
    pub const fn whole_scope(&self) -> &'static str {
        KINDS[self.kind].scope
    }

    /// Returns a part of that scope.
    pub fn narrow_scope(&self) -> &'static str {
        if self.is_openid() { "openid read" } else { "read" }
    }

    /// Returns whether a refresh response may contain an ID token.
    pub const fn id_token_on_refresh(&self) -> bool {
        KINDS[self.kind].id_token_on_refresh
    }

    /// Returns the properties that the oracle needs, for a grant for a resource at which the client may have this scope.
    /// `None`: it may have no tokens there.
    pub fn terms(&self, scope: Option<&str>) -> Terms {
        let ms = |seconds: u32| u64::from(seconds) * 1_000;
        let Settings { lifetimes, rotates, .. } = self.settings;
        Terms {
            scope: scope.map(values),
            registered: self.self_registered.is_none().then(|| values(self.settings.scope)),
            access: ms(lifetimes.access_token),
            refresh: ms(lifetimes.refresh_token),
            grace: ms(lifetimes.refresh_grace),
            rotates,
            owner_works: self.owner_works,
        }
    }

    /// Returns whether the client's users sign in by OpenID Connect.
    pub fn is_openid(&self) -> bool {
        values(self.settings.scope).contains("openid")
    }

    /// Replaces the client's secret.
    pub async fn rotate_secret(&mut self, stack: &Stack) {
        let replaced = stack.rotate_secret(&self.registered, OVERLAP).await;
        let until = stack.now().after(OVERLAP).millis();
        self.previous = Some((std::mem::replace(&mut self.registered, replaced).secret, until));
    }

    /// Changes the client's settings.
    pub async fn amend(&mut self, stack: &Stack, dice: &mut Dice) {
        let (whole, narrow) = (self.whole_scope(), self.narrow_scope());
        let is_public = self.is_public();
        let settings = &mut self.settings;
        (settings.scope, settings.default_scope) = if settings.scope == whole {
            (narrow, *dice.one(&["", "read"]))
        } else {
            (whole, *dice.one(&["", narrow, "write"]))
        };
        settings.resources = *dice.one(&LISTS);
        settings.lifetimes.access_token = *dice.one(&[60, 90, 600, 3_600]);
        settings.lifetimes.refresh_token = *dice.one(&[600, 7_200, 86_400]);
        settings.rotates = is_public || dice.chance(50);
        settings.forms = *dice.one(&FORMS);
        settings.first_party = dice.chance(30);
        settings.pkce_optional = !is_public && dice.chance(50);
        stack.amend(&self.registered, |registration| settings.write_to(registration)).await;
    }

    /// Returns the client's credentials at `now`: nearly always valid ones.
    pub fn credentials(&self, dice: &mut Dice, now: Ms) -> Credentials {
        let (client, method) = (self.registered.clone(), KINDS[self.kind].method);
        let form = dice.chance(50).then(|| dice.one(&[Switch::Json, Switch::QueryCredentials]));
        let form = form.copied().filter(|form| self.settings.forms.contains(form));
        let right = Credentials { client, method, form, work: self.works() };
        if self.is_public() {
            return right;
        }
        match (dice.below(100), &self.previous) {
            (0..3, _) => Credentials { client: right.client.with_wrong_secret(), work: false, ..right },
            (3..6, _) => {
                let other = match method {
                    AuthMethod::ClientSecretBasic => AuthMethod::ClientSecretPost,
                    _ => AuthMethod::ClientSecretBasic,
                };
                Credentials { method: other, work: false, ..right }
            }
            (6..30, Some((previous, until))) => {
                let work = right.work && now < *until;
                Credentials { client: right.client.with_secret(previous), work, ..right }
            }
            _ => right,
        }
    }
}

impl Credentials {
    /// Returns the credentials of a resource server.
    pub fn of_resource_server(client: &Registered) -> Self {
        Self { client: client.clone(), method: AuthMethod::ClientSecretBasic, form: None, work: true }
    }

    /// Begins a request with the credentials and `parameters`.
    pub fn call(&self, stack: &Stack, path: &str, parameters: &[(&str, &str)]) -> Call {
        let id = ("client_id", self.client.id.as_str());
        let of_client: &[_] = match self.method {
            AuthMethod::ClientSecretBasic => &[],
            AuthMethod::ClientSecretPost => &[id, ("client_secret", self.client.secret.as_str())],
            AuthMethod::None => &[id],
        };
        let all = [parameters, of_client].concat();
        let call = match self.form.filter(|_| path == "/oauth/token") {
            Some(Switch::Json) => {
                let object: BTreeMap<_, _> = all.into_iter().collect();
                stack.json_request(&json!(object))
            }
            // Only a request with the client's id in the query has its parameters there.
            Some(_) if !of_client.is_empty() => {
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
                stack.post(&format!("{path}?{query}")).form(&[])
            }
            _ => stack.post(path).form(&all),
        };
        if self.method == AuthMethod::ClientSecretBasic { call.basic(&self.client) } else { call }
    }
}
