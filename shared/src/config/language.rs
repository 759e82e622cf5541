//! The languages of pages, and the choice among them.

use std::str::FromStr;

use serde_with::{DeserializeFromStr, SerializeDisplay};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::oauth::must_be_one_of;

/// A language of all pages. Its word is its tag (RFC 5646).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    SerializeDisplay,
    DeserializeFromStr,
)]
#[strum(const_into_str, parse_err_ty = String, parse_err_fn = must_be_one_of::<Language>)]
pub enum Language {
    #[strum(to_string = "en")]
    English,
    #[strum(to_string = "fr")]
    French,
}

impl Language {
    pub const fn tag(self) -> &'static str {
        self.into_str()
    }

    /// Returns whether a language range means this language: `fr-CA` and `FR` mean `fr` (RFC 4647 §3.4).
    fn is_meant_by(self, range: &str) -> bool {
        range.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(self.tag()))
    }
}

/// The languages that a deployment offers. The first is the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages(Vec<Language>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a list of languages, separated by commas, each once; the languages are {}", known_tags())]
pub struct InvalidLanguages;

fn known_tags() -> String {
    Language::VARIANTS.iter().map(|language| language.tag()).collect::<Vec<_>>().join(", ")
}

impl Default for Languages {
    fn default() -> Self {
        Self(vec![Language::English])
    }
}

impl Languages {
    /// Chooses the language of a page: the one that the client requests (`ui_locales`, OpenID Connect Core §3.1.2.1),
    /// else the one that the browser prefers (`Accept-Language`, RFC 9110 §12.5.4), else the first.
    pub fn choose(&self, ui_locales: &str, accept_language: &str) -> Language {
        let requested = ui_locales.split(' ').find_map(|range| self.meant_by(range));
        requested.or_else(|| self.accepted(accept_language)).unwrap_or_else(|| self.first())
    }

    /// Returns the default.
    pub fn first(&self) -> Language {
        self.0.first().copied().unwrap_or(Language::English)
    }

    fn meant_by(&self, range: &str) -> Option<Language> {
        self.0.iter().copied().find(|language| language.is_meant_by(range))
    }

    /// Returns the language with the greatest weight; of several, the first in the header.
    fn accepted(&self, header: &str) -> Option<Language> {
        let mut best: Option<(u16, Language)> = None;
        for preference in header.split(',') {
            let (range, parameters) = preference.split_once(';').unwrap_or((preference, ""));
            let weight = weight(parameters);
            let range = range.trim();
            let language = if range == "*" { Some(self.first()) } else { self.meant_by(range) };
            if let Some(language) = language
                && weight > best.map_or(0, |(weight, _)| weight)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// Returns the weight of a preference, in thousandths (RFC 9110 §12.4.2); 0 if it is malformed.
fn weight(parameters: &str) -> u16 {
    let Some(text) = parameters.trim().strip_prefix("q=") else { return 1_000 };
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    match (whole, format!("{fraction:0<3}").parse()) {
        ("0", Ok(thousandths)) if fraction.len() <= 3 => thousandths,
        ("1", Ok(0)) => 1_000,
        _ => 0,
    }
}

impl FromStr for Languages {
    type Err = InvalidLanguages;

    fn from_str(text: &str) -> Result<Self, InvalidLanguages> {
        let mut languages = Vec::new();
        for tag in text.split(',') {
            let language = tag.parse().map_err(|_| InvalidLanguages)?;
            if languages.contains(&language) {
                return Err(InvalidLanguages);
            }
            languages.push(language);
        }
        Ok(Self(languages))
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English, French};
    use super::*;

    #[test]
    fn the_most_preferred_language_on_offer_is_chosen() {
        let both: Languages = "en,fr".parse().unwrap();
        for (ui_locales, accept, expected) in [
            ("", "", English),
            ("", "fr", French),
            ("", "FR-ca, en;q=0.9", French),
            ("", "fr;q=0.5, en;q=0.8", English),
            ("", "de, fr;q=0.1", French),
            ("", "de;q=1.0, *;q=0.5, fr;q=0.4", English),
            ("", "fr;q=0", English),
            ("", "fr;q=0.0001, ;;;,=,q", English),
            ("", "frr, fra", English),
            ("", "en;q=0.700, fr;q=0.7", English),
            ("", "fr; q=0.7, en; q=0.701", English),
            ("fr-CA en", "en", French),
            ("de", "fr", French),
            ("de it", "", English),
        ] {
            assert_eq!(both.choose(ui_locales, accept), expected, "{ui_locales:?} {accept:?}");
        }
        assert_eq!(Languages::default().choose("fr", "fr"), English, "French is not on offer");
        assert_eq!("fr,en".parse::<Languages>().unwrap().choose("", "de"), French);
    }

    #[test]
    fn a_list_of_languages_names_each_once() {
        for bad in ["", "en,", "en,en", "EN", "xx", "en fr", "en, fr"] {
            assert_eq!(bad.parse::<Languages>(), Err(InvalidLanguages), "{bad}");
        }
    }
}
