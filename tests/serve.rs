//! `jeton serve`: how it begins, what it refuses to begin with, how it ends.

use crate::harness::process::{Directory, Server, fails, run};

#[tokio::test]
async fn a_demo_prints_lines_that_work() {
    let mut server = Server::start(&["--memory", "--demo"]).await;
    let banner = server.banner().await;
    let credentials = banner.lines().find_map(|line| line.trim().strip_prefix("AUTH=")).unwrap();
    let (id, secret) = credentials.split_once(':').unwrap();
    let demo = crate::harness::Registered { id: id.to_owned(), secret: secret.to_owned() };
    let token = server.token(&demo).await;
    assert!(server.is_active(&demo, &token).await);
    server.revoke(&demo, &token).await;
    assert!(!server.is_active(&demo, &token).await);
    for path in
        ["/oauth/token", "/oauth/introspect", "/oauth/revoke", "/.well-known/oauth-authorization-server"]
    {
        assert!(banner.contains(&format!("{}{path}", server.url)), "{banner}");
    }
    assert!(banner.contains("Nothing is kept"), "{banner}");
    assert!(banner.contains(&format!("{}/demo ", server.url)), "{banner}");
    assert_eq!(server.get("/demo").send().await.status, 200);
    assert_eq!(Server::start(&["--memory"]).await.get("/demo").send().await.status, 404);
}

#[tokio::test]
async fn the_servers_own_address_leads_to_the_demo_if_there_is_one() {
    let demo = Server::start(&["--memory", "--demo"]).await;
    let plain = Server::start(&["--memory"]).await;
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (server, to) in [(&demo, "/demo"), (&plain, "/account")] {
        let answer = browser.get(&server.url).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, to));
    }
    assert_eq!(browser.post(&demo.url).send().await.unwrap().status().as_u16(), 405);
}

#[tokio::test]
async fn a_taken_port_and_a_database_in_use_are_said_so() {
    let directory = Directory::new();
    let file = directory.join("jeton.db");
    let server = Server::over(&file).await;
    let port = server.url.rsplit(':').next().unwrap();
    fails(
        &run(&["serve", "--memory", "--port", port]).await,
        1,
        &format!("port {port} is taken by another program"),
    );
    let second = run(&["serve", "--memory", "--port", "0", "--dynamodb-port", port]).await;
    fails(&second, 1, "choose another one with --dynamodb-port");
    fails(&run(&["serve", "--port", "0", "--database", &file]).await, 1, "is in use");
    fails(&run(&["serve", "--port", "0", "--database", &directory.join("")]).await, 1, "it is a directory");
    fails(
        &run(&["serve", "--port", "0", "--database", &directory.join("no/x.db")]).await,
        1,
        "cannot be opened",
    );
    fails(&run(&["serve", "--memory", "--database", &file]).await, 2, "cannot be used with");
    server.token(&server.register(&[]).await).await;
}

#[tokio::test]
async fn a_server_that_is_asked_to_stop_ends_well() {
    let server = Server::start(&["--memory"]).await;
    server.token(&server.register(&[]).await).await;
    let (code, printed) = server.stop().await;
    assert_eq!(code, Some(0));
    assert!(printed.contains("Stop with Ctrl-C.") && !printed.contains("jts_"), "{printed}");
}

#[tokio::test]
async fn the_local_database_answers_no_web_page() {
    let server = Server::start(&["--memory"]).await;
    let ask = |headers: &[(&'static str, &'static str)]| {
        let mut request = reqwest::Client::new()
            .post(&server.dynamodb_url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "DynamoDB_20120810.ListTables")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=b")
            .header("x-amz-date", "20260101T000000Z")
            .body("{}");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(ask(&[]).await, 200);
    assert_eq!(ask(&[("host", "host.docker.internal:8081")]).await, 200, "a function in a container");
    for page in
        [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin"), ("host", "evil.example")]
    {
        assert_eq!(ask(&[page]).await, 403, "{page:?}");
    }
}
