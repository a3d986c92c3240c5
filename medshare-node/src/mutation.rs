//! Deliberate faults of a node, one at a time, that the simulation has to notice.
//!
//! Without the feature `mutants` none can be switched on, and the questions for one compile to
//! nothing.

/// A fault in a rule of the node, beside those of its replica.
#[cfg_attr(
    not(feature = "mutants"),
    allow(unreachable_pub, reason = "exported with the feature only")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// The replica is told that records are durable, and its messages leave, before the sync.
    SyncAfterSending,
    /// A checkpoint cuts the log before it makes the ledger durable.
    LogCutFirst,
    /// A copied log is taken for the original.
    CopyTakenForOriginal,
    /// A member whose log has the mark of a loss votes on.
    LossForgotten,
    /// A node whose disk was full forgets the transactions that wait.
    PauseForgetsTransactions,
    /// Ordered transactions stay in the pool.
    OrderedStayInPool,
    /// Transactions of other members are admitted without a check.
    AdmittedUnchecked,
}

#[cfg(feature = "mutants")]
impl Mutant {
    /// Every fault, in the order of the declaration.
    pub const ALL: [Self; 7] = [
        Self::SyncAfterSending,
        Self::LogCutFirst,
        Self::CopyTakenForOriginal,
        Self::LossForgotten,
        Self::PauseForgetsTransactions,
        Self::OrderedStayInPool,
        Self::AdmittedUnchecked,
    ];
}

/// The fault that a node has; none, and no bytes, without the feature `mutants`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mutation {
    #[cfg(feature = "mutants")]
    active: Option<Mutant>,
}

impl Mutation {
    #[cfg(feature = "mutants")]
    pub(crate) const fn of(mutant: Mutant) -> Self {
        let active = Some(mutant);
        Self { active }
    }

    /// True when the node has this fault.
    #[cfg(feature = "mutants")]
    pub(crate) fn is(self, mutant: Mutant) -> bool {
        self.active == Some(mutant)
    }

    /// Always false: without the feature there is no fault.
    #[cfg(not(feature = "mutants"))]
    pub(crate) const fn is(self, _: Mutant) -> bool {
        false
    }
}
