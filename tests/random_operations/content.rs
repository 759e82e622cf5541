//! What a response says about its grant that never changes.

use serde_json::Value;
use shared::oauth::Switch;

use super::run::Run;
use crate::harness::{
    openid::NONCE,
    oracle::{Operation, values},
};

impl Run {
    /// Checks what a response says about the grant that never changes, and its ID token.
    pub async fn check_content(&self, at: usize, operation: &Operation, json: &Value) -> Result<(), String> {
        let subject = &self.subjects[at];
        let client = &self.clients[subject.client];
        let (sub, id) = (subject.user.1.to_string(), client.registered.id.as_str());
        if json["active"] == true {
            let resource = subject.resource.map_or(Value::Null, Value::from);
            if json["sub"] != sub || json["client_id"] != id || json["aud"] != resource {
                return Err("introspection describes another grant".to_owned());
            }
        }
        if json.get("access_token").is_none() {
            return Ok(());
        }
        let ends = |name: &str| json.get(name).and_then(Value::as_u64);
        let tells = client.settings.forms.contains(&Switch::Expires);
        let expires = ends("expires_in").map(|left| self.stack.now().seconds() + left).filter(|_| tells);
        let is_near = |told: u64| expires.is_some_and(|expected| (expected..=expected + 1).contains(&told));
        let refreshes = tells && json.get("refresh_token").is_some();
        if ends("expires").map_or(tells, |told| !is_near(told))
            || ends("refresh_token_expires_in").is_some() != refreshes
        {
            return Err(format!("expected to expire at {expires:?}"));
        }
        let redeems = matches!(operation, Operation::Redeem { .. });
        let Some(id_token) = json["id_token"].as_str() else {
            let expected = redeems && values(json["scope"].as_str().unwrap_or_default()).contains("openid");
            return if expected { Err("there is no ID token".to_owned()) } else { Ok(()) };
        };
        let claims = self.stack.verified(id_token).await.claims();
        let permitted = client.is_openid() && (redeems || client.id_token_on_refresh());
        let nonce = if redeems { Value::from(NONCE) } else { Value::Null };
        if !permitted || claims["sub"] != sub || claims["aud"] != id || claims["nonce"] != nonce {
            return Err(format!("a wrong ID token: {claims}"));
        }
        Ok(())
    }
}
