//! docs/benchmarks.md.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use askama::Template;
use clap::Args;

use crate::report::Report;

/// The options of `bench page`.
#[derive(Args)]
pub(crate) struct Options {
    /// The directory of the page
    #[arg(long, default_value = "docs")]
    to: PathBuf,
}

#[derive(Template)]
#[template(path = "benchmarks.md.askama", escape = "none")]
struct Page {
    lambda: Report,
    throughput: Report,
    overload: Report,
    growth: Report,
}

impl Report {
    /// Returns a table of the page, with its caption. Fails if the report lacks it.
    fn table(&self, name: &str) -> Result<String, askama::Error> {
        let table = self.tables.iter().find(|table| table.name == name);
        let table = table.ok_or_else(|| missing(name))?;
        Ok(format!("{}\n\n{}", table.caption, table.markdown()))
    }

    /// Returns the link to a plot of the page.
    fn plot(&self, name: &str) -> Result<String, askama::Error> {
        let plot = self.plots.iter().find(|plot| plot.name == name).ok_or_else(|| missing(name))?;
        Ok(format!("![{}](benchmarks/{}.svg)", plot.title, plot.name))
    }
}

fn missing(name: &str) -> askama::Error {
    askama::Error::custom(format!("{name} is missing in the results: run the whole benchmark"))
}

/// Writes the page and its plots.
pub(crate) fn write(options: &Options, results: &Path) -> io::Result<()> {
    let report = |name| Report::load(results, name);
    let page = Page {
        lambda: report("lambda")?,
        throughput: report("throughput")?,
        overload: report("overload")?,
        growth: report("growth")?,
    };
    let plots = options.to.join("benchmarks");
    fs::create_dir_all(&plots)?;
    for plot in [&page.lambda, &page.throughput, &page.growth].into_iter().flat_map(|report| &report.plots) {
        let svg = plot.svg().map_err(io::Error::other)?;
        fs::write(plots.join(format!("{}.svg", plot.name)), svg)?;
    }
    fs::write(options.to.join("benchmarks.md"), page.render().map_err(io::Error::other)?)
}
