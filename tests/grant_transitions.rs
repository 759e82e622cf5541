//! Comparison of the two forms of every grant transition: the pure functions, which the model checker explores, and the
//! DynamoDB update, on random grants and operations.
//!
//! `JETON_TRANSITION_CASES` cases of every kind, from `JETON_TRANSITION_SEED`.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    clients::{Client, Registration},
    dynamodb::Outcome,
    grants::{
        Access, AccessRevocation, Code, CodeGrant, CodeProof, End, EndReason, Ending, EndingByRefresh, Grant,
        Nonce, Redemption, Refresh, RefreshProof, RefreshRotation, Rotation, ScopeRemoval, Slot, State,
        Terms, Tokens, Transition,
    },
    oauth::{ClientId, Issuer, ResourceUri, Scope},
    secret::{AuthorizationCode, Digest, Id, Secret},
    time::Timestamp,
};

use crate::harness::{
    Stack,
    dice::{Dice, setting},
};

/// The numbers of applied and refused transitions of every kind.
type Tally = BTreeMap<&'static str, (u32, u32)>;

/// A generator of random grants and transitions. It uses few values, so that a proof often matches its grant.
struct Generator<'a> {
    dice: &'a mut Dice,
    now: Timestamp,
}

impl Generator<'_> {
    fn digest<K>(&mut self) -> Digest<K> {
        Digest::of([*self.dice.one(b"abc")])
    }

    /// Returns `matching` in most cases, otherwise any value.
    fn mostly<T>(&mut self, matching: Option<T>, any: impl FnOnce(&mut Self) -> T) -> T {
        match matching {
            Some(matching) if self.dice.chance(85) => matching,
            _ => any(self),
        }
    }

    fn maybe<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.dice.chance(percent).then(|| make(self))
    }

    fn client(&mut self) -> ClientId {
        self.dice.one(&["one", "two"]).parse().unwrap()
    }

    /// Returns a time before, at or after `now`.
    fn moment(&mut self) -> Timestamp {
        let ms = self.now.millis();
        let after = [ms + 1, ms + 60_000, ms + 3_600_000];
        let any = [ms - 60_000, ms - 1, ms];
        Timestamp::from_millis(if self.dice.chance(75) {
            *self.dice.one(&after)
        } else {
            *self.dice.one(&any)
        })
    }

    /// Returns the scope that a refresh requests, which is never empty.
    fn named_scope(&mut self, percent: usize) -> Option<Scope> {
        self.maybe(percent, |generator| generator.scope(50)).filter(|scope| !scope.is_empty())
    }

    fn scope(&mut self, percent: usize) -> Scope {
        Scope::of(["read", "write", "a:b/c"].into_iter().filter(|_| self.dice.chance(percent))).unwrap()
    }

    fn access(&mut self) -> Access {
        let access = Access::new(self.digest(), self.moment(), None);
        let expires_at = self.maybe(90, Self::moment);
        let requested_scope = self.named_scope(40);
        let revoked_at = self.maybe(20, Self::moment);
        Access { expires_at, requested_scope, revoked_at, ..access }
    }

    fn refresh(&mut self) -> Refresh {
        Refresh {
            digest: self.digest(),
            expires_at: self.maybe(95, Self::moment),
            family: self.digest(),
            generation: 3,
            rotation: self.maybe(50, |generator| Rotation {
                previous: generator.digest(),
                nonce: Nonce([7; 32]),
                at: generator.moment(),
            }),
        }
    }

    fn registered(&mut self) -> Client {
        let registration = Registration { name: "Client".to_owned(), ..Registration::default() };
        registration.accept(self.client(), self.now).unwrap().0
    }

    /// Returns the issuer of all grants in most cases.
    fn issuer(&mut self) -> Issuer {
        let own = "https://auth.example.com".parse().unwrap();
        self.mostly(Some(own), |_| "https://other.example.com".parse().unwrap())
    }

    /// Returns the resource of a grant or a request, if it has one.
    fn resource(&mut self) -> Option<ResourceUri> {
        self.maybe(70, |generator| {
            let uris = ["https://api.example.com/mcp", "https://other.example.com/"];
            generator.dice.one(&uris).parse().unwrap()
        })
    }

    fn scope_removal(&mut self, grant: &Grant) -> ScopeRemoval {
        let lost = Scope::of([*self.dice.one(&["read", "write", "admin"])]).unwrap();
        ScopeRemoval { client: self.mostly(Some(grant.client.clone()), Self::client), lost }
    }

    fn terms<'c>(&mut self, client: &'c Client) -> Terms<'c> {
        let issuer = "https://auth.example.com".parse().unwrap();
        Terms { client, scope: self.scope(70), resource: self.resource(), issuer, now: self.now }
    }

    /// Returns a grant in any state.
    fn grant(&mut self, id: Id) -> Grant {
        let client = self.registered();
        let terms = self.terms(&client);
        if self.dice.chance(15) {
            let mut grant =
                Grant::for_client(terms, &Secret::new(id, &[1; 32]), Some(Duration::from_mins(1)));
            grant.access = Some(self.access());
            return grant;
        }
        let consent = CodeGrant {
            user: Id::from_bits(1),
            authenticated_at: self.now,
            redirect_uri: "",
            redirect_uri_sent: false,
            nonce: None,
            challenge: None,
        };
        let code = Secret::<AuthorizationCode>::new(id, &[1; 32]);
        let mut grant = Grant::for_user(terms, &consent, &code);
        grant.owner = self.maybe(30, |_| Id::from_bits(2));
        grant.code = Some(Code {
            digest: self.digest(),
            expires_at: self.moment(),
            challenge: self.maybe(70, Self::digest),
            redirect_uri: self.digest(),
            redirect_uri_sent: self.dice.chance(50),
            nonce: None,
        });
        match self.dice.below(5) {
            0 | 1 => {}
            2 | 3 => {
                grant.state = State::Active;
                grant.expires_at = self.maybe(95, Self::moment);
                grant.access = Some(self.access());
                grant.previous_access = self.maybe(50, Self::access);
                grant.refresh = self.maybe(90, Self::refresh);
            }
            _ => {
                Ending { now: self.now, reason: EndReason::CodeReplayed }.apply(&mut grant);
                grant.end = Some(End {
                    at: self.moment(),
                    reason: *self.dice.one(&[EndReason::Revoked, EndReason::Administrator]),
                });
            }
        }
        grant
    }

    fn redemption(&mut self, grant: &Grant) -> Redemption {
        let code = grant.code.clone();
        let code = code.as_ref();
        let uri =
            code.map(|code| (code.redirect_uri_sent || self.dice.chance(50)).then_some(code.redirect_uri));
        Redemption {
            proof: CodeProof {
                client: self.mostly(Some(grant.client.clone()), Self::client),
                issuer: self.issuer(),
                code: self.mostly(code.map(|code| code.digest), Self::digest),
                redirect_uri: self.mostly(uri, |generator| generator.maybe(70, Self::digest)),
                verifier: self
                    .mostly(code.map(|code| code.challenge), |generator| generator.maybe(70, Self::digest)),
            },
            resource: self.mostly(Some(grant.resource.clone()), Self::resource),
            tokens: Tokens {
                access: self.access(),
                refresh: self.maybe(70, Self::refresh),
                expires_at: self.maybe(80, Self::moment),
            },
            now: self.now,
        }
    }

    fn rotation(&mut self, grant: &Grant) -> RefreshRotation {
        let refresh = grant.refresh.as_ref();
        let granted = grant.scope.values().next().map(|value| Some(Scope::of([value]).unwrap()));
        RefreshRotation {
            proof: RefreshProof {
                token: self.mostly(refresh.map(|refresh| refresh.digest), Self::digest),
                family: self.digest(),
                generation: 3,
                client: self.mostly(Some(grant.client.clone()), Self::client),
                issuer: self.issuer(),
            },
            resource: self.mostly(Some(grant.resource.clone()), Self::resource),
            scope: self.mostly(granted, |generator| generator.named_scope(60)),
            nonce: Nonce([9; 32]),
            access: self.digest(),
            refresh: self.maybe(50, Self::digest),
            access_lifetime: self
                .maybe(90, |generator| Duration::from_secs(*generator.dice.one(&[60, 3_600, 10_000]))),
            refresh_lifetime: Duration::from_secs(*self.dice.one(&[60, 86_400])),
            now: self.now,
            at: self.moment(),
        }
    }

    fn access_revocation(&mut self, grant: &Grant, slot: Slot) -> AccessRevocation {
        let access = match slot {
            Slot::Current => &grant.access,
            Slot::Previous => &grant.previous_access,
        };
        AccessRevocation {
            token: self.mostly(access.as_ref().map(|access| access.digest), Self::digest),
            client: self.mostly(Some(grant.client.clone()), Self::client),
            slot,
            now: self.now,
        }
    }

    fn ending_by_refresh(&mut self, grant: &Grant) -> EndingByRefresh {
        EndingByRefresh {
            family: self.mostly(grant.refresh.as_ref().map(|refresh| refresh.family), Self::digest),
            client: self.mostly(Some(grant.client.clone()), Self::client),
            now: self.now,
        }
    }
}

