//! The rights that a request to DynamoDB needs.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use super::Right;

/// What a request needs of one table. IAM decides on it as a whole: `ForAllValues` must be true of all keys and attributes
/// within one statement, or the statement does not apply.
#[derive(Debug)]
pub struct Requirement {
    pub action: String,
    pub resource: String,
    keys: Vec<String>,
    /// The attributes in the request. A read without attributes returns all of them, and IAM does not see them.
    attributes: BTreeSet<String>,
    /// The request's `ReturnValues`.
    returned: Option<String>,
}

impl Requirement {
    /// Returns the rights in `statement` that it takes, if they cover all of it.
    pub fn granted_by(&self, statement: &[&Right]) -> Option<BTreeSet<Right>> {
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

/// Returns the requirements that IAM checks for a request.
pub fn requirements(operation: &str, request: &Value) -> Vec<Requirement> {
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
