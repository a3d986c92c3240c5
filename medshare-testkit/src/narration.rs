//! A run in words, for a reader that looks for the first bad step.

/// The steps of a run, one a line.
#[derive(Clone, Debug, Default)]
pub struct Narration {
    /// What happened, in order.
    pub steps: Vec<String>,
    /// Index of the first step after which a property was broken.
    pub first_bad: Option<usize>,
}

impl Narration {
    /// Index of the first bad step, or else of the last step in which a block was committed.
    #[must_use]
    pub fn turning_point(&self) -> usize {
        let commits = |step: &String| step.contains("COMMITS");
        let last = self.steps.iter().rposition(commits);
        self.first_bad.or(last).unwrap_or(0)
    }
}