/// Makes `transition` on the engine, and compares the result with that of the pure functions.
async fn compare(
    stack: &Stack,
    tally: &mut Tally,
    kind: &'static str,
    (id, grant): (Id, &Grant),
    transition: &(impl Transition + std::fmt::Debug),
) {
    stack.app.grants.issue(grant).await.unwrap();
    let outcome = stack.app.grants.write(id, transition).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}\n{transition:?}\n{grant:?}"));
    let (applied, refused) = tally.entry(kind).or_default();
    let mut expected = grant.clone();
    if transition.precondition(grant) {
        transition.apply(&mut expected);
        *applied += 1;
        let Outcome::Applied(item) = outcome else { panic!("refused\n{transition:?}\n{grant:?}") };
        assert_eq!(item, expected, "{transition:?}\n{grant:?}");
    } else {
        *refused += 1;
        let Outcome::ConditionFailed(Some(item)) = outcome else {
            panic!("applied\n{transition:?}\n{grant:?}")
        };
        assert_eq!(item, expected, "{transition:?}");
    }
    assert_eq!(stack.app.grants.find(id).await.unwrap().as_ref(), Some(&expected), "{transition:?}");
}

/// Asserts that `transition` on a grant that does not exist is refused and creates no item.
async fn is_refused_without_an_item(stack: &Stack, transition: &impl Transition) {
    let id = Id::random();
    assert!(matches!(stack.app.grants.write(id, transition).await.unwrap(), Outcome::ConditionFailed(None)));
    assert_eq!(stack.app.grants.find(id).await.unwrap(), None, "no stub is left");
}

