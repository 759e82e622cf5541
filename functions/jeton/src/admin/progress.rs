//! The progress of a long command, on standard error if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, and the messages above it. At the end it disappears.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins a line for items that the command finds among others, and does `done` to: their number is unknown before.
    pub(super) fn of_found(title: &'static str, done: &str) -> Self {
        // The bar's length is the number of items that were read.
        let template = format!("{{msg}}: {{human_pos}} {done} of {{human_len}} items read, {{elapsed}}");
        Self::new(title, Some(0), &template)
    }

    /// Begins a bar for this number of bytes. `None`: the number is unknown.
    pub(super) fn of_bytes(title: &'static str, all: Option<u64>) -> Self {
        let template = match all {
            Some(_) => "{msg} [{bar:30}] {bytes} of {total_bytes}, {eta} left",
            None => "{msg} {bytes}, {elapsed}",
        };
        Self::new(title, all, template)
    }

    fn new(title: &'static str, all: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr()).with_message(title);
        // With a wrong template, the bar has its default style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn advance(&self, by: u64) {
        self.0.inc(by);
    }

    /// Adds to the number of items that were read.
    pub(super) fn read(&self, items: u64) {
        self.0.inc_length(items);
    }

    /// Prints a message to standard error, above the bar.
    pub(super) fn message(&self, text: &str) {
        self.0.suspend(|| {
            #[expect(clippy::print_stderr, reason = "the command's own message")]
            {
                eprintln!("jeton: {text}");
            }
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
