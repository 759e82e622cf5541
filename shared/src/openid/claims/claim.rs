//! The standard claims that administrators set (OpenID Connect Core §5.1), and the values that each may have.

use strum::{EnumString, IntoStaticStr, VariantArray};
use time::{Date, Month};
use url::Url;

/// A standard claim that is a text.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Claim {
    Name,
    GivenName,
    FamilyName,
    MiddleName,
    Nickname,
    Email,
    Profile,
    Picture,
    Website,
    Gender,
    Birthdate,
    Zoneinfo,
    Locale,
}

/// The reason why a claim is not set. It never contains the value, which is personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaim {
    /// The name is not quoted: the text may be a value.
    #[error("a claim is unknown; a user may have {}", Claim::names())]
    Unknown,
    /// An administrator cannot set the claim.
    #[error("{name} cannot be set: {reason}")]
    Reserved { name: &'static str, reason: &'static str },
    #[error("{} must be {expected}", .claim.as_str())]
    Value { claim: Claim, expected: &'static str },
    #[error("the user has no email that could be verified")]
    NoEmail,
    #[error(
        "the login name, name and email together have more than {} bytes, which an ID token has no room for",
        super::Claims::MOST_IN_ID_TOKEN
    )]
    IdTokenTooLarge,
    #[error("all claims of the user together have more than {} bytes", super::Claims::MOST_BYTES)]
    TooLarge,
}

/// The claims that have a meaning of their own, and the reason why an administrator cannot set them.
const RESERVED: [(&[&str], &str); 7] = [
    (&["sub"], "it is the user's identifier, which Jeton makes"),
    (&["preferred_username"], "it is the login name"),
    (&["groups"], "it contains the user's roles; see `jeton user grant-role`"),
    (&["email_verified"], "give --verified email"),
    (&["updated_at"], "it is the time of the last change"),
    (&["phone_number", "phone_number_verified", "address"], "Jeton does not support it"),
    (
        &[
            "iss",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "azp",
            "at_hash",
            "c_hash",
            "sid",
        ],
        "the protocol gives it its meaning",
    ),
];

impl Claim {
    /// Returns the claim called `name`.
    pub fn named(name: &str) -> Result<Self, InvalidClaim> {
        let reserved = RESERVED.iter().find_map(|(names, reason)| {
            names.iter().find(|known| **known == name).map(|name| InvalidClaim::Reserved { name, reason })
        });
        name.parse().map_err(|_| reserved.unwrap_or(InvalidClaim::Unknown))
    }

    /// Returns the claim's name.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Returns the names of all claims, as a text.
    pub fn names() -> String {
        Self::VARIANTS.iter().map(|claim| claim.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Checks that the claim may have this value.
    pub fn check(self, value: &str) -> Result<(), InvalidClaim> {
        let fits: fn(&str) -> bool = match self {
            Self::Name
            | Self::GivenName
            | Self::FamilyName
            | Self::MiddleName
            | Self::Nickname
            | Self::Gender => |_| true,
            Self::Email => is_email,
            Self::Profile | Self::Picture | Self::Website => is_url,
            Self::Birthdate => is_birthdate,
            Self::Zoneinfo => is_zone,
            Self::Locale => is_language_tag,
        };
        let is_line = !value.is_empty() && value.trim() == value && !value.chars().any(is_unprintable);
        if is_line && fits(value) {
            Ok(())
        } else {
            Err(InvalidClaim::Value { claim: self, expected: self.expected() })
        }
    }

    /// Returns what a value must be.
    const fn expected(self) -> &'static str {
        match self {
            Self::Name
            | Self::GivenName
            | Self::FamilyName
            | Self::MiddleName
            | Self::Nickname
            | Self::Gender => "one line of text, without white space at either end",
            Self::Email => "an e-mail address of at most 254 bytes, such as ada@example.com",
            Self::Profile | Self::Picture | Self::Website => "an https or http URL without a user name",
            Self::Birthdate => "a date as 1815-12-10, as 0000-12-10 without a year, or a year alone",
            Self::Zoneinfo => "a name of the time zone database, such as Europe/Paris",
            Self::Locale => "a language tag (BCP 47), such as en or fr-CA",
        }
    }
}

/// Returns whether `c` is a control character, or one that changes the direction or the lines of the text around it.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether `text` looks like an e-mail address (RFC 5322 §3.4.1). Only a mail to it can prove that it is one.
fn is_email(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let is_in_local = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && local.chars().all(is_in_local)
                && domain.split('.').all(is_label)
        })
}

