//! RFC 6749 §3.2, §5 and appendix B: requests to the endpoints that clients call, and their responses.

use crate::harness::{ENDPOINTS, Stack};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_token_response_is_a_flat_json_object_that_is_not_cached() {
    let stack = Stack::start().await;
    let response = stack.request_token(&stack.machine().await, &[]).await;
    assert_eq!(response.status, 200);
    response.is_not_stored();
    let json = response.json();
    let members: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"]);
    assert_eq!((json["token_type"].as_str(), json["expires_in"].as_u64()), (Some("Bearer"), Some(3_600)));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.header("x-request-id").unwrap().len(), 22);
}

#[tokio::test]
async fn a_response_contains_the_request_id_of_the_log() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let issued = stack.request_token(&machine, &[]).await;
    let refused = stack.request_token(&machine.with_wrong_secret(), &[]).await;
    assert_eq!(stack.audited("issued")[0]["request_id"], issued.header("x-request-id").unwrap());
    assert_eq!(stack.audited("refused")[0]["request_id"], refused.header("x-request-id").unwrap());
}

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for grant_type in [
        "Client_Credentials",
        "CLIENT_CREDENTIALS",
        " client_credentials",
        "client_credentials ",
        "client-credentials",
        "implicit",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "none",
        "é",
    ] {
        let response =
            stack.post("/oauth/token").basic(&machine).form(&[("grant_type", grant_type)]).send().await;
        response.is_error(400, "unsupported_grant_type");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_grant_type_that_the_client_is_not_registered_for_is_unauthorized() {
    let stack = Stack::start().await;
    let (machine, web) = (stack.machine().await, stack.web().await);
    for (client, grant_type) in
        [(&machine, "authorization_code"), (&machine, "refresh_token"), (&web, "client_credentials")]
    {
        let form = [("grant_type", grant_type), ("code", "x"), ("refresh_token", "x")];
        stack
            .post("/oauth/token")
            .basic(client)
            .form(&form)
            .send()
            .await
            .is_error(400, "unauthorized_client");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_missing_or_empty_required_parameter_is_an_invalid_request() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let name = form[0].0;
        for form in [&[][..], &[(name, "")], &[("hello", "world")]] {
            stack.post(path).basic(&machine).form(form).send().await.is_error(400, "invalid_request");
        }
        stack.post(path).basic(&machine).send().await.is_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn the_client_is_authenticated_before_the_grant_type_is_checked() {
    let stack = Stack::start().await;
    let wrong = stack.machine().await.with_wrong_secret();
    for form in [&[("grant_type", "unheard-of")][..], &[], &[("grant_type", "authorization_code")]] {
        stack.post("/oauth/token").basic(&wrong).form(form).send().await.is_invalid_client();
    }
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        stack.post(path).basic(&wrong).form(&[]).send().await.is_invalid_client();
    }
}

#[tokio::test]
async fn an_empty_parameter_counts_as_absent() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let response =
        stack.request_token(&machine, &[("scope", ""), ("client_secret", ""), ("client_id", "")]).await;
    assert_eq!((response.status, response.json()["scope"].as_str()), (200, Some("read write")));
}

#[tokio::test]
async fn an_unknown_parameter_is_ignored() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let form = [form, &[("hello", "world"), ("é", "%"), ("redirect_uri", "x")]].concat();
        assert_eq!(stack.post(path).basic(&machine).form(&form).send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_refused_though_both_agree() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let mut once = form.to_vec();
        once.extend([("scope", "read"), ("token_type_hint", "access_token"), ("hello", "world")]);
        for again in once.clone() {
            for value in [again.1, "other", ""] {
                let form = [&once[..], &[(again.0, value)]].concat();
                stack.post(path).basic(&machine).form(&form).send().await.is_error(400, "invalid_request");
            }
        }
        let id = [form, &[("client_id", machine.id.as_str())]].concat();
        stack.post(path).post(&machine, &id).send().await.is_error(400, "invalid_request");
        let secret = [form, &[("client_secret", machine.secret.as_str())]].concat();
        stack.post(path).post(&machine, &secret).send().await.is_error(400, "invalid_request");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn parameters_are_read_from_a_form_only() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let json = r#"{"grant_type":"client_credentials","token":"garbage"}"#;
    for (path, form) in ENDPOINTS {
        let body = format!("{}={}", form[0].0, form[0].1);
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "form"]
        {
            for body in [json, &body] {
                let response =
                    stack.post(path).basic(&machine).body(content_type, body.to_owned()).send().await;
                response.is_error(400, "invalid_request");
            }
        }
        stack.post(path).basic(&machine).send().await.is_error(400, "invalid_request");
        for content_type in [FORM, "Application/X-WWW-Form-Urlencoded; charset=UTF-8"] {
            let response = stack.post(path).basic(&machine).body(content_type, body.clone()).send().await;
            assert_eq!(response.status, 200, "{path} {content_type}: {}", response.text);
        }
    }
}

#[tokio::test]
async fn parameters_in_the_query_are_not_parameters() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let (name, value) = form[0];
        let path = format!("{path}?{name}={value}&scope=admin");
        stack.post(&path).basic(&machine).form(&[]).send().await.is_error(400, "invalid_request");
        // They neither count as repeated parameters nor change the form in the body.
        let response = stack.post(&path).basic(&machine).form(form).send().await;
        assert_eq!(response.status, 200, "{path}: {}", response.text);
        assert!(!response.text.contains("admin"));
    }
}

#[tokio::test]
async fn another_method_than_post_is_refused_with_an_allow_header() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        for method in ["GET", "PUT", "DELETE", "PATCH", "QUERY", "post"] {
            let (name, value) = form[0];
            let with_query = format!("{path}?{name}={value}");
            let response = stack.request(method, &with_query).basic(&machine).form(form).send().await;
            response.is_error(405, "invalid_request");
            assert_eq!(response.header("allow"), Some("POST"), "{method} {path}");
        }
        assert_eq!(stack.request("HEAD", path).send().await.status, 405);
    }
    assert_eq!(stack.grants().await, 0);
}
