//! Shell completions and manual pages, generated from the parser, and the JSON Schema of configuration files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{
    Arguments,
    admin::{
        self,
        output::{self, Output},
    },
};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// Write a page for each command into this directory, instead of the first page to standard output
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Completions {
    pub(crate) fn run(self) -> io::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "jeton", &mut script);
        output::write(&script).map(drop)
    }
}

impl Manual {
    pub(crate) fn run(self) -> io::Result<()> {
        let mut command = Arguments::command();
        command.build();
        let Some(directory) = self.output else { return output::write(&page(&command)?).map(drop) };
        fs::create_dir_all(&directory)?;
        write_pages(&command, &directory)
    }
}

/// Prints the JSON Schema of configuration files.
pub(crate) fn print_schema(output: Output) -> io::Result<()> {
    let schema = admin::schema();
    output.print(&schema, &format!("{schema:#}"))
}

/// Writes the page of `command`, and those of the commands below it.
fn write_pages(command: &Command, directory: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    fs::write(directory.join(format!("{name}.1")), page(command)?)?;
    // `help` has no page: it prints the same as --help.
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.into_iter().try_for_each(|below| write_pages(below, directory))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
