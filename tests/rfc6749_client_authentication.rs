//! RFC 6749 §2.3: client authentication at every endpoint that requires it.

use base64::{Engine, engine::general_purpose::STANDARD};
use shared::{clients::Registration, oauth::AuthMethod};

use crate::harness::{ENDPOINTS, Registered, Response, Stack, machine};

#[tokio::test]
async fn a_client_authenticates_by_http_basic_at_every_endpoint() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let response = stack.post(path).basic(&machine).form(form).send().await;
        assert_eq!(response.status, 200, "{path}: {}", response.text);
        let named = [form, &[("client_id", machine.id.as_str())]].concat();
        let response = stack.post(path).basic(&machine).form(&named).send().await;
        assert_eq!(response.status, 200, "a body with the same client id: {path}: {}", response.text);
    }
}

#[tokio::test]
async fn a_client_authenticates_in_the_body_at_every_endpoint() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let response = stack.post(path).post(&machine, form).send().await;
        assert_eq!(response.status, 200, "{path}: {}", response.text);
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().flat_map(|byte| ["%".to_owned(), format!("{byte:02x}")]).collect()
}

#[tokio::test]
async fn id_and_secret_are_form_decoded_exactly_once() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let (id, secret) = (percent_encoded(&machine.id), percent_encoded(&machine.secret));
    for (path, form) in ENDPOINTS {
        let basic =
            async |credentials: String| stack.post(path).raw_basic(&credentials).form(form).send().await;
        assert_eq!(basic(format!("{id}:{secret}")).await.status, 200, "{path}");
        basic(format!("{id}%3A{secret}")).await.is_invalid_client();
        basic(format!("{}:{secret}", percent_encoded(&id))).await.is_invalid_client();
        basic(format!("{id}:{}", percent_encoded(&secret))).await.is_invalid_client();
        basic(format!("{id}:{secret}+")).await.is_invalid_client();
        basic(format!("{id}:{secret}:")).await.is_invalid_client();

        let parameters: Vec<String> = form.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        let posted = async |secret: &str| {
            let body = format!("client_id={id}&client_secret={secret}{}", parameters.concat());
            stack.post(path).body("application/x-www-form-urlencoded", body).send().await
        };
        assert_eq!(posted(&secret).await.status, 200, "{path}");
        posted(&percent_encoded(&secret)).await.is_invalid_client();
    }
}

