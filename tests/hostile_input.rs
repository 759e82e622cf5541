//! Whatever is sent: an answer in the 400s that repeats none of it, and never a fault of the server's own.

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
                let answer = stack.post(path).basic(&machine).body(FORM, body).send().await;
                answer.is_error(400, "invalid_request");
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
            let answer = stack.post(path).basic(&machine).body(FORM, body).send().await;
            assert_eq!(answer.status, status, "{size} bytes to {path}");
            if status == 413 {
                answer.is_error(413, "invalid_request");
            }
        }
        // The gateway itself lets no more than 10 MB through.
        let answer =
            stack.post(path).basic(&machine).body(FORM, vec![b'x'; 11 * 1024 * 1024]).try_send().await;
        assert!(answer.is_err() || answer.unwrap().status == 413, "{path}");
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
        let answer = stack.post(path).post(&machine, &[(form[0].0, &huge)]).send().await;
        assert!([200, 400].contains(&answer.status), "{path}");
    }
}

#[tokio::test]
async fn an_error_repeats_nothing_that_was_sent() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let evil = "<script>\"\\é\r\nSet-Cookie: x=1";
    let client = Registered { id: evil.to_owned(), secret: evil.to_owned() };
    for (path, form) in ENDPOINTS {
        let answers = [
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
        for answer in answers {
            assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
            assert!(!answer.text.contains("<script") && answer.header("set-cookie").is_none());
            answer.is_error(answer.status, answer.json()["error"].as_str().unwrap());
        }
    }
    // What a stranger says never gets into the log either.
    assert!(!stack.audited("refused").is_empty() && !stack.logged().contains("<script"));
}

#[tokio::test]
async fn paths_that_are_none_are_not_found() {
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
async fn headers_beyond_what_the_gateway_takes_are_refused() {
    let stack = Stack::start().await;
    let machine = stack.machine().await;
    let form = [("grant_type", "client_credentials")];
    for (size, status) in [(8_000, 200), (11_000, 431), (300_000, 431)] {
        let call =
            stack.post("/oauth/token").basic(&machine).header("x-filler", &"x".repeat(size)).form(&form);
        let answer = call.try_send().await;
        assert!(answer.map_or(size > 11_000, |answer| answer.status == status), "{size}");
    }
    stack.token(&machine).await;
}

#[tokio::test]
async fn requests_that_are_not_http_or_odd_http_are_answered_without_a_fault() {
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
        let answer = stack.raw(request).await;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{request:?}: {answer}");
    }
    let weird = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\nx-a: \xFF\xFE\r\nauthorization: Basic \xFF\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\nconnection: close\r\n\r\na=b";
    let answer = stack.raw(weird).await;
    assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
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
    let answer = spoof("POST", "/oauth/token")
        .basic(&machine)
        .form(&[("grant_type", "client_credentials")])
        .send()
        .await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stack.introspect(&machine, &token).await["iss"], stack.url);
}
