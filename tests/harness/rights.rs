//! The policies of `template.yaml`, evaluated as IAM would.
//!
//! In the tests all functions share one process. [`TellRoute`] adds the route to each of their requests, and the proxy
//! before DynamoDB denies requests that the policy of that route's function does not allow.

mod request;
mod tell_route;
mod template;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::LazyLock,
};

use serde_json::{Value, json};

use request::requirements;

pub use tell_route::TellRoute;
pub use template::{conditions, permitted_by_template};

/// The header with the route that a request was made for.
pub const ROUTE: &str = "x-jeton-route";

/// What the template grants.
pub static POLICIES: LazyLock<Policies> = LazyLock::new(Policies::of_template);

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

/// The routes and rights of all functions.
pub struct Policies {
    routes: BTreeMap<String, String>,
    rights: BTreeSet<Right>,
    /// The rights to use keys in KMS, as text: no proxy stands before KMS.
    kms: Vec<String>,
}

impl Policies {
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

    /// Returns the functions that have a route.
    pub fn functions(&self) -> BTreeSet<&str> {
        self.routes.iter().filter(|(path, _)| path.starts_with('/')).map(|(_, name)| name.as_str()).collect()
    }

    /// Returns the function of a route.
    pub fn function(&self, route: &str) -> Option<&str> {
        self.routes.get(route).map(String::as_str)
    }

    /// Returns the rights that allow a request for `route` where `conditions` are true. The error is the part of the request
    /// that no right allows.
    pub fn check(
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

    /// Returns whether this operation on the item of `table` with this key is allowed for `route` where `conditions` are
    /// true.
    pub fn allows(&self, route: &str, operation: &str, table: &str, key: &str, conditions: &[&str]) -> bool {
        let (table, key) = (format!("test-{table}"), json!({ "pk": { "S": key } }));
        let request = match operation {
            "BatchGetItem" => json!({ "RequestItems": { table: { "Keys": [key] } } }),
            "PutItem" => json!({ "TableName": table, "Item": key }),
            _ => json!({ "TableName": table, "Key": key }),
        };
        self.check(route, operation, &request, &conditions.iter().copied().collect()).is_ok()
    }
}
