//! `docs/jeton.schema.json`: the schema of configuration files is that of the command.

use std::fs;

use super::page::root;
use crate::harness::process::run;

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
async fn the_schema_in_the_documentation_is_that_of_the_command() {
    let output = run(&["schema"]).await;
    assert!(output.status.success(), "{output:?}");
    let (path, expected) = (root().join("docs/jeton.schema.json"), String::from_utf8(output.stdout).unwrap());
    if std::env::var("JETON_WRITE_DOCS").is_ok() {
        fs::write(path, expected).unwrap();
        return;
    }
    let written = fs::read_to_string(path).unwrap();
    assert!(
        written == expected,
        "docs/jeton.schema.json is out of date: JETON_WRITE_DOCS=1 cargo test -p jeton --test http -- docs"
    );
}
