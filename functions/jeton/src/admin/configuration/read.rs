//! Reading of configuration files: each declaration with its place, and no key twice.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    rc::Rc,
};

use serde::Deserialize as _;
use serde_path_to_error::{Segment, Track};
use serde_saphyr::{
    DefaultMessageFormatter, DuplicateKeyPolicy, Error as YamlError, MessageFormatter as _, Spanned,
};
use shared::{
    config::Language,
    oauth::{ClientId, ResourceUri},
    status::Role,
    users::UserName,
};

use super::{ClientProperties, Configuration, Entries, Kind, ResourceProperties};
use crate::admin::output::printable;

/// The most bytes in a file. 1,000 clients need about 300,000.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// A line of a file.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Place {
    file: Rc<Path>,
    line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// A declaration, with its name and the place of its key.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Placed<T> {
    pub(in crate::admin) value: T,
    /// The kind and the key.
    name: String,
    place: Place,
}

/// All declarations of one kind. `None`: no file manages the kind.
type Declarations<K, T> = Option<BTreeMap<K, Placed<T>>>;

/// The declarations of all files together.
#[derive(Debug, Default)]
pub(in crate::admin) struct Declared {
    pub(in crate::admin) resources: Declarations<ResourceUri, ResourceProperties>,
    pub(in crate::admin) scopes: Declarations<String, BTreeMap<Language, String>>,
    pub(in crate::admin) clients: Declarations<ClientId, ClientProperties>,
    pub(in crate::admin) roles: Declarations<Role, Vec<UserName>>,
}

/// The reason why files cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum InvalidFile {
    #[error("{}: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{place}: {message}")]
    Malformed { place: String, message: String },
    #[error("{place}: unknown field {field:?}{hint}")]
    UnknownField { place: String, field: String, hint: String },
    #[error("{name} is in the files twice: {first} and {second}")]
    Twice { name: String, first: String, second: String },
    #[error("{place}: {name}: {reason}")]
    Declaration { place: String, name: String, reason: String },
}

impl<T> Placed<T> {
    /// Returns the error of this declaration.
    pub(in crate::admin) fn invalid(&self, reason: impl fmt::Display) -> InvalidFile {
        let (place, name) = (self.place.to_string(), self.name.clone());
        InvalidFile::Declaration { place, name, reason: reason.to_string() }
    }
}

/// Reads the files, and merges their declarations.
pub(in crate::admin) fn read(files: &[PathBuf]) -> Result<Declared, InvalidFile> {
    let mut all = Declared::default();
    for file in files {
        let Configuration { resources, scopes, clients, roles } = parse(file)?;
        let file: Rc<Path> = Rc::from(file.as_path());
        merge(Kind::Resource, &mut all.resources, resources, &file)?;
        merge(Kind::Scope, &mut all.scopes, scopes.map(|all| texts(all, &file)).transpose()?, &file)?;
        merge(Kind::Client, &mut all.clients, clients, &file)?;
        merge(Kind::Role, &mut all.roles, roles, &file)?;
    }
    Ok(all)
}

/// Returns the text of a file, and stops reading one that is too long.
fn text(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let length = File::open(file)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if length as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("a file has {MOST_BYTES} bytes at most")));
    }
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Parses a file. JSON is YAML, too.
fn parse(file: &Path) -> Result<Configuration, InvalidFile> {
    let text = text(file).map_err(|error| InvalidFile::Unreadable { file: file.to_owned(), error })?;
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
    };
    let mut track = Track::new();
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(&text, options, |deserializer| {
        Configuration::deserialize(serde_path_to_error::Deserializer::new(deserializer, &mut track))
    });
    let path = track.path();
    parsed.map_err(|error| match error.without_snippet() {
        YamlError::SerdeUnknownField { field, expected, location } => InvalidFile::UnknownField {
            place: format!("{}:{}", file.display(), location.line()),
            field: field.clone(),
            hint: hint(field, expected),
        },
        error => InvalidFile::Malformed {
            place: match error.location() {
                Some(at) => format!("{}:{}:{}", file.display(), at.line(), at.column()),
                None => file.display().to_string(),
            },
            message: message(error, &path),
        },
    })
}

/// Returns what is wrong with the value at `path`, and what it must be. The path has no keys of [`Entries`].
fn message(error: &YamlError, path: &serde_path_to_error::Path) -> String {
    let field = match path.iter().rfind(|segment| !matches!(segment, Segment::Seq { .. })) {
        Some(Segment::Map { key }) => format!("{}: ", printable(key)),
        _ => String::new(),
    };
    let message = DefaultMessageFormatter.format_message(error);
    match error {
        YamlError::InvalidScalar { ty: "u32", .. } => {
            format!("{field}expected a whole number of seconds, such as `{field}600`")
        }
        YamlError::Unexpected { expected: "sequence start", .. } => {
            format!("{field}expected a list, such as `{field}[one, two]`")
        }
        YamlError::InvalidScalar { ty: "bool", .. } | YamlError::InvalidBooleanStrict { .. } => {
            format!("{field}expected true or false")
        }
        // These name their field.
        YamlError::SerdeMissingField { .. } => message.into_owned(),
        _ if message.starts_with("duplicate field") => message.into_owned(),
        _ => format!("{field}{message}"),
    }
}

/// Returns the end of a sentence about an unknown field: the nearest field, or all of them.
fn hint(field: &str, expected: &[&'static str]) -> String {
    let distance = |known: &&&str| strsim::damerau_levenshtein(field, known);
    match expected.iter().min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= nearest.len() / 3 => format!("; did you mean {nearest:?}?"),
        _ => format!("; the fields are {}", expected.join(", ")),
    }
}

fn merge<K: Ord + fmt::Display, T>(
    kind: impl fmt::Display,
    all: &mut Declarations<K, T>,
    more: Option<Entries<K, T>>,
    file: &Rc<Path>,
) -> Result<(), InvalidFile> {
    let Some(more) = more else { return Ok(()) };
    let all = all.get_or_insert_default();
    for (Spanned { value: key, referenced, .. }, value) in more.0 {
        let place = Place { file: Rc::clone(file), line: referenced.line() };
        let name = format!("{kind} {}", printable(&key));
        match all.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Placed { value, name, place });
            }
            Entry::Occupied(entry) => {
                let (first, second) = (entry.get().place.to_string(), place.to_string());
                return Err(InvalidFile::Twice { name, first, second });
            }
        }
    }
    Ok(())
}

/// Returns the scope values with their texts, each language once.
fn texts(
    scopes: Entries<String, Entries<Language, String>>,
    file: &Rc<Path>,
) -> Result<Entries<String, BTreeMap<Language, String>>, InvalidFile> {
    let texts = |(value, texts)| {
        let mut all = None;
        merge("language", &mut all, Some(texts), file)?;
        let all = all.unwrap_or_default().into_iter();
        Ok((value, all.map(|(language, text)| (language, text.value)).collect()))
    };
    Ok(Entries(scopes.0.into_iter().map(texts).collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_answered_with_the_nearest_or_with_all() {
        let known = ["redirect_uris", "scope", "name"];
        assert_eq!(hint("redirect_uri", &known), "; did you mean \"redirect_uris\"?");
        assert_eq!(hint("redirects", &known), "; did you mean \"redirect_uris\"?");
        assert_eq!(hint("x", &known), "; the fields are redirect_uris, scope, name");
    }
}
