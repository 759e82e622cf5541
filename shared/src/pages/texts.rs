//! The texts of the pages, in every language.
//!
//! A language is one file beside this one, a `static TEXTS: Texts`; a missing text does not compile. The sentences of
//! the error messages that clients read are not here: those are always in English (RFC 6749 §5.2).

mod english;
mod french;
mod structure;

pub use structure::Texts;
pub(super) use structure::{Account, Errors, Login, Message, Phrase};

use crate::config::Language;

impl Texts {
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::TEXTS,
            Language::French => &french::TEXTS,
        }
    }
}
