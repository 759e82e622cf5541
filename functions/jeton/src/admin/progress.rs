//! The progress of a long command, on standard error if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar, and the messages above it. At the end it disappears.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins a bar for this number of items.
    pub(super) fn of_items(title: &'static str, all: usize) -> Self {
        Self::new(title, u64::try_from(all).ok().filter(|all| *all > 0), "{pos} of {len}, {eta} left")
    }

    /// Begins a bar for this number of bytes. `None`: the number is unknown.
    pub(super) fn of_bytes(title: &'static str, all: Option<u64>) -> Self {
        Self::new(title, all, "{bytes} of {total_bytes}, {eta} left")
    }

    fn new(title: &'static str, all: Option<u64>, rest: &str) -> Self {
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr()).with_message(title);
        let template = match all {
            Some(_) => format!("{{msg}} [{{bar:30}}] {rest}"),
            None => "{msg} {bytes}, {elapsed}".to_owned(),
        };
        // With a wrong template, the bar has its default style.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn advance(&self, by: u64) {
        self.0.inc(by);
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
