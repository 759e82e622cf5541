//! The policies of `template.yaml`, evaluated as IAM would.
//!
//! In the tests all functions share one process. [`TellRoute`] adds the route to each of their requests, and the proxy
//! before DynamoDB denies requests that the policy of that route's function does not allow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::LazyLock,
};

use aws_sdk_dynamodb::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut,
};
use jeton::local::running;
use serde_json::Value;
use shared::{config::Config, oauth::Switch};
use yaml_rust2::{Yaml, YamlLoader};

/// The header with the route that a request was made for.
pub const ROUTE: &str = "x-jeton-route";

/// What the template grants.
pub static POLICIES: LazyLock<Policies> = LazyLock::new(|| Policies::of(TEMPLATE));

const TEMPLATE: &str = include_str!("../../template.yaml");

/// One right of one function: an action on a table or an index, limited to keys and to one attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    pub function: String,
    /// The `Sid` of the statement.
    statement: String,
    action: String,
    resource: String,
    /// A key, or, with `*` at the end, a prefix.
    keys: String,
    /// `None`: every attribute.
    attribute: Option<String>,
    /// What an update may return (`dynamodb:ReturnValues`). `None`: anything.
    returns: Option<BTreeSet<String>>,
    /// The condition of the template that the right depends on.
    condition: Option<String>,
}

impl Right {
    fn covers(&self, key: &str) -> bool {
        self.keys.strip_suffix('*').map_or_else(|| key == self.keys, |start| key.starts_with(start))
    }

    fn names(&self, attribute: &str) -> bool {
        self.attribute.as_ref().is_none_or(|named| named == attribute)
    }

    /// Returns whether a request with this value is allowed (`StringEqualsIfExists`): without the value it is.
    fn allows_returning(&self, returned: Option<&str>) -> bool {
        match (&self.returns, returned) {
            (Some(values), Some(returned)) => values.contains(returned),
            _ => true,
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attribute =
            self.attribute.as_ref().map(|attribute| format!("{attribute} of ")).unwrap_or_default();
        write!(f, "{} may {} {attribute}{} of {}", self.function, self.action, self.keys, self.resource)
    }
}

/// What a request needs of one table. IAM decides on it as a whole: `ForAllValues` must be true of all keys and attributes
/// within one statement, or the statement does not apply.
#[derive(Debug)]
struct Requirement {
    action: String,
    resource: String,
    keys: Vec<String>,
    /// The attributes in the request. A read without attributes returns all of them, and IAM does not see them.
    attributes: BTreeSet<String>,
    /// The request's `ReturnValues`.
    returned: Option<String>,
}

impl Requirement {
    /// Returns the rights in `statement` that it takes, if they cover all of it.
    fn granted_by(&self, statement: &[&Right]) -> Option<BTreeSet<Right>> {
        let returning = || statement.iter().filter(|right| right.allows_returning(self.returned.as_deref()));
        let mut used = BTreeSet::new();
        for key in &self.keys {
            let covering: Vec<&Right> = returning().copied().filter(|right| right.covers(key)).collect();
            used.insert((*covering.first()?).clone());
            for attribute in &self.attributes {
                let named = covering.iter().find(|right| right.names(attribute))?;
                used.insert((*named).clone());
            }
        }
        Some(used)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.action, self.keys.join(" and "), self.resource)?;
        match self.action.as_str() {
            "UpdateItem" => {
                let attributes: Vec<_> = self.attributes.iter().map(String::as_str).collect();
                write!(f, ", naming {}", attributes.join(", "))
            }
            _ => Ok(()),
        }
    }
}

/// The routes and rights of all functions.
pub struct Policies {
    routes: BTreeMap<String, String>,
    rights: BTreeSet<Right>,
    /// The rights to use keys in KMS, as text: no proxy stands before KMS.
    kms: Vec<String>,
}

impl Policies {
    fn of(template: &str) -> Self {
        let template = YamlLoader::load_from_str(template).unwrap().remove(0);
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

    /// Returns the rights to use keys in KMS.
    pub fn kms(&self) -> &[String] {
        &self.kms
    }

    /// Returns every right of every function.
    pub const fn rights(&self) -> &BTreeSet<Right> {
        &self.rights
    }

    /// Returns the routes of every function with rights.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        let has_rights = |function: &str| self.rights.iter().any(|right| right.function == function);
        self.routes.iter().filter(move |(_, function)| has_rights(function)).map(|(path, _)| path.as_str())
    }

