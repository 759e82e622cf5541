//! The modules of every crate import each other in one direction, and the rooms of `shared` in the order of its `lib.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The names of a module from its crate's root on: none for the root itself.
type Module = Vec<String>;

/// Returns all Rust files in `directory` and below.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn module_of(source: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(source).unwrap().with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| !["lib", "main", "mod"].contains(&name.as_str())).collect()
}

/// Returns the paths that `text` begins with: one, or each of a group in braces.
fn paths(text: &str) -> Vec<Module> {
    let text = text.trim_start();
    let Some(group) = text.strip_prefix('{') else {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let name = text.strip_suffix(rest).unwrap_or_default().to_owned();
        let below = rest.strip_prefix("::").map_or_else(|| vec![Vec::new()], paths);
        return below.into_iter().map(|path| [vec![name.clone()], path].concat()).collect();
    };
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(paths(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns the modules that `code`, of `module`, names through `crate::` or `super::`.
fn imports(code: &str, module: &Module, known: &BTreeSet<Module>) -> BTreeSet<Module> {
    let absolute = code.split("crate::").skip(1).flat_map(paths);
    let mut named: Vec<Module> = absolute.collect();
    let mut steps = 0;
    for rest in code.split("super::").skip(1) {
        steps += 1;
        if !rest.is_empty() {
            let parent = &module[..module.len().saturating_sub(steps)];
            named.extend(paths(rest).into_iter().map(|path| [parent.to_vec(), path].concat()));
            steps = 0;
        }
    }
    let longest =
        |path: Module| (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|one| known.contains(one));
    // A module and the ones below it belong together.
    let apart = |other: &Module| !other.starts_with(module) && !module.starts_with(other);
    named.into_iter().filter_map(longest).filter(apart).collect()
}

/// Returns a path through `graph` that leads back to where it began, if there is one.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn visit(
        at: &Module,
        graph: &BTreeMap<Module, BTreeSet<Module>>,
        path: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> bool {
        if let Some(start) = path.iter().position(|one| one == at) {
            path.drain(..start);
            return true;
        }
        path.push(at.clone());
        let open = !done.contains(at);
        if open && graph.get(at).into_iter().flatten().any(|next| visit(next, graph, path, done)) {
            return true;
        }
        path.pop();
        done.insert(at.clone());
        false
    }

    let (mut path, mut done) = (Vec::new(), BTreeSet::new());
    graph.keys().any(|start| visit(start, graph, &mut path, &mut done)).then_some(path)
}

/// Returns the code of `file` without comments: that of the module, and that of its tests.
fn code(file: &Path) -> (String, String) {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let (main, tests) = code.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&code, ""));
    (main.to_owned(), tests.to_owned())
}

/// Returns the directories with the sources of all crates.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let functions = fs::read_dir(root.join("functions")).unwrap().map(|entry| entry.unwrap().path());
    let sources: Vec<_> =
        [root.join("shared")].into_iter().chain(functions).map(|one| one.join("src")).collect();
    assert!(sources.len() > 8, "{sources:?}");
    sources
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    for source in sources() {
        let files = files(&source);
        let known: BTreeSet<_> = files.iter().map(|file| module_of(&source, file)).collect();
        let mut graph: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for file in &files {
            let module = module_of(&source, file);
            graph.entry(module.clone()).or_default().extend(imports(&code(file).0, &module, &known));
        }
        assert_eq!(circle(&graph), None, "{}", source.display());
    }
}

#[test]
fn a_room_imports_only_rooms_before_it() {
    let source = sources().remove(0);
    let declared = fs::read_to_string(source.join("lib.rs")).unwrap();
    let rooms = declared.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let rooms: Vec<_> = rooms.collect();
    let place =
        |module: &Module| rooms.iter().position(|room| module.first().is_some_and(|first| first == room));
    let files = files(&source);
    let known: BTreeSet<_> = files.iter().map(|file| module_of(&source, file)).collect();
    for file in files.iter().filter(|file| !file.ends_with("src/lib.rs")) {
        let module = module_of(&source, file);
        let own = place(&module).unwrap_or_else(|| panic!("{} is in no room", file.display()));
        let (main, tests) = code(file);
        let tests_module = [module.clone(), vec!["tests".to_owned()]].concat();
        let imported =
            imports(&main, &module, &known).into_iter().chain(imports(&tests, &tests_module, &known));
        for import in imported {
            assert!(
                place(&import).is_some_and(|other| other <= own),
                "{} imports {import:?}",
                file.display()
            );
        }
    }
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let known: BTreeSet<_> = ["a", "b", "c"].map(module).into();
    let import = |code: &str, of: &str| imports(code, &module(of), &known);
    let (a, b) = (import("use crate::{b::{self, X}, D};", "a"), import("use super::c::Y;", "b"));
    let graph = |c: &str| {
        BTreeMap::from([(module("a"), a.clone()), (module("b"), b.clone()), (module("c"), import(c, "c"))])
    };
    assert_eq!(circle(&graph("use serde::Serialize;")), None);
    assert_eq!(circle(&graph("fn f() -> crate::a::Z {}")), Some(["a", "b", "c"].map(module).to_vec()));
}
