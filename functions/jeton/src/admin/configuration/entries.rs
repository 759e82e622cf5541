//! The entries of a mapping in the file, each with the place of its key.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_saphyr::{Location, Spanned};

/// The entries of a mapping, in the order of the file. A key may be there twice: the reader of the file finds that, and names
/// both places.
#[derive(Debug)]
pub(in crate::admin) struct Entries<K, V>(pub(super) Vec<(Spanned<K>, V)>);

impl<K, V> FromIterator<(K, V)> for Entries<K, V> {
    /// Returns entries to write, which have no place.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let placeless = |key| Spanned::new(key, Location::UNKNOWN, Location::UNKNOWN);
        Self(entries.into_iter().map(|(key, value)| (placeless(key), value)).collect())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (&key.value, value)))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
    type Value = Entries<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
