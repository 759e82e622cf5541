//! An import of many users that is killed half-way and run again. `JETON_IMPORTED_USERS` sets their number.

use std::{fmt::Write as _, fs, process::Stdio, time::Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Child,
};

use crate::harness::{
    dice::setting,
    process::{Directory, Server, jeton},
};

/// Hashes of three algorithms: none is verified while users are imported.
const HASHES: [&str; 3] = [
    "$2b$05$LaknXUxdKVpbdyxoIWEC1.c5fEjkcdcDyJ50dM/55mTqyrKt53JBS",
    "pbkdf2_sha256$1000000$krzBokXiK4uGxq8BhkuBsU$EDywvxYHtmNl5GTa1slxwA/MFJv0yDnSzSNAuZ56Siw=",
    "$argon2id$v=19$m=65536,t=3,p=4$0xrjvFcqRSiltPZ+T8mZMw$aB21amUecerVPnQ/DQzc5puvt348kC/c75D2DjocH90",
];

fn import(server: &Server, file: &str) -> Child {
    jeton(&["--json", "--endpoint-url", &server.dynamodb_url, "user", "import", file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Returns the most memory that the process has had so far, in KiB.
fn peak_memory(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// Reads lines of the audit log until `end`, or until there are no more. Returns their number, and the peak memory.
async fn follow(child: &mut Child, end: usize) -> (usize, usize) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut created, mut peak) = (0, 0);
    while created < end
        && let Some(line) = lines.next_line().await.unwrap()
    {
        assert!(line.contains(r#""change":"created""#), "{line}");
        created += 1;
        if created % 100 == 0 {
            peak = peak.max(peak_memory(child));
        }
    }
    (created, peak)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_is_run_again_and_doubles_nothing() {
    let (users, directory) =
        (usize::try_from(setting("JETON_IMPORTED_USERS", 200)).unwrap(), Directory::new());
    let (file, mut text) = (directory.join("users.jsonl"), String::new());
    for nth in 0..users {
        let line =
            json!({ "username": format!("user{nth}@example.com"), "password": HASHES[nth % HASHES.len()] });
        writeln!(text, "{line}").unwrap();
    }
    fs::write(&file, text).unwrap();
    let database = directory.join("jeton.db");
    for server in [Server::over(&database).await, Server::start(&["--memory"]).await] {
        #[expect(clippy::disallowed_methods, reason = "the duration is reported, and decides nothing")]
        let begin = Instant::now();
        let mut child = import(&server, &file);
        let (before, _) = follow(&mut child, users / 2).await;
        child.kill().await.unwrap();
        let killed = begin.elapsed();
        let mut child = import(&server, &file);
        let (after, peak) = follow(&mut child, usize::MAX).await;
        let (mut out, mut summary) = (child.stdout.take().unwrap(), String::new());
        out.read_to_string(&mut summary).await.unwrap();
        assert!(child.wait().await.unwrap().success());
        println!("{users} users in {killed:?} + {:?}, {peak} KiB", begin.elapsed().saturating_sub(killed));

        let summary: Value = serde_json::from_str(&summary).unwrap();
        let existing = usize::try_from(summary["existing"].as_u64().unwrap()).unwrap();
        assert_eq!(summary["created"], after);
        // What was written when the process was killed, but not in its log yet.
        assert!(before <= existing && existing + after == users, "{before} {summary}");
        let listed = server.json(&["user", "list"]).await;
        let mut names: Vec<_> =
            listed.as_array().unwrap().iter().map(|user| user["username"].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((listed.as_array().unwrap().len(), names.len()), (users, users));
        server.stop().await;
    }
}
