//! The order of the rooms, held by a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns all files in `directory` and below.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the rooms in the order in which `lib.rs` declares them.
fn rooms() -> Vec<String> {
    let declared = include_str!("lib.rs").lines().filter_map(|line| line.strip_prefix("pub mod "));
    declared.map(|room| room.trim_end_matches(';').to_owned()).collect()
}

/// Returns `text` without its comments.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.chars().chain(['\n'])).collect()
}

/// Returns the names that `rest`, which follows `crate::`, begins with: one, or each of a group in braces.
fn names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                found.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Returns what `code` imports from the crate's root, through `crate::` or by enough steps of `super::`. `depth` is the
/// number of modules from the root to the one that `code` is in.
fn imports(code: &str, depth: usize) -> Vec<String> {
    let mut found: Vec<_> = code.split("crate::").skip(1).flat_map(names).collect();
    let mut steps = 0;
    for rest in code.split("super::").skip(1) {
        steps += 1;
        if !rest.is_empty() {
            if steps >= depth {
                found.extend(names(rest));
            }
            steps = 0;
        }
    }
    found
}

#[test]
fn a_room_imports_only_rooms_before_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = rooms();
    let place = |room: &str| rooms.iter().position(|other| other == room);
    let mut wrong = Vec::new();
    for file in files(&source) {
        let path = file.strip_prefix(&source).unwrap();
        if path == Path::new("lib.rs") || path == Path::new("rooms.rs") {
            continue;
        }
        let room = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let own = place(room).unwrap_or_else(|| panic!("{} is in no room", path.display()));
        let code = code(&fs::read_to_string(&file).unwrap());
        let depth = path.components().count();
        // Tests stand in a module of their own, at the end of the file.
        let (main, tests) = code.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&code, ""));
        for import in imports(main, depth).into_iter().chain(imports(tests, depth + 1)) {
            if place(&import).is_none_or(|other| other > own) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let code = "use crate::a::{self, B};\nuse crate::{c::{D, E}, f};\nfn g() -> crate::h::I { crate::j() }";
    assert_eq!(imports(code, 1), ["a", "c", "f", "h", "j"]);
    let code = "use super::near;\nuse super::super::{far::X, other};";
    assert_eq!(imports(code, 2), ["far", "other"]);
    assert_eq!(imports(code, 3), [""; 0]);
}