#[tokio::test]
async fn two_authentication_methods_at_once_are_refused_even_if_both_are_right() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        stack.post(path).basic(&machine).post(&machine, form).send().await.is_error(400, "invalid_request");
        let secret = [form, &[("client_secret", machine.secret.as_str())]].concat();
        stack.post(path).basic(&machine).form(&secret).send().await.is_error(400, "invalid_request");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_body_that_names_another_client_than_the_header_is_refused() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.machine().await);
    for (path, form) in ENDPOINTS {
        let form = [form, &[("client_id", other.id.as_str())]].concat();
        stack.post(path).basic(&machine).form(&form).send().await.is_error(400, "invalid_request");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn credentials_in_the_query_are_ignored() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let path = format!("{path}?client_id={}&client_secret={}", machine.id, machine.secret);
        stack.post(&path).form(form).send().await.is_invalid_client();
        let id = [form, &[("client_id", machine.id.as_str())]].concat();
        stack.post(&path).form(&id).send().await.is_invalid_client();
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn every_failure_of_client_authentication_looks_like_a_wrong_secret() {
    let stack = Stack::start().await;
    let (machine, other) = (stack.machine().await, stack.machine().await);
    let (public, disabled, deleted) = (stack.public().await, stack.machine().await, stack.machine().await);
    stack.disable(&disabled).await;
    stack.delete(&deleted).await;
    let unknown = Registered { id: "nobody".to_owned(), ..machine.clone() };
    let misnamed = Registered { id: "no client is called that".to_owned(), ..machine.clone() };
    let wrong = [
        machine.with_wrong_secret(),
        machine.with_secret(&other.secret),
        machine.with_secret("not even a secret"),
        public.with_wrong_secret(),
        disabled,
        deleted,
        unknown,
        misnamed,
    ];
    for (path, form) in ENDPOINTS {
        let (mut by_header, mut in_body): (Vec<Response>, Vec<Response>) = (Vec::new(), Vec::new());
        for client in &wrong {
            by_header.push(stack.post(path).basic(client).form(form).send().await);
            in_body.push(stack.post(path).post(client, form).send().await);
        }
        for (responses, challenge) in [(&by_header, true), (&in_body, false)] {
            for (response, client) in responses.iter().zip(&wrong) {
                response.is_invalid_client();
                let has_challenge = response
                    .header("www-authenticate")
                    .is_some_and(|value| value.starts_with("Basic realm="));
                assert_eq!(has_challenge, challenge, "{path} {client:?}");
                assert_eq!(response.essence(), responses[0].essence(), "{path} {client:?}");
            }
        }
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_malformed_authorization_header_is_a_failed_authentication() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let right = STANDARD.encode(format!("{}:{}", machine.id, machine.secret));
    let no_text = STANDARD.encode([machine.id.as_bytes(), b"\xFF:", machine.secret.as_bytes()].concat());
    let (no_colon, token) = (STANDARD.encode("nocolon"), stack.token(&machine).await);
    let headers = [
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!!".to_owned(),
        format!("Basic {no_colon}"),
        format!("Basic {no_text}"),
        format!("Basic {right} {right}"),
        format!("Basic {right}, Basic {right}"),
        format!("Basic{right}"),
        format!("Digest {right}"),
        format!("Bearer {token}"),
        right.clone(),
        "Basic Og==".to_owned(),
        "é".to_owned(),
    ];
    let before = stack.grants().await;
    for (path, form) in ENDPOINTS {
        for header in &headers {
            let response = stack.post(path).header("authorization", header).form(form).send().await;
            if header == "é" {
                // These bytes are not text: the gateway itself may refuse them, but not with a server error.
                assert!([400, 401].contains(&response.status), "{path} {header:?}: {}", response.text);
            } else {
                response.is_invalid_client();
                assert!(
                    response.header("www-authenticate").unwrap().starts_with("Basic "),
                    "{path} {header:?}"
                );
            }
        }
        let (one, two) = (format!("Basic {right}"), format!("basic {right}"));
        let twice = stack.post(path).header("authorization", &one).header("authorization", &two);
        twice.form(form).send().await.is_invalid_client();
        // The scheme is case-insensitive (RFC 9110 §11.1), so this header is right.
        assert_eq!(stack.post(path).header("authorization", &two).form(form).send().await.status, 200);
    }
    assert_eq!(stack.grants().await, before + 1);
}

#[tokio::test]
async fn a_confidential_client_that_sends_no_secret_is_refused() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        for more in [&[("client_id", machine.id.as_str())][..], &[("client_secret", &machine.secret)], &[]] {
            let response = stack.post(path).form(&[form, more].concat()).send().await;
            response.is_invalid_client();
            assert_eq!(
                response.header("www-authenticate"),
                None,
                "a challenge is sent only for the Authorization header"
            );
        }
        let empty = [form, &[("client_id", machine.id.as_str()), ("client_secret", "")]].concat();
        stack.post(path).form(&empty).send().await.is_invalid_client();
        stack.post(path).basic(&machine.with_secret("")).form(form).send().await.is_invalid_client();
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_secret_of_a_public_client_is_refused() {
    let stack = Stack::start().await;
    let (public, machine) = (stack.public().await, stack.machine().await);
    for (path, form) in ENDPOINTS {
        for secret in ["", "anything", machine.secret.as_str()] {
            stack.post(path).basic(&public.with_secret(secret)).form(form).send().await.is_invalid_client();
        }
        stack.post(path).post(&public.with_secret("anything"), form).send().await.is_invalid_client();
        stack.post(path).post(&public.with_secret(&machine.secret), form).send().await.is_invalid_client();
    }
}

#[tokio::test]
async fn only_the_registered_authentication_method_is_accepted() {
    let stack = Stack::start().await;
    let only = |method| Registration { auth_methods: vec![method], ..machine() };
    let basic = stack.register(only(AuthMethod::ClientSecretBasic)).await;
    let post = stack.register(only(AuthMethod::ClientSecretPost)).await;
    for (path, form) in ENDPOINTS {
        assert_eq!(stack.post(path).basic(&basic).form(form).send().await.status, 200, "{path}");
        assert_eq!(stack.post(path).post(&post, form).send().await.status, 200, "{path}");
        stack.post(path).post(&basic, form).send().await.is_invalid_client();
        stack.post(path).basic(&post).form(form).send().await.is_invalid_client();
    }
}

#[tokio::test]
async fn a_client_assertion_is_refused_not_ignored() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    for (path, form) in ENDPOINTS {
        for assertion in
            [&[kind][..], &[("client_assertion", "e30.e30.")], &[kind, ("client_assertion", "e30.e30.")]]
        {
            let form = [form, assertion].concat();
            stack.post(path).form(&form).send().await.is_invalid_client();
            stack.post(path).basic(&machine).form(&form).send().await.is_invalid_client();
        }
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn wrong_secrets_do_not_lock_the_client_out() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for _ in 0..50 {
        stack.request_token(&machine.with_wrong_secret(), &[]).await.is_invalid_client();
    }
    stack.token(&machine).await;
    assert_eq!(stack.audited("refused").len(), 50, "the log contains each of them");
}

#[tokio::test]
async fn a_client_that_is_registered_without_a_method_may_send_its_secret_either_way() {
    let stack = Stack::start().await;
    let client = stack.register(Registration { auth_methods: Vec::new(), ..machine() }).await;
    for (path, form) in ENDPOINTS {
        assert_eq!(stack.post(path).basic(&client).form(form).send().await.status, 200, "{path}");
        assert_eq!(stack.post(path).post(&client, form).send().await.status, 200, "{path}");
        stack.post(path).basic(&client).post(&client, form).send().await.is_error(400, "invalid_request");
        stack.post(path).post(&client.with_wrong_secret(), form).send().await.is_invalid_client();
        let named = [form, &[("client_id", client.id.as_str())]].concat();
        stack.post(path).form(&named).send().await.is_invalid_client();
    }
}
