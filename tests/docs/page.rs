//! Pages in Markdown: their tables, links and headings.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One page.
#[derive(Debug)]
pub(super) struct Page {
    /// Its path from the repository's root.
    pub(super) path: String,
    /// Its text, as it is.
    pub(super) text: String,
}

/// One table of a page.
#[derive(Debug)]
pub(super) struct Table {
    /// The heading of the second level that it stands under.
    pub(super) section: String,
    /// The heading that it stands under.
    pub(super) heading: String,
    /// The names of its columns.
    pub(super) header: Vec<String>,
    /// Its cells.
    pub(super) rows: Vec<Vec<String>>,
}

/// Returns the repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns all files in `directory` and below whose names end with `extension`.
pub(super) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .filter(|path| !["node_modules", "target"].iter().any(|name| path.ends_with(name)))
        .flat_map(|path| if path.is_dir() { files(&path, extension) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    found.sort();
    found
}

/// Reads every page: those beside the README, and those in `docs/`, `examples/` and `tests/`.
pub(super) fn pages() -> Vec<Page> {
    let root = root();
    let beside = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let beside = beside.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let below = ["docs", "examples", "tests"].iter().flat_map(|directory| files(&root.join(directory), "md"));
    let paths = beside.chain(below).map(|path| path.strip_prefix(&root).unwrap().to_owned());
    let pages: Vec<_> = paths.map(|path| Page::read(path.to_str().unwrap())).collect();
    assert!(pages.len() > 10, "{} pages", pages.len());
    pages
}

impl Page {
    /// Reads the page at `path`, from the repository's root.
    pub(super) fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// Returns the path of the file that the page calls `relative`, from the repository's root.
    pub(super) fn sibling(&self, relative: &str) -> String {
        let mut segments: Vec<&str> = self.path.split('/').collect();
        segments.pop();
        for segment in relative.split('/') {
            match segment {
                ".." => assert!(segments.pop().is_some(), "{}: {relative} leaves the repository", self.path),
                "." | "" => {}
                segment => segments.push(segment),
            }
        }
        segments.join("/")
    }

    /// Returns the lines outside of code blocks.
    fn prose(&self) -> Vec<&str> {
        let mut code = false;
        let mut prose = Vec::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                code = !code;
            } else if !code {
                prose.push(line);
            }
        }
        prose
    }

    /// Returns the targets of its links and images, but for those at other sites.
    pub(super) fn links(&self) -> Vec<String> {
        let prose = self.prose().join("\n");
        let text: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("``");
        let after = |start: &'static str, end: char| {
            let parts = text.split(start).skip(1);
            parts.filter_map(move |part| Some(part.split_once(end)?.0.to_owned()))
        };
        let links = after("](", ')').chain(after("src=\"", '"'));
        links.filter(|link| !link.contains("://") && !link.starts_with("mailto:")).collect()
    }

    /// Returns the anchors of its headings, as GitHub makes them.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for heading in self.prose().into_iter().filter(|line| line.starts_with('#')) {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let before = anchors.iter().filter(|there| **there == anchor).count();
            anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
        }
        anchors
    }

    /// Returns its tables.
    pub(super) fn tables(&self) -> Vec<Table> {
        let (mut tables, mut inside): (Vec<Table>, _) = (Vec::new(), false);
        let (mut section, mut heading) = (String::new(), String::new());
        for line in self.prose() {
            let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
                if line.starts_with('#') {
                    line.clone_into(&mut heading);
                }
                if let Some(text) = line.strip_prefix("## ") {
                    text.clone_into(&mut section);
                }
                inside = false;
                continue;
            };
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
            match tables.last_mut() {
                Some(table) if inside => {
                    assert_eq!(cells.len(), table.header.len(), "{}: {line}", self.path);
                    if !row.starts_with("---") {
                        table.rows.push(cells);
                    }
                }
                _ => tables.push(Table {
                    section: section.clone(),
                    heading: heading.clone(),
                    header: cells,
                    rows: Vec::new(),
                }),
            }
            inside = true;
        }
        tables
    }

    /// Returns the one table whose first column has this name.
    pub(super) fn table(&self, first: &str) -> Table {
        let mut tables: Vec<_> = self.tables().into_iter().filter(|table| table.header[0] == first).collect();
        assert_eq!(tables.len(), 1, "{}: tables of {first}", self.path);
        tables.remove(0)
    }
}

/// Returns the words in backquotes, but for those in code blocks.
pub(super) fn code_spans(text: &str) -> Vec<String> {
    let page = Page { path: String::new(), text: text.to_owned() };
    page.prose().join("\n").split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns the whole numbers in `text`, but for those in backquotes, in targets of links, and in words like `S256`.
pub(super) fn numbers(text: &str) -> Vec<u64> {
    let text: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let text: String = text.split("](").enumerate().fold(String::new(), |text, (nth, part)| {
        let rest = if nth == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) };
        text + " " + rest
    });
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == ','));
    words.filter_map(|word| word.trim_matches(',').replace(',', "").parse().ok()).collect()
}
