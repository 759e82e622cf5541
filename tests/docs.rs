//! The documentation, held to the code.

mod commands;
mod configuration;
mod limits;
mod operation;
pub mod page;
mod schema;
pub mod storage;
mod threats;
mod verifiers;

use std::{collections::BTreeSet, fs, path::Path};

use shared::oauth::Switch;
use strum::VariantArray as _;

use page::{Page, code_spans, files, pages, root};

/// Returns the names of all tests of this crate.
fn tests() -> BTreeSet<String> {
    let files = files(&root().join("tests"), "rs");
    let texts: Vec<String> = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let functions = texts
        .iter()
        .flat_map(|text| text.split("\n#[tokio::test").skip(1).chain(text.split("\n#[test]").skip(1)));
    functions.filter_map(|text| Some(text.split_once("fn ")?.1.split_once('(')?.0.to_owned())).collect()
}

/// Returns whether `word` looks like the name of a test: a sentence with underscores.
fn is_test_name(word: &str, least_words: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    word.split('_').count() >= least_words && word.bytes().all(allowed)
}

#[test]
fn every_test_that_a_page_names_exists() {
    let tests = tests();
    assert!(tests.len() > 100, "{} tests", tests.len());
    for page in pages() {
        let anywhere = code_spans(&page.text).into_iter().filter(|word| is_test_name(word, 6));
        let rows = page
            .tables()
            .into_iter()
            .filter(|table| table.header.last().is_some_and(|name| lists_tests(name)));
        let cells = rows.flat_map(|table| table.rows).filter_map(|row| row.last().cloned());
        let in_tables: Vec<String> = cells.flat_map(|cell| code_spans(&cell)).collect();
        let in_tables = in_tables.into_iter().filter(|word| is_test_name(word, 2));
        let named: BTreeSet<String> = anywhere.chain(in_tables).collect();
        let missing: Vec<_> = named.difference(&tests).collect();
        assert!(missing.is_empty(), "{} names tests that do not exist: {missing:?}", page.path);
        if ["docs/conformance.md", "tests/README.md"].contains(&page.path.as_str()) {
            assert!(named.len() > 80, "{} names {} tests", page.path, named.len());
        }
    }
}

/// Returns whether the cells under `header` name tests.
fn lists_tests(header: &str) -> bool {
    ["Tests", "Held by"].contains(&header)
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let mut seen = 0;
    for page in pages() {
        for link in page.links() {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.path.clone() } else { page.sibling(path) };
            assert!(root().join(&target).exists(), "{}: {link} leads to no file", page.path);
            if !anchor.is_empty() {
                let anchors = Page::read(&target).anchors();
                assert!(
                    anchors.iter().any(|there| there == anchor),
                    "{}: {link} leads to no heading of {anchors:?}",
                    page.path
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} links");
}

#[test]
fn every_source_file_that_a_page_names_exists() {
    for page in pages() {
        for name in code_spans(&page.text) {
            let is_source = Path::new(&name).extension().is_some_and(|extension| extension == "rs");
            let is_one = name.contains('/') && !name.contains(['*', ' ', '<']);
            if is_source && is_one {
                let places = [root().join(&name), root().join(page.sibling(&name))];
                assert!(places.iter().any(|place| place.exists()), "{}: there is no {name}", page.path);
            }
        }
    }
}

#[test]
fn the_readme_is_short_and_leads_to_every_page() {
    let readme = Page::read("README.md");
    assert!(readme.text.lines().count() <= 200, "{} lines", readme.text.lines().count());
    for command in ["cargo run -- serve --demo", "cargo test --workspace"] {
        assert!(readme.text.lines().any(|line| line == command), "{command}");
    }
    let openid = Page::read("docs/openid-connect.md");
    let of_clients = openid.links().into_iter().map(|link| openid.sibling(&link));
    let links: Vec<String> = readme.links().into_iter().chain(of_clients).collect();
    for page in pages().into_iter().filter(|page| page.path.starts_with("docs/")) {
        assert!(links.contains(&page.path), "README.md does not lead to {}", page.path);
        let opening = page.text.lines().take(4).any(|line| line.starts_with("This page answers: "));
        assert!(opening, "{} does not open with the question that it answers", page.path);
    }
}

#[test]
fn every_compatibility_switch_is_described() {
    let page = Page::read("docs/compatibility.md");
    let table = page.table("Switch");
    let described: BTreeSet<String> = table.rows.iter().flat_map(|row| code_spans(&row[0])).collect();
    let known: BTreeSet<String> = Switch::VARIANTS.iter().map(Switch::to_string).collect();
    assert_eq!(described, known);
}
