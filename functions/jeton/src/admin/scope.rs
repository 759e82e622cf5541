//! `jeton scope …`

use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::{
    audit::Event,
    description::{Description, NotDescribable},
    language::Language,
};

use super::{Admin, Error, output::columns};

/// What can be done with scope values.
#[derive(Debug, Subcommand)]
pub enum ScopeCommand {
    /// Say what a scope value means; the consent page shows it to people
    Describe {
        /// The scope value
        value: String,
        /// What it means: one line of 1 to 200 characters, like "See your photos"
        text: String,
        /// The language of the text: `en`, `fr`
        #[arg(long, value_name = "TAG", default_value_t = Language::English)]
        language: Language,
    },
    /// List what scope values mean
    List,
    /// Forget what a scope value means, in every language: people are shown the value itself
    Forget {
        /// The scope value
        value: String,
    },
}

impl From<NotDescribable> for Error {
    fn from(error: NotDescribable) -> Self {
        Self::Usage(error.to_string())
    }
}

impl ScopeCommand {
    /// Does it.
    pub async fn run(self, admin: &Admin) -> Result<(), Error> {
        match self {
            Self::Describe { value, text, language } => describe(admin, &value, &text, language).await,
            Self::List => list(admin).await,
            Self::Forget { value } => forget(admin, &value).await,
        }
    }
}

async fn describe(admin: &Admin, value: &str, text: &str, language: Language) -> Result<(), Error> {
    admin.app.descriptions.describe(&Description::new(value, language, text)?).await?;
    changed(admin, value, "described");
    let json = json!({ "scope": value, "language": language, "description": text });
    admin.print(&json, &format!("People are told that {value} means: {text}"))
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

async fn forget(admin: &Admin, value: &str) -> Result<(), Error> {
    if !admin.app.descriptions.forget(value).await? {
        return Err(Error::NotFound(format!("nobody has said what {value} means")));
    }
    changed(admin, value, "forgotten");
    admin.print(
        &json!({ "scope": value, "forgotten": true }),
        &format!("People are shown {value} as it is written."),
    )
}

fn changed(admin: &Admin, scope: &str, change: &'static str) {
    admin.audit(Event::ScopeChanged { scope, change });
}

fn json_of(description: &Description) -> Value {
    let texts = description.texts().map(|(tag, text)| (tag.to_owned(), json!(text)));
    json!({ "scope": description.value, "descriptions": Value::Object(texts.collect::<Map<_, _>>()) })
}
