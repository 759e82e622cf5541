//! Hostile input: the response is an error of the 400s that repeats no input, and never a server error.

use crate::harness::{ENDPOINTS, Registered, Stack};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_body_that_is_not_correctly_encoded_is_refused() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let bodies: [&[u8]; 10] = [
        b"%zz",
        b"a=%",
        b"a=%1",
        b"a=%u0041",
        b"a=%FF",
        b"%C3=a",
        b"a=%00",
        b"%00=a",
        b"a=\xFF\xFE",
        b"a=\0",
    ];
    for (path, form) in ENDPOINTS {
        let (name, value) = form[0];
        for bad in bodies {
            for body in [bad.to_vec(), [format!("{name}={value}&").as_bytes(), bad].concat()] {
                let response = stack.post(path).basic(&machine).body(FORM, body).send().await;
                response.is_error(400, "invalid_request");
            }
        }
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_a_larger_one_is_not() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for (path, form) in ENDPOINTS {
        let begin = format!("{}={}&filler=", form[0].0, form[0].1);
        for (size, status) in [(64 * 1024, 200), (64 * 1024 + 1, 413), (1024 * 1024, 413)] {
            let body = begin.clone() + &"x".repeat(size - begin.len());
            let response = stack.post(path).basic(&machine).body(FORM, body).send().await;
            assert_eq!(response.status, status, "{size} bytes to {path}");
            if status == 413 {
                response.is_error(413, "invalid_request");
            }
        }
        // The gateway itself accepts at most 10 MB.
        let response =
            stack.post(path).basic(&machine).body(FORM, vec![b'x'; 11 * 1024 * 1024]).try_send().await;
        assert!(response.is_err() || response.unwrap().status == 413, "{path}");
    }
}

#[tokio::test]
async fn ten_thousand_parameters_and_a_huge_value_are_only_parameters() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let many: String = (0..10_000).flat_map(|n| [n.to_string(), "&".to_owned()]).collect();
    for (path, form) in ENDPOINTS {
        let body = format!("{many}{}={}", form[0].0, form[0].1);
        assert_eq!(stack.post(path).basic(&machine).body(FORM, body).send().await.status, 200, "{path}");
        let huge = "x".repeat(30_000);
        let client = Registered { id: huge.clone(), secret: huge.clone() };
        stack.post(path).post(&client, form).send().await.is_invalid_client();
        let response = stack.post(path).post(&machine, &[(form[0].0, &huge)]).send().await;
        assert!([200, 400].contains(&response.status), "{path}");
    }
}

#[tokio::test]
async fn an_error_response_repeats_no_input() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let evil = "<script>\"\\é\r\nSet-Cookie: x=1";
    let client = Registered { id: evil.to_owned(), secret: evil.to_owned() };
    for (path, form) in ENDPOINTS {
        let responses = [
            stack.post(path).basic(&client).form(form).send().await,
            stack.post(path).post(&client, form).send().await,
            stack.post(path).basic(&machine).form(&[(evil, evil), ("grant_type", evil)]).send().await,
            stack
                .post(path)
                .basic(&machine)
                .form(&[("grant_type", "client_credentials"), ("scope", evil)])
                .send()
                .await,
            stack.post(path).basic(&machine).body(evil.split('\r').next().unwrap(), "x").send().await,
            stack.post(&format!("{path}?error=%3Cscript%3E%0d%0aSet-Cookie:x=1")).form(&[]).send().await,
        ];
        for response in responses {
            assert!((400..500).contains(&response.status), "{path}: {}", response.text);
            assert!(!response.text.contains("<script") && response.header("set-cookie").is_none());
            response.is_error(response.status, response.json()["error"].as_str().unwrap());
        }
    }
    // The log contains no input either.
    assert!(!stack.audited("refused").is_empty() && !stack.logged().contains("<script"));
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    for path in [
        "//",
        "/oauth",
        "/oauth/",
        "/oauth/token/",
        "/oauth/token/x",
        "/oauth//token",
        "/OAUTH/TOKEN",
        "/oauth/%74oken",
        "/oauth/token%00",
        "/oauth/token;x=1",
        "/oauth/authorize/",
        "/login/",
        "/demo",
        "/admin",
        "/.well-known/openid-configuration",
    ] {
        let form = [("grant_type", "client_credentials")];
        assert_eq!(stack.post(path).basic(&machine).form(&form).send().await.status, 404, "{path}");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn headers_larger_than_the_gateway_accepts_are_refused() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let form = [("grant_type", "client_credentials")];
    for (size, status) in [(8_000, 200), (11_000, 431), (300_000, 431)] {
        let call =
            stack.post("/oauth/token").basic(&machine).header("x-filler", &"x".repeat(size)).form(&form);
        let response = call.try_send().await;
        assert!(response.map_or(size > 11_000, |response| response.status == status), "{size}");
    }
    stack.token(&machine).await;
}

#[tokio::test]
async fn malformed_http_requests_cause_no_server_error() {
    let stack = Stack::start().await;
    for request in [
        "\r\n\r\n",
        "\x16\x03\x01 a TLS client\r\n\r\n",
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "POST /oauth/token HTTP/1.1\r\nhost: \"<>\\\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        "POST /oauth/token HTTP/1.0\r\n\r\n",
        "POST /oauth/token?%zz=%&\"<>=\\ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "POST /oauth/token?a=%FF%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "POST http://evil.example/oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: :\"\r\ncookie: ;;=\r\nconnection: close\r\n\r\n",
        "GET /oauth/token HTTP/1.1\r\nhost: x\r\nx-a: \x01\r\nconnection: close\r\n\r\n",
    ] {
        let response = stack.raw(request).await;
        let status = response.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{request:?}: {response}");
    }
    let weird = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\nx-a: \xFF\xFE\r\nauthorization: Basic \xFF\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\nconnection: close\r\n\r\na=b";
    let response = stack.raw(weird).await;
    assert!(response.starts_with("HTTP/1.1 40"), "{response}");
    stack.token(&stack.machine().await).await;
}

#[tokio::test]
async fn a_spoofed_host_changes_nothing() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let evil = "evil.example";
    let spoof = |method, path| {
        let call = stack.request(method, path).header("host", evil).header("x-forwarded-host", evil);
        call.header("x-forwarded-for", "6.6.6.6")
            .header("x-forwarded-proto", "gopher")
            .header("forwarded", "host=evil.example")
    };
    let metadata = spoof("GET", "/.well-known/oauth-authorization-server").send().await;
    assert_eq!(metadata.json()["issuer"], stack.url);
    assert!(!metadata.text.contains("evil"));
    let response = spoof("POST", "/oauth/token")
        .basic(&machine)
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await;
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stack.introspect(&machine, &token).await["iss"], stack.url);
}
