//! The JSON Schema of the file.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Value, json};
use shared::{
    clients::Description,
    config::Language,
    oauth::{Holder, Switches},
    users::UserName,
};
use strum::VariantArray;

use super::{ClientProperties, Configuration};

/// The file beside the configuration in which editors look for the schema.
pub(in crate::admin) const SCHEMA_FILE: &str = "jeton.schema.json";

/// Returns the JSON Schema (draft 2020-12).
pub(crate) fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Configuration>().to_value();
    if let Some(members) = schema.as_object_mut() {
        members.insert("title".to_owned(), json!("Jeton configuration"));
    }
    schema
}

/// A list of words of `T`.
pub(super) fn words<T: VariantArray + Copy + Into<&'static str>>(_: &mut SchemaGenerator) -> Schema {
    list_of(T::VARIANTS.iter().map(|word| (*word).into()))
}

pub(super) fn client_switches(_: &mut SchemaGenerator) -> Schema {
    list_of(Switches::of(Holder::Client).iter().map(Into::into))
}

fn list_of(words: impl Iterator<Item = &'static str>) -> Schema {
    let words: Vec<_> = words.collect();
    json_schema!({ "type": "array", "items": { "enum": words }, "uniqueItems": true })
}

pub(super) fn clients(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Option::<BTreeMap<String, ClientProperties>>::json_schema(generator);
    let form = json!({ "pattern": "^(?!d-)[A-Za-z0-9_-]{1,22}$" });
    schema.insert("propertyNames".to_owned(), form);
    schema
}

pub(super) fn scopes(_: &mut SchemaGenerator) -> Schema {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": Description::MOST_CHARACTERS });
    let texts: BTreeMap<_, _> = Language::VARIANTS.iter().map(|language| (language.tag(), &text)).collect();
    json_schema!({
        "type": ["object", "null"],
        "additionalProperties": {
            "type": "object",
            "properties": texts,
            "additionalProperties": false,
            "minProperties": 1,
        },
    })
}

pub(super) fn roles(_: &mut SchemaGenerator) -> Schema {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": UserName::MOST_BYTES });
    json_schema!({
        "type": ["object", "null"],
        "propertyNames": { "pattern": "^[a-z0-9-]{1,32}$" },
        "additionalProperties": { "type": "array", "items": name },
    })
}
