//! The tables: keys, index, expiry, backups and deletion protection, as the template makes them.

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        KeySchemaElement, KeyType, PointInTimeRecoveryStatus, ProjectionType, TableDescription, TableStatus,
        TimeToLiveStatus,
    },
};
use shared::dynamodb::{
    KEY,
    schema::{BY_USER, TTL},
};

use super::check::Check;
use crate::admin::connection::Admin;

/// What the template says about a table.
struct Expected<'a> {
    name: &'a str,
    /// The environment variable that names the table.
    variable: &'static str,
    has_index: bool,
    expires: bool,
    is_backed_up: bool,
}

pub(super) async fn checks(admin: &Admin) -> Vec<Check> {
    let (client, names) = (admin.app.clients.table().client(), &admin.app.config.tables);
    let expected = [
        Expected {
            name: &names.tokens,
            variable: "JETON_TOKENS_TABLE",
            has_index: true,
            expires: true,
            is_backed_up: false,
        },
        Expected {
            name: &names.clients,
            variable: "JETON_CLIENTS_TABLE",
            has_index: false,
            expires: true,
            is_backed_up: true,
        },
        Expected {
            name: &names.users,
            variable: "JETON_USERS_TABLE",
            has_index: false,
            expires: false,
            is_backed_up: true,
        },
    ];
    let mut checks = Vec::new();
    for table in &expected {
        checks.extend(table.check(client).await);
    }
    checks
}

impl Expected<'_> {
    async fn check(&self, client: &Client) -> Vec<Check> {
        let about = format!("table {}", self.name);
        let described = match client.describe_table().table_name(self.name).send().await {
            Ok(response) => response.table,
            Err(error) => return vec![self.undescribed(about, &error)],
        };
        let Some(described) = described else {
            return vec![Check::failure(about, "DynamoDB describes no table")];
        };
        let mut checks = vec![Self::shape(about, &described)];
        if self.has_index {
            checks.push(self.index(&described));
        }
        checks.push(self.expiry(client).await);
        if self.is_backed_up {
            checks.push(self.backups(client).await);
        }
        let protection = format!("deletion protection of {}", self.name);
        checks.push(if described.deletion_protection_enabled == Some(true) {
            Check::ok(protection, "on")
        } else {
            Check::warning(
                protection,
                "off: set the parameter KeepTables, so that no mistake deletes the table",
            )
        });
        checks
    }

    fn undescribed<E: ProvideErrorMetadata, R>(&self, about: String, error: &SdkError<E, R>) -> Check {
        match code(error) {
            Some("ResourceNotFoundException") => {
                let variable = self.variable;
                Check::failure(
                    about,
                    format!(
                        "there is no such table: check {variable}, the account (AWS_PROFILE) and the region (AWS_REGION)"
                    ),
                )
            }
            Some(denied) if is_denied(denied) => {
                Check::warning(about, "cannot tell: you may not describe the table (dynamodb:DescribeTable)")
            }
            code => Check::failure(about, format!("DescribeTable failed: {}", code.unwrap_or("no response"))),
        }
    }

    fn shape(about: String, described: &TableDescription) -> Check {
        match &described.table_status {
            Some(TableStatus::Active | TableStatus::Updating) | None => {}
            Some(status) => return Check::failure(about, format!("is not ready: {status}")),
        }
        if is_key(described.key_schema(), &[(KEY, KeyType::Hash)]) {
            Check::ok(about, "exists, with the key that Jeton needs")
        } else {
            Check::failure(
                about,
                format!("has another key than {KEY}: it is not a table of Jeton's template"),
            )
        }
    }

    fn index(&self, described: &TableDescription) -> Check {
        let about = format!("index {} of {}", BY_USER.name, self.name);
        let index = described.global_secondary_indexes().iter();
        let Some(index) = index.into_iter().find(|index| index.index_name() == Some(BY_USER.name)) else {
            return Check::failure(
                about,
                "is missing: deploy the template again; users' sessions and grants cannot be listed",
            );
        };
        let projection = index.projection().and_then(|projection| projection.projection_type());
        let key = [(BY_USER.attribute, KeyType::Hash), (KEY, KeyType::Range)];
        if !is_key(index.key_schema(), &key) {
            Check::failure(about, format!("has another key than {} and {KEY}", BY_USER.attribute))
        } else if projection != Some(&ProjectionType::KeysOnly) {
            Check::warning(about, "contains more than keys: each write of a grant costs more than it must")
        } else {
            Check::ok(about, "exists, with keys only")
        }
    }

    async fn expiry(&self, client: &Client) -> Check {
        let about = format!("expiry (TTL) of {}", self.name);
        let response = match client.describe_time_to_live().table_name(self.name).send().await {
            Ok(response) => response,
            Err(error) => return cannot_tell(about, "DescribeTimeToLive", &error),
        };
        let described = response.time_to_live_description;
        let is_on = described.as_ref().is_some_and(|described| {
            let on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
            described.time_to_live_status().is_some_and(|status| on.contains(status))
        });
        let attribute = described.as_ref().and_then(|described| described.attribute_name());
        match (self.expires, is_on, attribute) {
            (true, true, Some(TTL)) => Check::ok(about, "on"),
            (false, false, _) => Check::ok(about, "off, because nothing in the table expires"),
            (true, ..) => Check::failure(
                about,
                format!(
                    "is not on for the attribute {TTL}: deploy the template again, or expired items stay for ever"
                ),
            ),
            (false, true, _) => {
                Check::failure(about, "is on, but nothing in the table may expire: turn it off")
            }
        }
    }

    async fn backups(&self, client: &Client) -> Check {
        let about = format!("point-in-time recovery of {}", self.name);
        let response = match client.describe_continuous_backups().table_name(self.name).send().await {
            Ok(response) => response,
            Err(error) => return cannot_tell(about, "DescribeContinuousBackups", &error),
        };
        let described = response.continuous_backups_description;
        let recovery = described.and_then(|described| described.point_in_time_recovery_description);
        match recovery.and_then(|recovery| recovery.point_in_time_recovery_status) {
            Some(PointInTimeRecoveryStatus::Enabled) => Check::ok(about, "on"),
            _ => Check::failure(about, "is off: deploy the template again, or a deleted item is lost"),
        }
    }
}

/// Returns whether a key has these attributes, in this order.
fn is_key(schema: &[KeySchemaElement], expected: &[(&str, KeyType)]) -> bool {
    let is_same = |(element, (name, kind)): (&KeySchemaElement, &(&str, KeyType))| {
        element.attribute_name() == *name && element.key_type() == kind
    };
    schema.len() == expected.len() && schema.iter().zip(expected).all(is_same)
}

/// Returns the warning that a request failed, so that the check tells nothing. DynamoDB Local has no backups, for example.
fn cannot_tell<E: ProvideErrorMetadata, R>(about: String, operation: &str, error: &SdkError<E, R>) -> Check {
    let reason = match code(error) {
        Some(denied) if is_denied(denied) => format!("you lack the right dynamodb:{operation}"),
        Some("UnknownOperationException") => format!("this DynamoDB has no {operation}"),
        Some(code) => format!("{operation} failed with {code}"),
        None => format!("{operation} got no response"),
    };
    Check::warning(about, format!("cannot tell: {reason}"))
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn is_denied(code: &str) -> bool {
    code.starts_with("AccessDenied")
}
