//! `docs/configuration.md`: every variable that the code reads, and every parameter of the template.

use std::{collections::BTreeSet, fs, process::Command};

use yaml_rust2::{Yaml, YamlLoader};

use super::page::{Page, code_spans, files, root};

/// Row of the page: a variable, a parameter, or a parameter with the variable that it sets.
#[derive(Debug)]
struct Setting {
    variable: Option<String>,
    parameter: Option<String>,
    values: String,
    default: String,
    default_in_aws: String,
}

/// Reads the rows of the page.
fn settings() -> Vec<Setting> {
    let tables = Page::read("docs/configuration.md").tables();
    let tables = tables.into_iter().filter(|table| table.header[..2] == ["Variable", "Parameter"]);
    let rows = tables.flat_map(|table| table.rows).map(|row| {
        let [variable, parameter, _, values, default, default_in_aws] = <[String; 6]>::try_from(row).unwrap();
        let name = |cell: &str| code_spans(cell).into_iter().next();
        let (variable, parameter) = (name(&variable), name(&parameter));
        Setting { variable, parameter, values, default, default_in_aws }
    });
    let settings: Vec<_> = rows.collect();
    assert!(settings.len() > 30, "{} settings", settings.len());
    settings
}

/// Reads all code of the functions, of the command and of the library.
fn code() -> String {
    let files = ["shared/src", "functions"].iter().flat_map(|place| files(&root().join(place), "rs"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Returns a cell without the commas between digits, and without backquotes.
fn plain(cell: &str) -> String {
    cell.replace([',', '`'], "")
}

/// Reads the parameters of the template, with their properties.
fn parameters() -> Vec<(String, Yaml)> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let parameters = template["Parameters"].as_hash().unwrap().clone();
    parameters.into_iter().map(|(name, properties)| (name.as_str().unwrap().to_owned(), properties)).collect()
}

/// Returns a string or a number as text.
fn text(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the default of a numeric variable, if the code names it beside the variable and its range.
pub(super) fn default_in_code(variable: &str) -> Option<u64> {
    let (code, start) = (code(), format!("\"{variable}\", "));
    let mut numbers = code.split(&start).skip(1).filter_map(|rest| {
        let (range, rest) = rest.split_once(", ")?;
        let number = rest.split_once(')')?.0;
        range.contains("..=").then(|| number.replace('_', "").parse().ok())?
    });
    numbers.next()
}

#[test]
fn the_page_lists_the_variables_that_the_code_reads() {
    let listed: Vec<String> = settings().into_iter().filter_map(|setting| setting.variable).collect();
    let listed: BTreeSet<String> = listed.into_iter().filter(|name| name.starts_with("JETON_")).collect();
    let code = code();
    let literals = code.split("\"JETON_").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
    let read: BTreeSet<String> = literals
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .map(|name| format!("JETON_{name}"))
        .collect();
    assert_eq!(listed, read);
}

#[test]
fn the_page_says_which_values_a_variable_takes_and_what_its_default_is() {
    let (mut ranges, mut defaults) = (0, 0);
    for setting in settings() {
        let Some(variable) = setting.variable.filter(|name| name.starts_with("JETON_")) else { continue };
        // A tab is no value of any variable.
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        let output = command.args(["client", "list"]).env_clear().env(&variable, "\t").output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}: {message}");
        let (_, expected) = message.trim_end().split_once("but must be ").unwrap();
        if expected.starts_with(|c: char| c.is_ascii_digit()) {
            assert!(
                plain(&setting.values).contains(expected),
                "{variable}: {} is {expected}",
                setting.values
            );
            ranges += 1;
        }
        if let Some((_, languages)) = expected.split_once("the languages are ") {
            let listed = code_spans(&setting.values);
            let missing: Vec<_> =
                languages.split(", ").filter(|tag| !listed.iter().any(|span| span == tag)).collect();
            assert!(missing.is_empty(), "{variable}: docs/configuration.md lacks {missing:?}");
        }
        if let Some(default) = default_in_code(&variable) {
            assert_eq!(plain(&setting.default), default.to_string(), "{variable}");
            defaults += 1;
        }
    }
    assert!(ranges >= 9 && defaults >= 7, "{ranges} ranges, {defaults} defaults");
}

#[test]
fn the_page_lists_the_parameters_of_the_template() {
    let settings = settings();
    let listed: BTreeSet<&str> = settings.iter().filter_map(|setting| setting.parameter.as_deref()).collect();
    let parameters = parameters();
    let declared: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(listed, declared);
}

#[test]
fn the_page_says_which_values_a_parameter_takes_and_what_its_default_is() {
    let settings = settings();
    for (name, properties) in parameters() {
        let setting = settings.iter().find(|setting| setting.parameter.as_ref() == Some(&name)).unwrap();
        let (values, default) = (plain(&setting.values), plain(&setting.default_in_aws));
        let expected = text(&properties["Default"]).filter(|text| !text.is_empty());
        let expected = plain(&expected.unwrap_or_else(|| "empty".to_owned()));
        assert!(default.starts_with(&expected), "{name}: {default} is {expected}");
        let bound = |property: &str| text(&properties[property]);
        let range = match (bound("MinValue"), bound("MaxValue")) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            _ => String::new(),
        };
        assert!(values.contains(&range), "{name}: {values} is {range}");
        for allowed in properties["AllowedValues"].as_vec().into_iter().flatten() {
            let allowed = text(allowed).unwrap();
            let quoted = code_spans(&setting.values).contains(&allowed);
            let number =
                super::page::numbers(&setting.values).iter().any(|there| there.to_string() == allowed);
            assert!(quoted || number, "{name}: {} lacks {allowed}", setting.values);
        }
    }
}
