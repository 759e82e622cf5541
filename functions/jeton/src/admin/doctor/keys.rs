//! The keys that sign ID tokens: whether one does, and whether applications find it.

use discovery::KEYS;
use serde_json::Value;
use shared::{config::SigningKeys, oauth::Issuer, openid::KeyList, time::Timestamp};

use super::{check::Check, issuer};
use crate::admin::connection::Admin;

/// Checks nothing where OpenID Connect was never on.
pub(super) async fn checks(admin: &Admin, issuer: Option<&Issuer>) -> Vec<Check> {
    let about = "signing keys";
    let list = match admin.app.signing_keys.read().await {
        Ok(list) => list,
        Err(error) => return vec![Check::unavailable(about, &error)],
    };
    let (deployed, now) = (&admin.app.config.signing_keys, admin.latest());
    if !deployed.is_on() {
        let message =
            "cannot tell whether one signs: set JETON_SIGNING_KEYS, as the stack's output Environment does";
        return if list.keys().is_empty() { Vec::new() } else { vec![Check::warning(about, message)] };
    }
    let Some(signing) = list.signing(deployed, now) else {
        let advice = "redemptions with `openid` fail; see `jeton key add`";
        return vec![Check::failure(about, format!("none signs: {advice}"))];
    };
    let mut checks = vec![Check::ok(about, format!("{} signs", signing.kid))];
    checks.extend(undeployed(&list, deployed, now));
    if let Some(issuer) = issuer {
        checks.push(published(issuer, &signing.kid).await);
    }
    checks
}

/// Warns of keys that are to sign, or should by now, and that the deployment lacks.
fn undeployed(list: &KeyList, deployed: &SigningKeys, now: Timestamp) -> Option<Check> {
    let lacking = list.keys().iter().filter(|key| !key.is_retired(now) && !deployed.permit(&key.name));
    let lacking: Vec<_> = lacking.map(|key| key.name.as_str()).collect();
    let message = format!("not in the parameter SigningKeys: {}", lacking.join(", "));
    (!lacking.is_empty()).then(|| Check::warning("deployed keys", message))
}

/// Checks that applications find the key that signs.
async fn published(issuer: &Issuer, kid: &str) -> Check {
    let (about, url) = ("published keys", issuer.endpoint(KEYS));
    let response = match issuer::get(&url).await {
        Ok(response) => response,
        Err(error) => return Check::failure(about, format!("{url}: {error}")),
    };
    let keys = response.json.get("keys").and_then(Value::as_array);
    let is_there = |key: &Value| key.get("kid").and_then(Value::as_str) == Some(kid);
    if keys.into_iter().flatten().any(is_there) {
        Check::ok(about, "the key that signs is among them")
    } else {
        let advice =
            "within five minutes of its addition that is usual; else deploy the parameter SigningKeys";
        Check::failure(about, format!("{url} responds {}, without key {kid}: {advice}", response.status))
    }
}
