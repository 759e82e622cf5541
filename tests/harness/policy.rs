//! IAM's evaluation of a policy that the authorizer returns to a REST API.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    statement: Vec<Statement>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: String,
    effect: String,
    resource: Vec<String>,
}

impl Policy {
    /// Returns whether the policy allows `arn`: a statement allows it, and none denies it.
    pub fn opens(&self, arn: &str) -> bool {
        let any = |effect| {
            let such = self.statement.iter().filter(|statement| statement.effect == effect);
            such.filter(|statement| statement.action == "execute-api:Invoke")
                .flat_map(|statement| &statement.resource)
                .any(|pattern| matches(pattern.as_bytes(), arn.as_bytes()))
        };
        any("Allow") && !any("Deny")
    }
}

/// Returns whether `pattern` matches `text`. `*` matches any characters, `?` any one; a slash is a character like any
/// other.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', pattern @ ..], text) => {
            (0..=text.len()).any(|skipped| matches(pattern, text.get(skipped..).unwrap_or_default()))
        }
        ([b'?', pattern @ ..], [_, text @ ..]) => matches(pattern, text),
        ([wanted, pattern @ ..], [byte, text @ ..]) => wanted == byte && matches(pattern, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str], denied: &[&str]) -> Policy {
        let statement = |effect, resource: &[&str]| serde_json::json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource });
        let statements = [statement("Allow", allowed), statement("Deny", denied)];
        serde_json::from_value(serde_json::json!({ "Statement": statements })).unwrap()
    }

    #[test]
    fn an_asterisk_matches_slashes_too() {
        let opens = |pattern| policy(&[pattern], &[]).opens("api/GET/orders/17/refunds");
        assert!(opens("api/GET/orders/*") && opens("*") && opens("api/GET/orders/??/refunds"));
        assert!(!opens("api/GET/orders/17") && !opens("api/POST/*") && !opens("api/GET/orders/?/refunds"));
    }

    #[test]
    fn a_denial_takes_precedence_and_no_statement_is_a_denial() {
        assert!(policy(&["a", "b"], &["c"]).opens("a"));
        assert!(!policy(&["a"], &["a"]).opens("a"));
        assert!(!policy(&[], &[]).opens("a"));
    }
}
