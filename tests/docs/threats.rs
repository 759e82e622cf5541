//! `docs/threat-model.md`: every threat has a row, and every row names a test, or the reason why no test holds it.

use std::collections::BTreeSet;

use super::page::{Page, Table, code_spans};

/// The threats of RFC 6819 §4.
const RFC6819_THREATS: &str = "4.1.1 4.1.2 4.1.3 4.1.4 4.1.5 4.2.1 4.2.2 4.2.3 4.2.4 4.3.1 4.3.2 4.3.3 4.3.4 4.3.5 \
    4.4.1.1 4.4.1.2 4.4.1.3 4.4.1.4 4.4.1.5 4.4.1.6 4.4.1.7 4.4.1.8 4.4.1.9 4.4.1.10 4.4.1.11 4.4.1.12 4.4.1.13 \
    4.4.2.1 4.4.2.2 4.4.2.3 4.4.2.4 4.4.2.5 4.4.2.6 4.4.3 4.4.3.1 4.4.3.2 4.4.3.3 4.4.3.4 4.4.3.5 4.4.3.6 4.4.4 \
    4.5.1 4.5.2 4.5.3 4.5.4 4.6.1 4.6.2 4.6.3 4.6.4 4.6.5 4.6.6 4.6.7";
/// The sections below RFC 9700 §2 and §4.
const RFC9700_SECTIONS: &str = "2.1 2.1.1 2.1.2 2.2 2.2.1 2.2.2 2.3 2.4 2.5 2.6 4.1 4.1.1 4.1.2 4.1.3 \
    4.2 4.2.1 4.2.2 4.2.3 4.2.4 4.3 4.3.1 4.3.2 4.4 4.4.1 4.4.2 4.4.2.1 4.4.2.2 4.5 4.5.1 4.5.2 4.5.3 4.5.3.1 \
    4.5.3.2 4.5.3.3 4.5.4 4.6 4.6.1 4.7 4.7.1 4.8 4.8.1 4.8.2 4.9 4.9.1 4.9.2 4.9.3 4.10 4.10.1 4.10.2 4.10.3 \
    4.11 4.11.1 4.11.2 4.12 4.13 4.14 4.14.1 4.14.2 4.15 4.15.1 4.16 4.17 4.17.1 4.17.1.1 4.17.1.2 4.17.1.3 4.17.2";

/// Returns the one table under this heading.
fn table(heading: &str) -> Table {
    let page = Page::read("docs/threat-model.md");
    let mut tables: Vec<_> = page.tables().into_iter().filter(|table| table.heading == heading).collect();
    assert_eq!(tables.len(), 1, "{heading}");
    tables.remove(0)
}

/// Returns the sections in the cells of a column, each once.
fn sections(table: &Table, column: usize) -> BTreeSet<String> {
    let cells = table.rows.iter().flat_map(|row| row[column].split(", "));
    cells.filter_map(|cell| cell.strip_prefix('§')).map(str::to_owned).collect()
}

fn listed(sections: &str) -> BTreeSet<String> {
    sections.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_threat_has_a_row() {
    let threats = table("## RFC 6819: threats");
    assert_eq!(sections(&threats, 0), listed(RFC6819_THREATS));
    let current = table("## RFC 9700: best practices and attacks");
    assert_eq!(sections(&current, 0), listed(RFC9700_SECTIONS));
    let countermeasures = table("## RFC 6819: countermeasures");
    let (named, described) = (sections(&threats, 2), sections(&countermeasures, 0));
    let missing: Vec<_> = named.difference(&described).collect();
    assert!(missing.is_empty(), "countermeasures without a row: {missing:?}");
}

#[test]
fn every_threat_has_a_test_or_says_why_there_is_none() {
    let page = Page::read("docs/threat-model.md");
    let mut rows = 0;
    for row in page.tables().into_iter().flat_map(|table| table.rows) {
        let tests = row.last().unwrap();
        let names = code_spans(tests).into_iter().filter(|word| super::is_test_name(word, 4)).count();
        assert!(names > 0 || tests.starts_with("none: "), "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        rows += 1;
    }
    assert!(rows > 150, "{rows} rows");
}