/// Returns whether `text` is an http or https URL. One with a user name would show another host than it leads to.
fn is_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        ["https", "http"].contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// Returns whether `text` is a date as `YYYY-MM-DD`, with the year 0000 if it is left out, or a year as `YYYY`.
fn is_birthdate(text: &str) -> bool {
    let number = |digits: &str, length: usize| {
        let fits = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| fits)
    };
    let date = |year: &str, month: &str, day: &str| {
        let month = u8::try_from(number(month, 2)?).ok().and_then(|month| Month::try_from(month).ok())?;
        let day = u8::try_from(number(day, 2)?).ok()?;
        Date::from_calendar_date(number(year, 4)?.into(), month, day).ok()
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [year] => number(year, 4).is_some_and(|year| year > 0),
        [year, month, day] => date(year, month, day).is_some(),
        _ => false,
    }
}

/// Returns whether `text` has the form of a time zone's name. The database changes, so the name is not looked up.
fn is_zone(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    let is_part =
        |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(allowed);
    text.len() <= 64 && text.split('/').all(is_part)
}

/// Returns whether `text` has the form of a language tag: a language of two to eight letters, then subtags of one to eight
/// letters or digits.
fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let is_language =
        |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 35 && subtags.next().is_some_and(is_language) && subtags.all(is_subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(claim: Claim, good: &[&str], bad: &[&str]) {
        for value in good {
            assert_eq!(claim.check(value), Ok(()), "{claim:?} {value:?}");
        }
        for value in bad {
            let expected = claim.expected();
            assert_eq!(
                claim.check(value),
                Err(InvalidClaim::Value { claim, expected }),
                "{claim:?} {value:?}"
            );
        }
    }

    #[test]
    fn every_value_is_one_line() {
        for claim in Claim::VARIANTS {
            accepts(*claim, &[], &["", " ", "a\nb", "a\0", "\u{85}a", " a", "a ", "\u{202E}ada"]);
        }
        accepts(Claim::Name, &["Ada Lovelace", "é", "李小龙", "O'Brien \"Bob\""], &[]);
    }

    #[test]
    fn an_email_is_a_plausible_address() {
        let long = format!("a@{}.example", "b.".repeat(130));
        accepts(
            Claim::Email,
            &["ada@example.com", "a+b@x", "é@exemple.fr", "o'hara@a-b.c"],
            &[
                "ada",
                "@example.com",
                "ada@",
                "a@b@c",
                "a b@c",
                "<a@b.c>",
                "a@b..c",
                "a@.b",
                "a,b@c",
                "a@[::1]",
                &long,
            ],
        );
    }

    #[test]
    fn a_url_is_http_or_https_and_shows_its_host() {
        accepts(
            Claim::Picture,
            &["https://example.com/ada.png", "http://localhost:1/x"],
            &[
                "example.com",
                "javascript:alert(1)",
                "data:image/png;base64,AA",
                "https://",
                "ftp://a/b",
                "https://a@b/",
            ],
        );
    }

    #[test]
    fn a_birthdate_is_a_date_or_a_year_and_may_lack_the_year() {
        accepts(
            Claim::Birthdate,
            &["1815-12-10", "0000-12-10", "0000-02-29", "2024-02-29", "1815"],
            &[
                "1815-13-01",
                "1815-02-29",
                "1815-12",
                "12/10/1815",
                "815-12-10",
                "1815-12-1",
                "0000",
                "+815",
                "1815-12-10T",
            ],
        );
    }

    #[test]
    fn a_zone_and_a_locale_have_their_forms() {
        let zones = ["Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+1", "UTC"];
        accepts(Claim::Zoneinfo, &zones, &["Europe/", "/", "+01:00", "../etc", "Europe Paris"]);
        accepts(Claim::Locale, &["en", "fr-CA", "zh-Hant-TW"], &["e", "fr_CA", "en-", "1a", "en-toolongtag"]);
    }

    #[test]
    fn a_protocol_name_is_refused_with_its_reason() {
        let refused = |name: &str| Claim::named(name).unwrap_err().to_string();
        assert_eq!(refused("preferred_username"), "preferred_username cannot be set: it is the login name");
        for name in RESERVED.iter().flat_map(|(names, _)| *names) {
            assert!(refused(name).starts_with(&format!("{name} cannot be set: ")), "{name}");
        }
        for name in ["", "Name", "name ", "role", "ada@example.com"] {
            assert_eq!(Claim::named(name), Err(InvalidClaim::Unknown), "{name:?}");
        }
        assert!(Claim::VARIANTS.iter().all(|claim| Claim::named(claim.as_str()) == Ok(*claim)));
    }
}
