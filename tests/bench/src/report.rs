//! What a benchmark found.

use std::{fs, io, path::Path};

use comfy_table::presets::ASCII_MARKDOWN;
use serde::{Deserialize, Serialize};

use crate::{machine::Machine, plot::Plot};

/// The tables and plots of one benchmark, in the order of the page.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    /// The benchmark's name, such as `lambda`.
    pub(crate) name: String,
    pub(crate) machine: Machine,
    pub(crate) tables: Vec<Table>,
    pub(crate) plots: Vec<Plot>,
}

/// One table.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table {
    /// What the page's template calls the table.
    pub(crate) name: String,
    /// One sentence: what is measured, in which unit.
    pub(crate) caption: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Report {
    /// Prints the tables.
    pub(crate) fn print(&self) {
        for table in &self.tables {
            #[expect(clippy::print_stdout, reason = "the command's output")]
            {
                println!("\n{}\n\n{}", table.caption, table.markdown());
            }
        }
    }

    /// Writes the report into the directory of results.
    pub(crate) fn save(&self, results: &Path) -> io::Result<()> {
        fs::create_dir_all(results)?;
        fs::write(results.join(format!("{}.json", self.name)), serde_json::to_vec_pretty(self)?)
    }

    /// Reads the report of a benchmark.
    pub(crate) fn load(results: &Path, name: &str) -> io::Result<Self> {
        let path = results.join(format!("{name}.json"));
        let text = fs::read(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Table {
    /// Returns the table in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(&self.columns).add_rows(&self.rows);
        table.to_string()
    }
}
