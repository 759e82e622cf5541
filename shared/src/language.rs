//! The languages that pages speak, and which one a visitor gets.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A language that every text is there in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
}

/// Text that names no language that pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of en, fr")]
pub struct NotSpoken;

impl Language {
    /// Every one of them.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// Its tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Whether a language range means it: `fr-CA` and `FR` mean `fr` (RFC 4647 §3.4).
    fn is_meant_by(self, range: &str) -> bool {
        range.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(self.tag()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = NotSpoken;

    fn from_str(tag: &str) -> Result<Self, NotSpoken> {
        Self::ALL.into_iter().find(|language| language.tag() == tag).ok_or(NotSpoken)
    }
}

/// The languages that a deployment offers, the one for everybody else first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages(Vec<Language>);

/// Text that is no list of languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("languages with commas between them, each once, of en and fr")]
pub struct NoLanguages;

impl Default for Languages {
    fn default() -> Self {
        Self(vec![Language::English])
    }
}

impl Languages {
    /// The one that a visitor gets: what the application asks for (`ui_locales`, OpenID Connect Core §3.1.2.1), else
    /// what the browser does (`Accept-Language`, RFC 9110 §12.5.4), else the first.
    pub fn choose(&self, ui_locales: &str, accept_language: &str) -> Language {
        let asked = ui_locales.split(' ').find_map(|range| self.meant_by(range));
        asked.or_else(|| self.accepted(accept_language)).unwrap_or_else(|| self.first())
    }

    /// The one for whoever asks for none of them.
    pub fn first(&self) -> Language {
        self.0.first().copied().unwrap_or(Language::English)
    }

    fn meant_by(&self, range: &str) -> Option<Language> {
        self.0.iter().copied().find(|language| language.is_meant_by(range))
    }

    /// The one with the greatest weight; of several, the one that is named first.
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

/// The weight of a preference, in thousandths (RFC 9110 §12.4.2). What cannot be read is no preference.
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
    type Err = NoLanguages;

    fn from_str(text: &str) -> Result<Self, NoLanguages> {
        let mut languages = Vec::new();
        for tag in text.split(',') {
            let language = tag.parse().map_err(|_| NoLanguages)?;
            if languages.contains(&language) {
                return Err(NoLanguages);
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
    fn a_visitor_gets_what_they_prefer_of_what_is_offered() {
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
        assert_eq!(Languages::default().choose("fr", "fr"), English, "what is not offered is not spoken");
        assert_eq!("fr,en".parse::<Languages>().unwrap().choose("", "de"), French);
    }

    #[test]
    fn a_list_of_languages_names_each_once() {
        for bad in ["", "en,", "en,en", "EN", "de", "en fr", "en, fr"] {
            assert_eq!(bad.parse::<Languages>(), Err(NoLanguages), "{bad}");
        }
    }
}