#[tokio::test]
async fn every_transition_means_the_same_to_the_engine_and_to_the_model() {
    let (cases, seed) = (setting("JETON_TRANSITION_CASES", 150), setting("JETON_TRANSITION_SEED", 1));
    let (stack, mut tally) = (Stack::start().await, Tally::new());
    let mut dice = Dice::new(seed);
    for _ in 0..cases {
        let mut generator = Generator { dice: &mut dice, now: stack.now() };
        for kind in [
            "redemption",
            "rotation",
            "revocation",
            "previous revocation",
            "scope removal",
            "ending",
            "ending by refresh",
        ] {
            let id = Id::random();
            let grant = generator.grant(id);
            let subject = (id, &grant);
            match kind {
                "redemption" => {
                    compare(&stack, &mut tally, kind, subject, &generator.redemption(&grant)).await;
                }
                "rotation" => compare(&stack, &mut tally, kind, subject, &generator.rotation(&grant)).await,
                "revocation" => {
                    let revocation = generator.access_revocation(&grant, Slot::Current);
                    compare(&stack, &mut tally, kind, subject, &revocation).await;
                }
                "previous revocation" => {
                    let revocation = generator.access_revocation(&grant, Slot::Previous);
                    compare(&stack, &mut tally, kind, subject, &revocation).await;
                }
                "scope removal" => {
                    compare(&stack, &mut tally, kind, subject, &generator.scope_removal(&grant)).await;
                }
                "ending" => {
                    let ending = Ending { now: generator.moment(), reason: EndReason::RefreshReused };
                    compare(&stack, &mut tally, kind, subject, &ending).await;
                }
                _ => compare(&stack, &mut tally, kind, subject, &generator.ending_by_refresh(&grant)).await,
            }
        }
    }
    println!("seed {seed}, {cases} cases each, (applied, refused): {tally:?}");
    for (kind, (applied, refused)) in tally {
        assert!(
            applied > 0 && (refused > 0 || kind == "ending"),
            "{kind}: {applied} applied, {refused} refused"
        );
    }
}

#[tokio::test]
async fn no_transition_makes_an_item_that_was_not_there() {
    let stack = Stack::start().await;
    let mut dice = Dice::new(1);
    let mut generator = Generator { dice: &mut dice, now: stack.now() };
    let grant = generator.grant(Id::random());
    is_refused_without_an_item(&stack, &generator.redemption(&grant)).await;
    is_refused_without_an_item(&stack, &generator.rotation(&grant)).await;
    is_refused_without_an_item(&stack, &generator.access_revocation(&grant, Slot::Current)).await;
    is_refused_without_an_item(&stack, &generator.access_revocation(&grant, Slot::Previous)).await;
    is_refused_without_an_item(&stack, &generator.scope_removal(&grant)).await;
    is_refused_without_an_item(&stack, &generator.ending_by_refresh(&grant)).await;
    is_refused_without_an_item(&stack, &Ending { now: stack.now(), reason: EndReason::Revoked }).await;
}
