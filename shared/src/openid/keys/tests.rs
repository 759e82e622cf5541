use super::*;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// A millisecond before `time`.
fn before(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.millis() - 1)
}

fn hours(hours: u64) -> Timestamp {
    START.after(Duration::from_hours(hours))
}

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:123456789012:key/{id}")
}

/// Returns a key whose `kid` is its id.
fn key(id: &str) -> SigningKey {
    let key = SigningKey::new(arn(id).parse().unwrap(), id.as_bytes(), &[1, 0, 1], START);
    SigningKey { kid: id.to_owned(), ..key }
}

fn permitted(ids: &[&str]) -> SigningKeys {
    let arns: Vec<_> = ids.iter().map(|id| arn(id)).collect();
    arns.join(",").parse().unwrap()
}

fn signing<'a>(list: &'a KeyList, ids: &[&str], now: Timestamp) -> Option<&'a str> {
    list.signing(&permitted(ids), now).map(|key| key.kid.as_str())
}

fn published<'a>(list: &'a KeyList, ids: &[&str], now: Timestamp) -> Vec<&'a str> {
    list.published(&permitted(ids), now).map(|key| key.kid.as_str()).collect()
}

fn hints(list: &KeyList, ids: &[&str], kid: &str, now: Timestamp) -> bool {
    list.for_hint(kid, &permitted(ids), now).is_some()
}

/// A list with the key `a`, followed by `b` an hour later.
fn rotated() -> KeyList {
    KeyList::default().with(key("a"), Start::AfterPublication, START).with(
        key("b"),
        Start::AfterPublication,
        hours(1),
    )
}

#[test]
fn the_first_key_signs_at_once_and_is_published_until_another_follows() {
    let list = KeyList::default().with(key("a"), Start::AfterPublication, START);
    assert_eq!(signing(&list, &["a"], before(START)), None);
    for now in [START, hours(1_000_000)] {
        assert_eq!((signing(&list, &["a"], now), published(&list, &["a"], now)), (Some("a"), vec!["a"]));
        assert!(hints(&list, &["a"], "a", now));
    }
}

#[test]
fn a_key_is_published_for_a_day_before_it_signs_and_for_two_after_the_next_one_signs() {
    let (list, both) = (rotated(), &["a", "b"]);
    let (used, gone) = (hours(25), hours(73));
    for (now, signs, expected) in [
        (hours(1), "a", vec!["a", "b"]),
        (before(used), "a", vec!["a", "b"]),
        (used, "b", vec!["a", "b"]),
        (before(gone), "b", vec!["a", "b"]),
        (gone, "b", vec!["b"]),
    ] {
        assert_eq!((signing(&list, both, now), published(&list, both, now)), (Some(signs), expected));
    }
    let forgotten = gone.after(HINTS_AFTER);
    assert!(hints(&list, both, "a", before(forgotten)) && !hints(&list, both, "a", forgotten));
    assert!(hints(&list, both, "b", forgotten) && !hints(&list, both, "c", START));
}

#[test]
fn a_key_that_was_not_deployed_changes_nothing() {
    let list = rotated();
    for now in [hours(1), hours(25), hours(73), hours(10_000)] {
        assert_eq!(signing(&list, &["a"], now), Some("a"));
        assert!(published(&list, &["a"], now).contains(&"a"), "it signs on, so it stays published");
        assert!(hints(&list, &["a"], "a", now));
    }
    assert_eq!(signing(&list, &["c"], hours(73)), None);
    // The deployment is taken back to the older key after that one was gone.
    assert_eq!(
        (signing(&list, &["b"], hours(80)), signing(&list, &["a"], hours(80))),
        (Some("b"), Some("a"))
    );
}

#[test]
fn at_once_the_newest_key_signs() {
    let list = KeyList::default().with(key("a"), Start::AfterPublication, START).with(
        key("b"),
        Start::Now,
        hours(1),
    );
    let list = list.with(key("c"), Start::Now, hours(1));
    assert_eq!(signing(&list, &["a", "b", "c"], hours(1)), Some("c"), "also of two in the same moment");
    // By a clock that is a second behind.
    let late = list.with(key("d"), Start::Now, before(hours(1)));
    assert_eq!(signing(&late, &["a", "b", "c", "d"], hours(1)), Some("d"));
    assert_eq!(published(&late, &["d"], hours(48)), ["a", "b", "c", "d"]);
    assert_eq!(published(&late, &["d"], hours(49)), ["d"]);
}

