//! Bar charts in SVG that are readable on light and dark pages.

use askama::Template;
use serde::{Deserialize, Serialize};

/// A chart of horizontal bars, in groups.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plot {
    /// The file's name, without `.svg`.
    pub(crate) name: String,
    /// What is measured, in which unit, and whether more or less is better.
    pub(crate) title: String,
    pub(crate) groups: Vec<Group>,
}

/// The bars of one job.
#[derive(Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) label: String,
    pub(crate) bars: Vec<Bar>,
}

/// The value of one subject.
#[derive(Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The value as the page's tables write it.
    pub(crate) text: String,
    /// Whether the subject is Jeton itself.
    pub(crate) own: bool,
}

/// The width of the whole chart, of the labels before the bars, and of the longest bar, in pixels.
const WIDTH: u32 = 760;
const LABELS: u32 = 230;
const LONGEST: u32 = 430;
/// The heights of a bar's row, of a group's label, and of the title.
const ROW: u32 = 20;
const GROUP: u32 = 26;
const TITLE: u32 = 34;

/// One line of the chart: a group's label, or a bar.
struct Line<'a> {
    /// The line's upper edge.
    y: u32,
    label: &'a str,
    /// The bar's length, its value, and whether it is Jeton's.
    bar: Option<(f64, &'a str, bool)>,
}

#[derive(Template)]
#[template(path = "plot.svg", escape = "html")]
struct Svg<'a> {
    width: u32,
    height: u32,
    labels: u32,
    title: &'a str,
    lines: Vec<Line<'a>>,
}

impl Plot {
    /// Returns the chart.
    pub(crate) fn svg(&self) -> Result<String, askama::Error> {
        let bars = self.groups.iter().flat_map(|group| &group.bars);
        let most = bars.map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        let (mut lines, mut y) = (Vec::new(), TITLE);
        for group in &self.groups {
            lines.push(Line { y, label: &group.label, bar: None });
            y += GROUP;
            for bar in &group.bars {
                let length = bar.value / most * f64::from(LONGEST);
                lines.push(Line { y, label: &bar.label, bar: Some((length, &bar.text, bar.own)) });
                y += ROW;
            }
        }
        Svg { width: WIDTH, height: y + 8, labels: LABELS, title: &self.title, lines }.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_has_the_full_width() {
        let bar = |label: &str, value: f64| Bar {
            label: label.to_owned(),
            value,
            text: value.to_string(),
            own: label == "Jeton",
        };
        let groups =
            vec![Group { label: "a <job>".to_owned(), bars: vec![bar("Jeton", 2.0), bar("a peer", 1.0)] }];
        let svg = Plot { name: String::new(), title: "requests a second".to_owned(), groups }.svg().unwrap();
        assert!(svg.contains(r#"width="430""#) && svg.contains(r#"width="215""#), "{svg}");
        assert!(svg.contains("a &#60;job&#62;") && !svg.contains("<job>"), "{svg}");
    }
}
