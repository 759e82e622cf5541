//! `template.yaml`: the policies of its functions, and the conditions that they depend on.

use std::collections::{BTreeMap, BTreeSet};

use shared::{config::Config, oauth::Switch};
use yaml_rust2::{Yaml, YamlLoader};

use super::{Policies, Right};

const TEMPLATE: &str = include_str!("../../../template.yaml");

impl Policies {
    /// Returns the policies of the template.
    pub(super) fn of_template() -> Self {
        let template = YamlLoader::load_from_str(TEMPLATE).unwrap().remove(0);
        let (mut routes, mut rights, mut kms) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for resource in template["Resources"].as_hash().unwrap().values() {
            if resource["Type"].as_str() != Some("AWS::Serverless::Function") {
                continue;
            }
            let function = text(&resource["Metadata"]["BuildProperties"]["Binary"]);
            let if_function = resource["Condition"].as_str();
            let events = resource["Properties"]["Events"].as_hash();
            for event in events.into_iter().flat_map(|events| events.values()) {
                routes.insert(text(&event["Properties"]["Path"]), function.clone());
            }
            // A function without a route is known by its name.
            if events.is_none() {
                routes.insert(function.clone(), function.clone());
            }
            for policy in resource["Properties"]["Policies"].as_vec().into_iter().flatten() {
                let (if_policy, policy) = conditional(policy);
                for statement in policy["Statement"].as_vec().unwrap() {
                    let (if_statement, statement) = conditional(statement);
                    let condition = if_statement.or(if_policy).or(if_function);
                    if texts(&statement["Action"]).iter().any(|action| action.starts_with("kms:")) {
                        kms.push(granted_in_kms(&function, statement, condition));
                    } else {
                        rights.extend(granted(&function, statement, condition));
                    }
                }
            }
        }
        Self { routes, rights, kms }
    }
}

/// Returns the switches that parameters of the template can permit: those in the list `Compat`, and those that are a
/// parameter of their own.
pub fn permitted_by_template() -> Vec<String> {
    let template = YamlLoader::load_from_str(TEMPLATE).unwrap().remove(0);
    let pattern = text(&template["Parameters"]["Compat"]["AllowedPattern"]);
    let listed = pattern.trim_start_matches("^(").trim_end_matches(")$").split('|');
    let joined = &template["Globals"]["Function"]["Environment"]["Variables"]["JETON_COMPAT"][1];
    let own = joined.as_vec().unwrap().iter().filter_map(|part| conditional(part).1.as_str());
    listed.filter(|word| *word != "none").chain(own).map(ToOwned::to_owned).collect()
}

/// Returns the conditions of the template that hold for a deployment with this configuration.
pub fn conditions(config: &Config) -> BTreeSet<&'static str> {
    let all = [
        ("HasRegistration", config.registration.is_open()),
        ("HasOpenId", config.signing_keys.is_on()),
        ("HasPasswordGrant", config.compat.has(Switch::Password)),
        ("HasBasicUser", config.compat.has(Switch::BasicUser)),
        (
            "AuthorizerReadsClients",
            config.compat.has(Switch::BasicClient) || config.compat.has(Switch::QueryClient),
        ),
        ("HasUserExpire", config.compat.has(Switch::UserExpire)),
        ("HasUsergridRevoke", config.compat.has(Switch::UsergridRevoke)),
        (
            "AccountFindsUsers",
            config.compat.has(Switch::UserExpire) || config.compat.has(Switch::UsergridRevoke),
        ),
    ];
    all.into_iter().filter_map(|(condition, holds)| holds.then_some(condition)).collect()
}

/// Splits `!If [CONDITION, value, !Ref AWS::NoValue]`. Any other value has no condition.
fn conditional(yaml: &Yaml) -> (Option<&str>, &Yaml) {
    match yaml.as_vec().map(Vec::as_slice) {
        Some([condition, then, _]) => (condition.as_str(), then),
        _ => (None, yaml),
    }
}

fn granted(function: &str, statement: &Yaml, condition: Option<&str>) -> Vec<Right> {
    let Limits { keys, attributes, returns } = Limits::of(&statement["Condition"]);
    let mut rights = Vec::new();
    for action in texts(&statement["Action"]) {
        let action = action.strip_prefix("dynamodb:").expect("an action of DynamoDB").to_owned();
        for resource in texts(&statement["Resource"]) {
            // `!GetAtt TokensTable.Arn`, or `!Sub ${TokensTable.Arn}/index/by_user`.
            let resource = resource.replace("${", "").replace('}', "").replace(".Arn", "");
            for keys in &keys {
                rights.extend(attributes.iter().map(|attribute| Right {
                    function: function.to_owned(),
                    statement: text(&statement["Sid"]),
                    action: action.clone(),
                    resource: resource.clone(),
                    keys: keys.clone(),
                    attribute: attribute.clone(),
                    returns: returns.clone(),
                    condition: condition.map(ToOwned::to_owned),
                }));
            }
        }
    }
    rights
}

/// Returns the rights in a statement about KMS as text.
fn granted_in_kms(function: &str, statement: &Yaml, condition: Option<&str>) -> String {
    let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
    let operators = statement["Condition"].as_hash().into_iter().flatten();
    let tests = operators.flat_map(|(operator, tests)| {
        let values = tests.as_hash().unwrap().iter();
        values.map(|(key, value)| format!("{} {} {}", text(key), text(operator), texts(value).join("|")))
    });
    let tests: Vec<_> = tests.collect();
    let condition = condition.unwrap_or("always");
    format!("{condition}: {function} may {actions:?} with {resources:?} if {}", tests.join(" and "))
}

/// The limits in the condition of a statement.
struct Limits {
    keys: Vec<String>,
    attributes: Vec<Option<String>>,
    returns: Option<BTreeSet<String>>,
}

impl Limits {
    fn of(condition: &Yaml) -> Self {
        let mut limits = Self { keys: vec!["*".to_owned()], attributes: vec![None], returns: None };
        for (operator, tests) in condition.as_hash().into_iter().flatten() {
            for (key, values) in tests.as_hash().unwrap() {
                match (text(operator).as_str(), text(key).as_str()) {
                    ("ForAllValues:StringLike", "dynamodb:LeadingKeys") => limits.keys = texts(values),
                    ("ForAllValues:StringEquals", "dynamodb:Attributes") => {
                        limits.attributes = texts(values).into_iter().map(Some).collect();
                    }
                    ("StringEqualsIfExists", "dynamodb:ReturnValues") => {
                        limits.returns = Some(texts(values).into_iter().collect());
                    }
                    other => panic!("{other:?}: how does IAM evaluate it?"),
                }
            }
        }
        limits
    }
}

fn text(yaml: &Yaml) -> String {
    yaml.as_str().unwrap_or_else(|| panic!("{yaml:?} is no text")).to_owned()
}

/// Returns a text, or a list of texts, as a list.
fn texts(yaml: &Yaml) -> Vec<String> {
    yaml.as_vec().map_or_else(|| vec![text(yaml)], |list| list.iter().map(text).collect())
}
