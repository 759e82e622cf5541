//! `jeton scope …`

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::{
    audit::{Event, ScopeChange},
    clients::Description,
    config::Language,
};

use super::{
    connection::Admin,
    error::{Error, NotFound},
    output::columns,
    words::one_of,
};

#[derive(Debug, Subcommand)]
pub enum ScopeCommand {
    /// Describe a scope value; the consent page shows the description to users
    Describe {
        /// The scope value
        value: String,
        /// The description: one line of 1 to 200 characters, such as "See your photos"
        text: String,
        /// The language of the description
        #[arg(long, value_name = "TAG", default_value_t = Language::English, value_parser = one_of::<Language>())]
        language: Language,
    },
    /// List all descriptions
    List,
    /// Delete the description of a scope value in every language: users see the value itself
    Delete {
        /// The scope value
        value: String,
    },
}

impl ScopeCommand {
    pub(super) async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Describe { value, text, language } => describe(admin, &value, &text, language).await,
            Self::List => list(admin).await,
            Self::Delete { value } => delete(admin, &value).await,
        }
    }
}

async fn describe(admin: &Admin, value: &str, text: &str, language: Language) -> Result<(), Error> {
    admin.app.descriptions.describe(&Description::new(value, language, text)?).await?;
    audit(admin, value, ScopeChange::Described);
    let json = json!({ "scope": value, "language": language, "description": text });
    admin.print(&json, &format!("The consent page describes {value} as: {text}"))
}

async fn list(admin: &Admin) -> Result<(), Error> {
    let all = admin.app.descriptions.list().await?;
    let json: Value = all.iter().map(json_of).collect();
    let rows = all.iter().flat_map(|description| {
        let row = |(tag, text): (&str, &str)| [description.value.clone(), tag.to_owned(), text.to_owned()];
        description.texts().map(row)
    });
    admin.print(&json, &columns(["SCOPE", "LANGUAGE", "DESCRIPTION"], rows))
}

async fn delete(admin: &Admin, value: &str) -> Result<(), Error> {
    if !admin.app.descriptions.delete(value).await? {
        return Err(NotFound::Description(value.to_owned()).into());
    }
    audit(admin, value, ScopeChange::Deleted);
    admin.print(
        &json!({ "scope": value, "deleted": true }),
        &format!("The consent page shows {value} itself."),
    )
}

pub(super) fn audit(admin: &Admin, scope: &str, change: ScopeChange) {
    admin.audit(Event::ScopeChanged { scope, change });
}

fn json_of(description: &Description) -> Value {
    json!({ "scope": description.value, "descriptions": texts(description) })
}

/// Returns the text in each language, by the language's tag.
pub(super) fn texts(description: &Description) -> Value {
    let texts = description.texts().map(|(tag, text)| (tag.to_owned(), json!(text)));
    Value::Object(texts.collect::<Map<_, _>>())
}
