//! `docs/commands.md`: the help of every command.

use std::{fmt::Write as _, fs, process::Command};

use super::page::{Page, root};

/// The end of the part that is written by hand.
const MARK: &str =
    "<!-- Generated from here on: JETON_WRITE_DOCS=1 cargo test -p jeton --test http -- docs -->\n";

/// Returns the help of the command with these words.
fn help(words: &[String]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_jeton")).args(words).arg("--help").env_clear().output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the names of the commands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = list.take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

/// Adds a section for the command with these words, and one for each command below it.
fn describe(words: &[String], text: &mut String) {
    let help = help(words);
    let name = [&["jeton".to_owned()], words].concat().join(" ");
    let heading = "#".repeat(words.len().min(2) + 2);
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    writeln!(text, "\n{heading} {name}\n\n```\n{}\n```", lines.join("\n")).unwrap();
    for subcommand in subcommands(&help) {
        describe(&[words, &[subcommand]].concat(), text);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test run's own configuration")]
fn the_command_reference_is_the_help_of_every_command() {
    let page = Page::read("docs/commands.md");
    let (by_hand, _) =
        page.text.split_once(MARK).expect("a mark between what is written and what is generated");
    let mut generated = String::new();
    describe(&[], &mut generated);
    let expected = format!("{by_hand}{MARK}{generated}");
    if std::env::var("JETON_WRITE_DOCS").is_ok() {
        fs::write(root().join(&page.path), expected).unwrap();
        return;
    }
    assert!(generated.matches("\n## ").count() == 1 && generated.matches("\n### ").count() >= 5);
    assert!(
        page.text == expected,
        "docs/commands.md is out of date: JETON_WRITE_DOCS=1 cargo test -p jeton --test http -- docs"
    );
}
