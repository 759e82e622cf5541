//! Command-line values: words of an enum, which help and errors list, and the options that several commands share.

use std::{ffi::OsStr, marker::PhantomData, str::FromStr};

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use shared::oauth::{Holder, InvalidResourceUri, InvalidScope, ResourceUri, Scope, Switch, Switches};
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

/// Parses a resource's URI. An error says the accepted spelling, if there is one.
pub(super) fn resource_uri(text: &str) -> Result<ResourceUri, String> {
    text.parse().map_err(|error: InvalidResourceUri| match ResourceUri::suggested(text) {
        Some(accepted) => format!("{error}. Did you mean {accepted}?"),
        None => error.to_string(),
    })
}

/// Returns the scope values of `--scope` options. One option may have several, as in a token request:
/// `--scope "read write"`.
pub(super) fn scope_values(options: &[String]) -> Vec<String> {
    options.iter().flat_map(|option| option.split(' ')).map(str::to_owned).collect()
}

/// Returns the scope of `--scope` options: see [`scope_values`].
pub(super) fn scope_of(options: &[String]) -> Result<Scope, InvalidScope> {
    Scope::of(scope_values(options).iter().map(String::as_str))
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
