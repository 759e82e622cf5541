//! Every transition of a grant is written twice: as pure functions, which the model checker explores, and in
//! DynamoDB's language, which decides. Here each is held to the other, on grants and operations made by chance.
//!
//! `JETON_TRANSITION_CASES` cases of every kind, from `JETON_TRANSITION_SEED`.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    client::{Client, ClientId, Registration},
    config::Issuer,
    grant::{
        Access, AccessRevocation, Agreement, Code, End, Ending, EndingByRefresh, Grant, Narrowing, Nonce,
        Presented, Redemption, Refresh, Rotating, Rotation, Shown, Slot, State, Terms, Tokens, Transition,
        Why,
    },
    scope::Scope,
    secret::{AuthorizationCode, Digest, Id, Secret},
    table::Written,
    time::Timestamp,
};

use crate::harness::{
    Stack,
    dice::{Dice, setting},
};

/// How often each kind of operation was done and refused.
type Tally = BTreeMap<&'static str, (u32, u32)>;

/// Few values, so that what is shown often fits what is kept.
struct World<'a> {
    dice: &'a mut Dice,
    now: Timestamp,
}

impl World<'_> {
    fn digest<K>(&mut self) -> Digest<K> {
        Digest::of([*self.dice.one(b"abc")])
    }

    /// Mostly the value that fits; else any.
    fn mostly<T>(&mut self, fits: Option<T>, any: impl FnOnce(&mut Self) -> T) -> T {
        match fits {
            Some(fits) if self.dice.chance(85) => fits,
            _ => any(self),
        }
    }

    fn maybe<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.dice.chance(percent).then(|| make(self))
    }

    fn client(&mut self) -> ClientId {
        self.dice.one(&["one", "two"]).parse().unwrap()
    }

    /// A moment around `now`: before, the same, or after.
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

    fn scope(&mut self, percent: usize) -> Scope {
        Scope::of(["read", "write", "a:b/c"].into_iter().filter(|_| self.dice.chance(percent))).unwrap()
    }

    fn access(&mut self) -> Access {
        let access = Access::lasting(self.digest(), self.moment(), None);
        let expires_at = self.maybe(90, Self::moment);
        let narrowed = self.maybe(40, |world| world.scope(50).tags());
        let revoked_at = self.maybe(20, Self::moment);
        Access { expires_at, narrowed, revoked_at, ..access }
    }

    fn refresh(&mut self) -> Refresh {
        Refresh {
            digest: self.digest(),
            expires_at: self.maybe(95, Self::moment),
            family: self.digest(),
            generation: 3,
            rotation: self.maybe(50, |world| Rotation {
                previous: world.digest(),
                nonce: Nonce([7; 32]),
                at: world.moment(),
            }),
        }
    }

    fn registered(&mut self) -> Client {
        let registration = Registration { name: "Client".to_owned(), ..Registration::default() };
        registration.accept(self.client(), self.now).unwrap().0
    }

    /// Mostly that of every grant.
    fn issuer(&mut self) -> Issuer {
        let fits = "https://auth.example.com".parse().unwrap();
        self.mostly(Some(fits), |_| "https://other.example.com".parse().unwrap())
    }

    fn narrowing(&mut self, grant: &Grant) -> Narrowing {
        let lost = Scope::of([*self.dice.one(&["read", "write", "admin"])]).unwrap();
        Narrowing { client: self.mostly(Some(grant.client.clone()), Self::client), lost }
    }

    fn terms<'c>(&mut self, client: &'c Client) -> Terms<'c> {
        let issuer = "https://auth.example.com".parse().unwrap();
        Terms { client, scope: self.scope(70), issuer, now: self.now }
    }

    /// A grant in any state that it can be in.
    fn grant(&mut self, id: Id) -> Grant {
        let client = self.registered();
        let terms = self.terms(&client);
        if self.dice.chance(15) {
            let mut grant =
                Grant::for_machine(terms, &Secret::new(id, &[1; 32]), Some(Duration::from_mins(1)));
            grant.access = Some(self.access());
            return grant;
        }
        let agreement = Agreement {
            person: Id::from_bits(1),
            authenticated_at: self.now,
            redirect_uri: "",
            redirect_uri_sent: false,
            challenge: None,
        };
        let waiting = Secret::<AuthorizationCode>::new(id, &[1; 32]);
        let mut grant = Grant::for_person(terms, &agreement, &waiting);
        grant.owner = self.maybe(30, |_| Id::from_bits(2));
        grant.code = Some(Code {
            digest: self.digest(),
            expires_at: self.moment(),
            challenge: self.maybe(70, Self::digest),
            redirect_uri: self.digest(),
            redirect_uri_sent: self.dice.chance(50),
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
                Ending { now: self.now, why: Why::CodeReplayed }.apply(&mut grant);
                grant.end =
                    Some(End { at: self.moment(), why: *self.dice.one(&[Why::Revoked, Why::Administrator]) });
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
            shown: Shown {
                client: self.mostly(Some(grant.client.clone()), Self::client),
                issuer: self.issuer(),
                code: self.mostly(code.map(|code| code.digest), Self::digest),
                redirect_uri: self.mostly(uri, |world| world.maybe(70, Self::digest)),
                verifier: self.mostly(code.map(|code| code.challenge), |world| world.maybe(70, Self::digest)),
            },
            tokens: Tokens {
                access: self.access(),
                refresh: self.maybe(70, Self::refresh),
                expires_at: self.maybe(80, Self::moment),
            },
            now: self.now,
        }
    }

    fn rotating(&mut self, grant: &Grant) -> Rotating {
        let refresh = grant.refresh.as_ref();
        let fits = grant.scope.values().next().map(|value| Some(Scope::of([value]).unwrap()));
        Rotating {
            presented: Presented {
                token: self.mostly(refresh.map(|refresh| refresh.digest), Self::digest),
                family: self.digest(),
                generation: 3,
                client: self.mostly(Some(grant.client.clone()), Self::client),
                issuer: self.issuer(),
            },
            scope: self.mostly(fits, |world| world.maybe(60, |world| world.scope(50))),
            nonce: Nonce([9; 32]),
            access: self.digest(),
            refresh: self.maybe(50, Self::digest),
            access_lifetime: self
                .maybe(90, |world| Duration::from_secs(*world.dice.one(&[60, 3_600, 10_000]))),
            refresh_lifetime: Duration::from_secs(*self.dice.one(&[60, 86_400])),
            now: self.now,
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

/// Lets `transition` happen to `grant` on the engine, and holds what it makes of it to what the pure functions say.
async fn compare(
    stack: &Stack,
    tally: &mut Tally,
    kind: &'static str,
    (id, grant): (Id, &Grant),
    transition: &(impl Transition + std::fmt::Debug),
) {
    stack.app.grants.issue(grant).await.unwrap();
    let written = stack.app.grants.write(id, transition).await;
    let written = written.unwrap_or_else(|error| panic!("{error}\n{transition:?}\n{grant:?}"));
    let (done, refused) = tally.entry(kind).or_default();
    let mut expected = grant.clone();
    if transition.holds(grant) {
        transition.apply(&mut expected);
        *done += 1;
        let Written::Done(item) = written else { panic!("refused\n{transition:?}\n{grant:?}") };
        assert_eq!(item, expected, "{transition:?}\n{grant:?}");
    } else {
        *refused += 1;
        let Written::Refused(Some(item)) = written else { panic!("done\n{transition:?}\n{grant:?}") };
        assert_eq!(item, expected, "{transition:?}");
    }
    assert_eq!(stack.app.grants.find(id).await.unwrap().as_ref(), Some(&expected), "{transition:?}");
}

/// What a transition makes of a grant that is not there.
async fn is_refused_without_an_item(stack: &Stack, transition: &impl Transition) {
    let id = Id::random();
    assert!(matches!(stack.app.grants.write(id, transition).await.unwrap(), Written::Refused(None)));
    assert_eq!(stack.app.grants.find(id).await.unwrap(), None, "no stub is left");
}

#[tokio::test]
async fn every_transition_means_the_same_to_the_engine_and_to_the_model() {
    let (cases, seed) = (setting("JETON_TRANSITION_CASES", 150), setting("JETON_TRANSITION_SEED", 1));
    let (stack, mut tally) = (Stack::start().await, Tally::new());
    let mut dice = Dice::new(seed);
    for _ in 0..cases {
        let mut world = World { dice: &mut dice, now: stack.now() };
        for kind in [
            "redemption",
            "rotation",
            "revocation",
            "previous revocation",
            "narrowing",
            "ending",
            "ending by refresh",
        ] {
            let id = Id::random();
            let grant = world.grant(id);
            let subject = (id, &grant);
            match kind {
                "redemption" => compare(&stack, &mut tally, kind, subject, &world.redemption(&grant)).await,
                "rotation" => compare(&stack, &mut tally, kind, subject, &world.rotating(&grant)).await,
                "revocation" => {
                    let revocation = world.access_revocation(&grant, Slot::Current);
                    compare(&stack, &mut tally, kind, subject, &revocation).await;
                }
                "previous revocation" => {
                    let revocation = world.access_revocation(&grant, Slot::Previous);
                    compare(&stack, &mut tally, kind, subject, &revocation).await;
                }
                "narrowing" => compare(&stack, &mut tally, kind, subject, &world.narrowing(&grant)).await,
                "ending" => {
                    let ending = Ending { now: world.moment(), why: Why::RefreshReused };
                    compare(&stack, &mut tally, kind, subject, &ending).await;
                }
                _ => compare(&stack, &mut tally, kind, subject, &world.ending_by_refresh(&grant)).await,
            }
        }
    }
    println!("seed {seed}, {cases} cases each, (done, refused): {tally:?}");
    for (kind, (done, refused)) in tally {
        assert!(done > 0 && (refused > 0 || kind == "ending"), "{kind} was never {done} {refused}");
    }
}

#[tokio::test]
async fn no_transition_makes_an_item_that_was_not_there() {
    let stack = Stack::start().await;
    let mut dice = Dice::new(1);
    let mut world = World { dice: &mut dice, now: stack.now() };
    let grant = world.grant(Id::random());
    is_refused_without_an_item(&stack, &world.redemption(&grant)).await;
    is_refused_without_an_item(&stack, &world.rotating(&grant)).await;
    is_refused_without_an_item(&stack, &world.access_revocation(&grant, Slot::Current)).await;
    is_refused_without_an_item(&stack, &world.access_revocation(&grant, Slot::Previous)).await;
    is_refused_without_an_item(&stack, &world.narrowing(&grant)).await;
    is_refused_without_an_item(&stack, &world.ending_by_refresh(&grant)).await;
    is_refused_without_an_item(&stack, &Ending { now: stack.now(), why: Why::Revoked }).await;
}