    /// Returns the rights that allow a request for `route` where `conditions` are true. The error is the part of the request
    /// that no right allows.
    pub fn judge(
        &self,
        route: &str,
        operation: &str,
        request: &Value,
        conditions: &BTreeSet<&str>,
    ) -> Result<BTreeSet<Right>, String> {
        let function = self.routes.get(route).ok_or_else(|| format!("the template has no route {route}"))?;
        let holds = |condition: &Option<String>| {
            condition.as_ref().is_none_or(|condition| conditions.contains(condition.as_str()))
        };
        let own = |right: &&Right| right.function == *function && holds(&right.condition);
        let mut used = BTreeSet::new();
        for requirement in requirements(operation, request) {
            let fitting =
                |right: &&Right| right.action == requirement.action && right.resource == requirement.resource;
            let mut statements: BTreeMap<&str, Vec<&Right>> = BTreeMap::new();
            for right in self.rights.iter().filter(own).filter(fitting) {
                statements.entry(&right.statement).or_default().push(right);
            }
            // The narrowest right counts as used: a wider one must be needed for something else.
            let mut statements: Vec<_> = statements.into_values().collect();
            let any_attribute =
                |statement: &[&Right]| statement.iter().any(|right| right.attribute.is_none());
            statements.sort_by_key(|statement| (any_attribute(statement), statement.len()));
            let granted = statements.iter().find_map(|statement| requirement.granted_by(statement));
            used.extend(granted.ok_or_else(|| format!("{function} may not {requirement}"))?);
        }
        Ok(used)
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
                    other => panic!("{other:?}: how does IAM judge by it?"),
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

/// Returns the requirements that IAM checks for a request.
fn requirements(operation: &str, request: &Value) -> Vec<Requirement> {
    let requirement = |action: &str, part: &Value, key: &Value| Requirement {
        action: action.to_owned(),
        resource: resource(part["TableName"].as_str().unwrap(), part["IndexName"].as_str()),
        keys: vec![key["pk"]["S"].as_str().unwrap_or_default().to_owned()],
        attributes: attributes(part),
        returned: part["ReturnValues"].as_str().map(ToOwned::to_owned),
    };
    match operation {
        "PutItem" => vec![requirement(operation, request, &request["Item"])],
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![requirement(operation, request, &request["Key"])],
        "Query" => {
            // Jeton's queries have one value: the hash key.
            let values = request["ExpressionAttributeValues"].as_object().unwrap();
            let key = values.values().find_map(|value| value["S"].as_str()).unwrap().to_owned();
            vec![Requirement { keys: vec![key], ..requirement(operation, request, &Value::Null) }]
        }
        "BatchGetItem" => {
            let tables = request["RequestItems"].as_object().unwrap().iter();
            let key = |key: &Value| key["pk"]["S"].as_str().unwrap().to_owned();
            let requirement = |(table, asked): (&String, &Value)| Requirement {
                action: operation.to_owned(),
                resource: resource(table, None),
                keys: asked["Keys"].as_array().unwrap().iter().map(key).collect(),
                attributes: attributes(asked),
                returned: None,
            };
            let mut requirements: Vec<_> = tables.map(requirement).collect();
            // AWS does not say whether each table's statement is held to that table's keys, or to all keys of the
            // request: what is granted must be so either way.
            let every: Vec<String> =
                requirements.iter().flat_map(|requirement| requirement.keys.clone()).collect();
            let strict = |requirement: &Requirement| Requirement {
                action: requirement.action.clone(),
                resource: requirement.resource.clone(),
                keys: every.clone(),
                attributes: requirement.attributes.clone(),
                returned: None,
            };
            if requirements.len() > 1 {
                requirements.extend(requirements.iter().map(strict).collect::<Vec<_>>());
            }
            requirements
        }
        // IAM decides on each of them separately.
        "TransactWriteItems" => {
            let items = request["TransactItems"].as_array().unwrap().iter();
            let parts = items.flat_map(|item| item.as_object().unwrap());
            let parts = parts.map(|(kind, part)| match kind.as_str() {
                "Put" => requirement("PutItem", part, &part["Item"]),
                kind => requirement(&format!("{kind}Item"), part, &part["Key"]),
            });
            parts.collect()
        }
        other => panic!("{other}: which rights does it take?"),
    }
}

/// Returns the attributes in the key, item and expressions of a request: the first part of each path, which is IAM's
/// `dynamodb:Attributes`.
fn attributes(request: &Value) -> BTreeSet<String> {
    let in_full = ["Key", "Item"].into_iter().filter_map(|part| request[part].as_object());
    let mut named: BTreeSet<String> = in_full.flat_map(|part| part.keys().cloned()).collect();
    for part in ["UpdateExpression", "ConditionExpression", "ProjectionExpression"] {
        let expression = request[part].as_str().unwrap_or_default();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "#:_.[]".contains(c);
        for word in expression.split(|c| !is_part(c)).filter(|word| !word.is_empty() && !is_language(word)) {
            let first = word.split(['.', '[']).next().unwrap();
            let name = request["ExpressionAttributeNames"][first].as_str().unwrap_or(first);
            named.insert(name.to_owned());
        }
    }
    named
}

/// Returns whether a word of an expression is not an attribute, but a value, a number or a keyword.
fn is_language(word: &str) -> bool {
    let own = [
        "SET",
        "REMOVE",
        "ADD",
        "DELETE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "size",
        "contains",
        "if_not_exists",
        "list_append",
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
    ];
    word.starts_with(':') || own.contains(&word)
}

/// Returns the template's name of a test's table or index.
fn resource(table: &str, index: Option<&str>) -> String {
    let kinds = [("tokens", "TokensTable"), ("clients", "ClientsTable"), ("users", "UsersTable")];
    let (_, name) = kinds.into_iter().find(|(end, _)| table.ends_with(end)).unwrap();
    index.map_or_else(|| name.to_owned(), |index| format!("{name}/index/{index}"))
}

/// An interceptor that adds the route of the running function to every request to DynamoDB.
#[derive(Debug)]
pub struct TellRoute;

impl Intercept for TellRoute {
    fn name(&self) -> &'static str {
        "TellRoute"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        if let Some(path) = running() {
            context.request_mut().headers_mut().insert(ROUTE, path);
        }
        Ok(())
    }
}
