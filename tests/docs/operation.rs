//! `docs/operate.md` and `docs/costs.md`: every alarm of the template, and every metric of the code.

use std::{collections::BTreeMap, fs};

use yaml_rust2::{Yaml, YamlLoader};

use super::page::{Page, code_spans, files, numbers, root};

/// Reads the alarms of the template, with their properties.
fn alarms() -> BTreeMap<String, Yaml> {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template = YamlLoader::load_from_str(&template).unwrap().remove(0);
    let resources = template["Resources"].as_hash().unwrap().clone();
    let alarms =
        resources.into_iter().filter(|(_, alarm)| alarm["Type"].as_str() == Some("AWS::CloudWatch::Alarm"));
    alarms.map(|(name, alarm)| (name.as_str().unwrap().to_owned(), alarm["Properties"].clone())).collect()
}

#[test]
fn every_alarm_is_explained_with_its_threshold() {
    let mut alarms = alarms();
    for row in Page::read("docs/operate.md").table("Alarm").rows {
        let name = code_spans(&row[0]).remove(0);
        let alarm = alarms.remove(&name).unwrap_or_else(|| panic!("{name} is no alarm of the template"));
        let threshold = u64::try_from(alarm["Threshold"].as_i64().unwrap()).unwrap();
        assert_eq!(numbers(&row[1]), [threshold], "{name}: {}", row[1]);
    }
    assert!(alarms.is_empty(), "alarms that the page lacks: {:?}", alarms.keys());
}

/// CloudWatch permits no more.
#[test]
fn an_alarm_watches_at_most_ten_metrics() {
    for (name, alarm) in alarms() {
        let watched = alarm["Metrics"].as_vec().map_or(1, |metrics| metrics.len() - 1);
        assert!(watched <= 10, "{name} watches {watched}");
    }
}

#[test]
fn the_price_of_the_alarms_is_that_of_the_metrics_they_watch() {
    // The first of several is an expression over the others, which costs nothing.
    let watched = |alarm: &Yaml| alarm["Metrics"].as_vec().map_or(1, |metrics| metrics.len() - 1);
    let watched: usize = alarms().values().map(watched).sum();
    let page = Page::read("docs/costs.md");
    let price = format!("${}.{}0 a month ({watched} metrics)", watched / 10, watched % 10);
    let text = page.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&price), "docs/costs.md does not say: {price}");
}

/// Returns the word of an event in the log: its name in the code, in lower case and with underscores.
fn word(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// Reads the metrics of the code from the arms of `Event::dimensions`: name, word in the log, dimensions.
fn metrics() -> Vec<(String, String, Vec<String>)> {
    let files = files(&root().join("shared/src"), "rs");
    let audit = files.iter().find(|path| path.ends_with("audit.rs")).unwrap();
    let text = fs::read_to_string(audit).unwrap();
    let (_, dimensions) = text.split_once("const fn dimensions(").unwrap();
    let (arms, _) = dimensions.split_once("\n    }\n").unwrap();
    let metric = |arm: &str| {
        let (event, dimensions) = arm.split_once("Self::")?.1.split_once(' ')?;
        let dimensions = dimensions.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        Some((event.to_owned(), word(event), dimensions))
    };
    let mut metrics: Vec<_> = arms.lines().filter_map(metric).collect();
    metrics.sort();
    metrics
}

#[test]
fn every_metric_is_listed_with_its_event_and_its_dimensions() {
    let rows = Page::read("docs/operate.md").table("Metric").rows.into_iter();
    let mut listed: Vec<_> = rows
        .map(|row| (code_spans(&row[0]).remove(0), code_spans(&row[1]).remove(0), code_spans(&row[3])))
        .collect();
    listed.sort();
    assert!(listed.len() > 10, "{listed:?}");
    assert_eq!(listed, metrics());
}

#[test]
fn every_event_that_an_operator_searches_for_exists() {
    let words: Vec<String> = metrics().into_iter().map(|(_, word, _)| word).collect();
    let page = Page::read("docs/operate.md");
    let searched = page.text.split("audit = \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
    let searched: Vec<&str> = searched.collect();
    assert!(searched.len() >= 5, "{searched:?}");
    for word in searched {
        assert!(words.iter().any(|known| known == word), "no event is called {word}");
    }
}
