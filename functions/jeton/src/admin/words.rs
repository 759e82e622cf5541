//! Command-line values that are words of an enum. Help and errors list the words.

use std::{ffi::OsStr, marker::PhantomData, str::FromStr};

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use shared::oauth::{Holder, Switch, Switches};
use strum::VariantArray;

/// A parser of a `T` that lists `words` in help and errors.
#[derive(Clone)]
pub struct Words<T> {
    words: Vec<&'static str>,
    parsed: PhantomData<fn() -> T>,
}

/// Parses a variant of `T`.
pub(super) fn one_of<T: VariantArray + Copy + Into<&'static str>>() -> Words<T> {
    Words { words: T::VARIANTS.iter().map(|variant| (*variant).into()).collect(), parsed: PhantomData }
}

/// Parses a list of compatibility switches.
pub fn switches() -> Words<Switches> {
    list_of(Switch::VARIANTS.iter().copied())
}

/// Parses a list of compatibility switches that clients can have.
pub(super) fn client_switches() -> Words<Switches> {
    list_of(Switches::of(Holder::Client).iter())
}

fn list_of(switches: impl Iterator<Item = Switch>) -> Words<Switches> {
    Words { words: switches.map(Into::into).chain(["none"]).collect(), parsed: PhantomData }
}

impl<T: FromStr + Clone + Send + Sync + 'static> TypedValueParser for Words<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        if let Some(parsed) = value.to_str().and_then(|value| value.parse().ok()) {
            return Ok(parsed);
        }
        let unknown = PossibleValuesParser::new(&self.words).parse_ref(command, arg, value);
        Err(unknown.err().unwrap_or_else(|| clap::Error::new(ErrorKind::InvalidValue)))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().map(PossibleValue::new)))
    }
}
