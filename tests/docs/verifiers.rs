//! The verifiers of access tokens that docs/protect-an-mcp-server.md shows: the files that tests/clients/mcp runs.

use std::fs;

use super::page::{Page, root};

#[test]
fn the_page_shows_the_verifiers_that_the_tests_run() {
    let page = Page::read("docs/protect-an-mcp-server.md");
    for (language, file) in [("js", "verifier.js"), ("python", "verifier.py")] {
        let text = fs::read_to_string(root().join("tests/clients/mcp/servers").join(file)).unwrap();
        assert!(page.text.contains(&format!("```{language}\n{text}```\n")), "the page does not show {file}");
    }
}