#[test]
fn a_key_that_waits_signs_at_its_time_though_another_was_added_at_once() {
    let list = rotated().with(key("c"), Start::Now, hours(2));
    let all = &["a", "b", "c"];
    assert_eq!((signing(&list, all, hours(2)), signing(&list, all, hours(25))), (Some("c"), Some("b")));
    assert_eq!(published(&list, all, hours(49)), ["a", "c", "b"]);
    assert_eq!(
        (published(&list, all, hours(50)), published(&list, all, hours(73))),
        (vec!["c", "b"], vec!["b"])
    );
}

#[test]
fn a_key_that_waits_can_be_made_to_sign_at_once() {
    let list = rotated().with(key("b"), Start::Now, hours(2));
    assert_eq!((list.keys().len(), signing(&list, &["a", "b"], hours(2))), (2, Some("b")));
    assert_eq!(published(&list, &["a", "b"], hours(50)), ["b"]);
}

#[test]
fn without_the_key_that_waits_the_key_before_it_stays() {
    let list = rotated().without("b", hours(2));
    assert_eq!((list.keys()[0].published_until, list.keys()[0].hints_until), (None, None));
    assert_eq!(published(&list, &["a", "b"], hours(1_000)), ["a"]);
}

#[test]
fn without_the_key_that_signs_the_one_before_it_signs_and_is_published_again() {
    let list = rotated();
    let list = list.without("b", hours(80));
    let now = hours(1_000_000);
    assert_eq!(
        (signing(&list, &["a", "b"], now), published(&list, &["a", "b"], now)),
        (Some("a"), vec!["a"])
    );
    assert!(hints(&list, &["a"], "a", now));
    // Also if the next key waits already: until then `a` signs.
    let list = rotated().with(key("c"), Start::AfterPublication, hours(80)).without("b", hours(81));
    assert_eq!(signing(&list, &["a", "c"], hours(81)), Some("a"));
    assert_eq!(published(&list, &["a", "c"], hours(104 + 47)), ["a", "c"]);
    assert_eq!(published(&list, &["a", "c"], hours(104 + 48)), ["c"]);
}

#[test]
fn a_key_that_is_gone_does_not_come_back_with_the_end_of_a_later_one() {
    let list = rotated().with(key("c"), Start::Now, hours(80)).without("b", hours(80));
    assert_eq!(published(&list, &["a", "b", "c"], hours(80)), ["c"]);
}

#[test]
fn a_key_is_dropped_when_hints_by_it_no_longer_count_unless_it_signs() {
    let (list, gone) = (rotated(), hours(73));
    let forgotten = gone.after(HINTS_AFTER);
    let kids = |list: &KeyList| list.keys().iter().map(|key| key.kid.clone()).collect::<Vec<_>>();
    assert_eq!(kids(&list.without_expired(&permitted(&["a", "b"]), before(forgotten))), ["a", "b"]);
    assert_eq!(kids(&list.without_expired(&permitted(&["a", "b"]), forgotten)), ["b"]);
    assert_eq!(kids(&list.without_expired(&permitted(&["a"]), forgotten)), ["a", "b"], "b was not deployed");
}

#[test]
fn a_key_of_a_local_database_is_published_only_where_it_may_sign() {
    let local = SigningKey { name: "local/x".parse().unwrap(), ..key("x") };
    let list = KeyList::default().with(key("a"), Start::AfterPublication, START).with(
        local,
        Start::Now,
        START.after(HOUR),
    );
    assert_eq!(
        (signing(&list, &["a"], hours(2)), published(&list, &["a"], hours(2))),
        (Some("a"), vec!["a"])
    );
    let here = SigningKeys::LOCAL.parse().unwrap();
    assert!(list.published(&here, hours(2)).any(|key| key.kid == "x"));
    assert!(list.for_hint("x", &here, hours(2)).is_some() && !hints(&list, &["a"], "x", hours(2)));
}

#[test]
fn the_kid_is_the_thumbprint_of_rfc_7638() {
    // The key of RFC 7638 §3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
             tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI\
             SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let key =
        SigningKey::new(arn("a").parse().unwrap(), &URL_SAFE_NO_PAD.decode(n).unwrap(), &[1, 0, 1], START);
    assert_eq!((key.n.as_str(), key.e.as_str()), (n, "AQAB"));
    assert_eq!(key.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn attributes_of_a_later_version_stay() {
    let mut stored = serde_json::to_value(key("a")).unwrap();
    stored["alg"] = "RS256".into();
    let read: SigningKey = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), stored);
}
