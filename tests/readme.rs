//! `README.md` beside this file and `docs/conformance.md` name tests: they exist.

use std::{collections::BTreeSet, fs, path::Path};

/// The names of all test functions of this crate.
fn tests() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let code = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let texts: Vec<String> = code.map(|path| fs::read_to_string(path).unwrap()).collect();
    let functions = texts
        .iter()
        .flat_map(|text| text.split("\n#[tokio::test").skip(1).chain(text.split("\n#[test]").skip(1)));
    functions.filter_map(|text| Some(text.split_once("fn ")?.1.split_once('(')?.0.to_owned())).collect()
}

/// Words in backquotes that are the name of a test, in the last cells of a table's rows: sentences with underscores.
fn named(document: &str) -> BTreeSet<String> {
    let rows =
        document.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.rsplit('|').next());
    let quoted = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    quoted
        .filter(|word| word.contains('_'))
        .filter(|word| {
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let tests = tests();
    for document in [include_str!("README.md"), include_str!("../docs/conformance.md")] {
        let named = named(document);
        assert!(tests.len() > 100 && named.len() > 80, "{} tests, {} named", tests.len(), named.len());
        let missing: Vec<_> = named.difference(&tests).collect();
        assert!(missing.is_empty(), "tests that do not exist are named: {missing:?}");
    }
}
