//! Completion scripts and manual pages.

use std::{fs, process::Stdio};

use crate::harness::process::{Directory, fails, jeton, run};
use tokio::process::Command;

#[tokio::test]
async fn bash_completes_commands_options_and_their_values() {
    let output = run(&["completions", "bash"]).await;
    let directory = Directory::new();
    let script = directory.join("jeton.bash");
    fs::write(&script, output.stdout).unwrap();
    let complete = async |words: &str| {
        let ask = format!(
            "source {script}; COMP_WORDS=(jeton {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _jeton jeton \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("ap").await, "apply");
    assert_eq!(complete("apply --secr").await, "--secrets-to");
    assert_eq!(complete("client rot").await, "rotate-secret");
    assert_eq!(complete("client create --grant author").await, "authorization_code");
    assert_eq!(complete("sch").await, "schema");
}

#[tokio::test]
async fn every_shell_has_a_script_and_an_unknown_one_is_an_error() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]).await;
        assert!(output.status.success() && output.stdout.len() > 1_000, "{shell}");
    }
    fails(&run(&["completions", "cmd"]).await, 2, "possible values: bash, elvish, fish, powershell, zsh");
}

#[tokio::test]
async fn each_command_has_a_manual_page() {
    let directory = Directory::new();
    let output = run(&["man", "--output", &directory.join("man1")]).await;
    assert!(output.status.success(), "{output:?}");
    for (page, words) in [
        ("jeton", "SUBCOMMANDS"),
        ("jeton-apply", "secrets\\-to"),
        ("jeton-client-rotate-secret", "overlap"),
        ("jeton-man", "roff"),
    ] {
        let text = fs::read_to_string(directory.join(&format!("man1/{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")) && text.contains(words), "{text}");
    }
    let first = run(&["man"]).await.stdout;
    assert_eq!(first, fs::read(directory.join("man1/jeton.1")).unwrap());
    fails(&run(&["man", "--output", "/dev/null/x"]).await, 1, "Not a directory");
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_no_failure() {
    let mut child = jeton(&["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().await.unwrap().success());
}
