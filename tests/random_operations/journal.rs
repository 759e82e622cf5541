//! What happened during the run, for the message of a failure.

use std::collections::VecDeque;

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The grant with this id.
    Grant(String),
    /// The client with this number, and its grants.
    Client(usize),
    /// The user with this number.
    User(usize),
    /// All of the deployment.
    Everything,
}

#[derive(Debug, Default)]
pub struct Journal(VecDeque<(usize, About, String)>);

impl Journal {
    /// The number of entries that are kept.
    const MOST: usize = 4_000;
    /// The number of entries of a message.
    const TOLD: usize = 40;

    pub fn add(&mut self, step: usize, about: About, text: String) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back((step, about, text));
    }

    /// Returns the last entries about any of these.
    pub fn about(&self, involved: &[About]) -> String {
        let told = self
            .0
            .iter()
            .rev()
            .filter(|(_, about, _)| *about == About::Everything || involved.contains(about));
        let mut lines: Vec<_> =
            told.take(Self::TOLD).map(|(step, _, text)| format!("{step}: {text}")).collect();
        lines.reverse();
        lines.join("\n")
    }
}
