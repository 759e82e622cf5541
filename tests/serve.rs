//! `jeton serve`: its start, its errors and its end.

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
    for path in [
        "/oauth/token",
        "/oauth/introspect",
        "/oauth/revoke",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        assert!(banner.contains(&format!("{}{path}", server.url)), "{banner}");
    }
    assert!(banner.contains("Nothing is stored"), "{banner}");
    assert!(banner.contains(&format!("{}/demo ", server.url)), "{banner}");
    for page in ["/demo", "/.well-known/openid-configuration"] {
        assert_eq!(server.get(page).send().await.status, 200, "{page}");
    }
    assert_eq!(Server::start(&["--memory"]).await.get("/demo").send().await.status, 404);
}

#[tokio::test]
async fn the_banner_names_the_compatibility_switches_only_if_some_are_permitted() {
    let mut none = Server::start(&["--memory"]).await;
    assert!(!none.banner().await.contains("switches"));
    let mut some = Server::start(&["--memory", "--compat", "ttl,basic-person,password"]).await;
    let banner = some.banner().await;
    assert!(banner.contains("Permitted compatibility switches: password,ttl,basic-user."), "{banner}");
    fails(&run(&["serve", "--memory", "--compat", "telepathy"]).await, 2, "possible values: password");
}

#[tokio::test]
async fn the_root_redirects_to_the_demo_or_the_account() {
    let demo = Server::start(&["--memory", "--demo"]).await;
    let plain = Server::start(&["--memory"]).await;
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (server, to) in [(&demo, "/demo"), (&plain, "/account")] {
        let response = browser.get(&server.url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (303, to));
    }
    assert_eq!(browser.post(&demo.url).send().await.unwrap().status().as_u16(), 405);
}

#[tokio::test]
async fn a_taken_port_and_a_database_in_use_are_reported() {
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
async fn a_server_stops_in_order_on_a_signal() {
    let server = Server::start(&["--memory"]).await;
    server.token(&server.register(&[]).await).await;
    let (code, printed) = server.stop().await;
    assert_eq!(code, Some(0));
    assert!(printed.contains("Stop with Ctrl-C.") && !printed.contains("jts_"), "{printed}");
}

/// Returns the status of a request to the DynamoDB at `url` with these headers.
async fn ask_for_tables(url: &str, headers: &[(&'static str, &'static str)]) -> u16 {
    let mut request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=b")
        .header("x-amz-date", "20260101T000000Z")
        .body("{}");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_local_database_refuses_web_pages() {
    let server = Server::start(&["--memory"]).await;
    let url = &server.dynamodb_url;
    assert_eq!(ask_for_tables(url, &[]).await, 200);
    assert_eq!(
        ask_for_tables(url, &[("host", "host.docker.internal:8081")]).await,
        200,
        "a function in a container"
    );
    for page in
        [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin"), ("host", "evil.example")]
    {
        assert_eq!(ask_for_tables(url, &[page]).await, 403, "{page:?}");
    }
}

/// Only Linux has several loopback addresses by default.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_local_database_answers_containers_at_the_given_address() {
    let server = Server::start(&["--memory"]).await;
    let port = server.dynamodb_url.rsplit(':').next().unwrap();
    assert!(std::net::TcpStream::connect(format!("127.0.0.2:{port}")).is_err(), "only at the given address");

    let server = Server::start(&["--memory", "--dynamodb-listen", "127.0.0.2"]).await;
    server.token(&server.register(&[]).await).await;
    let there = server.dynamodb_url.replace("127.0.0.1", "127.0.0.2");
    let container = ("host", "host.docker.internal:8081");
    for container in [container, ("host", "172.17.0.1:8081")] {
        assert_eq!(ask_for_tables(&there, &[container]).await, 200);
    }
    for page in
        [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin"), ("host", "evil.example")]
    {
        assert_eq!(ask_for_tables(&there, &[page]).await, 403, "{page:?}");
    }
    let (code, _) = server.stop().await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn the_local_database_never_listens_on_every_address() {
    let serve = ["serve", "--memory", "--port", "0", "--dynamodb-listen"];
    for all in ["0.0.0.0", "::", "everywhere", "host.docker.internal"] {
        fails(&run(&[&serve[..], &[all]].concat()).await, 2, "--dynamodb-listen");
    }
    let foreign = run(&[&serve[..], &["198.51.100.1"]].concat()).await;
    fails(&foreign, 1, "198.51.100.1 is no address of this machine");
}
