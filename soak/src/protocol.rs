//! The lines between parent and child, as JSON. The child's journal holds the same lines.

use serde::{Deserialize, Serialize};

/// A person, by organisation and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Who {
    pub(crate) organisation: String,
    pub(crate) name: String,
}

/// A line to the child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) call: Call,
}

/// A call of the SDK.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    Enrol {
        who: Who,
        attributes: Vec<String>,
    },
    Person {
        who: Who,
    },
    Seal(SealCall),
    Grant {
        patient: Who,
        record: String,
        /// Pseudonym of the reader.
        grantee: String,
        uses: Option<u32>,
    },
    Revoke {
        patient: Who,
        grant: String,
    },
    Open {
        reader: Who,
        grant: String,
    },
    Describe {
        reader: Who,
        record: String,
    },
    /// What the chain lists of a patient: records and grants.
    Patient {
        who: Who,
    },
    /// Pseudonyms of an organisation's people, as the chain lists them.
    People {
        organisation: String,
    },
    Health,
    /// All events of the chain up to now.
    History,
    Sweep {
        organisation: String,
        age_s: u64,
    },
    Silence {
        organisation: String,
        silent: bool,
    },
    Conduct {
        organisation: String,
        conduct: Conduct,
    },
    /// Fetches a damaged member's ledger from the others.
    Rebuild {
        organisation: String,
    },
    /// A member's clock is this much ahead of the machine's.
    Clock {
        organisation: String,
        offset_ms: i64,
    },
}

impl Call {
    /// Whether the result is acknowledged through the journal.
    pub(crate) const fn is_journaled(&self) -> bool {
        matches!(
            self,
            Self::Enrol { .. }
                | Self::Seal(_)
                | Self::Grant { .. }
                | Self::Revoke { .. }
                | Self::Open { .. }
        )
    }

    /// The kind of call, for counters.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Enrol { .. } => "enrol",
            Self::Person { .. } => "person",
            Self::Seal(_) => "seal",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::Open { .. } => "open",
            Self::Describe { .. } => "describe",
            Self::Patient { .. } => "list of a patient",
            Self::People { .. } => "list of people",
            Self::Health => "health",
            Self::History => "history",
            Self::Sweep { .. } => "sweep",
            Self::Silence { .. } => "silence",
            Self::Conduct { .. } => "conduct",
            Self::Rebuild { .. } => "rebuild",
            Self::Clock { .. } => "clock",
        }
    }
}

/// A record to be sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SealCall {
    pub(crate) organisation: String,
    pub(crate) subject: Who,
    pub(crate) policy: String,
    pub(crate) title: String,
    pub(crate) key: Option<String>,
    pub(crate) length: usize,
    pub(crate) seed: u64,
}

/// How a holder answers requests for shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Conduct {
    Honest,
    Refuse,
    Lie,
}

/// A line from the child.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first line of a consortium that runs.
    Ready(Ready),
    /// The consortium did not start, or did not stop well.
    Refused {
        code: String,
        text: String,
    },
    Reply(Reply),
}

/// What a started consortium tells of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// The trust anchor, in base64.
    pub(crate) anchor: String,
    /// For each member, the height verified from genesis.
    pub(crate) verified: Vec<u64>,
}

/// The end of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) id: u64,
    pub(crate) outcome: Outcome,
}

/// How a call ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Done(Answer),
    Failed(Failure),
}

/// The result of a call that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Person {
        id: String,
    },
    Sealed {
        record: String,
    },
    Granted {
        grant: String,
    },
    Opened {
        /// SHA-256 of the content.
        digest: String,
        length: u64,
        /// The encoded receipt, in base64.
        receipt: String,
    },
    Described {
        title: String,
    },
    Patient {
        records: Vec<String>,
        grants: Vec<ListedGrant>,
    },
    People {
        ids: Vec<String>,
    },
    Health {
        members: Vec<Member>,
    },
    History {
        events: Vec<Happened>,
    },
    Nothing,
}

/// A grant, as the chain lists it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListedGrant {
    pub(crate) id: String,
    pub(crate) revoked: bool,
    pub(crate) uses_left: Option<u32>,
    /// Tickets issued so far.
    pub(crate) tickets: u64,
}

/// A call that failed, and what the members told of themselves right after.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) health: Vec<Member>,
}

/// The health of one member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) organisation: String,
    /// Of its last block, if it runs.
    pub(crate) height: Option<u64>,
    pub(crate) ended: bool,
    pub(crate) problem: Option<String>,
}

/// An event of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Happened {
    pub(crate) height: u64,
    pub(crate) kind: EventKind,
    /// Identifier of the person, record or grant; the whole event for other kinds.
    pub(crate) of: String,
}

/// The kinds of events that the parent has rules for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventKind {
    Enrolled,
    Registered,
    Granted,
    Revoked,
    Ticket,
    Other,
}
