//! Drives a replica through every cell of the table in `slot.rs`.

use medshare_testkit::fixtures::Members;
use medshare_types::attestation::attestations_root;
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::{BlockHeader, ExecutedRoots};
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use super::slot::{Candidate, OwnVote, Stage};
use super::{Parent, Replica};
use crate::config::{Config, Tip};
use crate::credit::EpochRule;
use crate::io::{Input, Now, Timer, Verdict};
use crate::log_record::LogPosition;
use crate::message::{Authenticated, Decided, Message};
use crate::proposal::{Payload, Proposal};
use crate::record::ChainRecord;
use crate::rejected::Rejected;
use crate::turns::Mode;
use crate::view_change::{NewView, PreparedCertificate, ViewChange, ViewChangeVote, ViewProof};
use crate::vote::{PrePrepare, Vote};

const STAGES: [Option<Stage>; 7] = [
    None,
    Some(Stage::Untimely),
    Some(Stage::Unexecuted),
    Some(Stage::Validating),
    Some(Stage::Deferred),
    Some(Stage::Refused),
    Some(Stage::Prepared),
];

#[derive(Clone, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
struct Empty;

impl Payload for Empty {
    fn root(&self) -> Digest {
        digest("test/empty/v1", &[])
    }

    fn is_empty(&self) -> bool {
        true
    }
}

/// A tip at height 1, and the proposal of height 2.
struct Fixture {
    members: Members,
    proposal: Proposal<Empty>,
}

impl Fixture {
    fn new() -> Self {
        let members = Members::new(4);
        let header = BlockHeader {
            chain: members.chain(),
            height: Height(2),
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: digest("test/parent/v1", &[]),
            time: Timestamp::from_millis(10_000),
            transactions: Empty.root(),
            attestations: attestations_root(&[]),
            executed: roots(b"same"),
            next_committee: members.committee().digest(),
        };
        Self {
            members,
            proposal: Proposal {
                header,
                payload: Empty,
                attestations: Vec::new(),
            },
        }
    }

    fn vote(&self, seat: u16, phase: Phase) -> Vote {
        let chain = self.members.chain();
        Vote::sign(
            &chain,
            self.proposal.ballot_in(View(0)),
            phase,
            self.members.key(seat),
        )
    }

    fn view_change(&self, seat: u16, claimed: bool) -> ViewChange {
        let votes = [0, 2, 3].map(|n| (ReplicaId(n), self.vote(n, Phase::Prepare).signature));
        let certificate = claimed.then(|| PreparedCertificate {
            ballot: self.proposal.ballot_in(View(0)),
            votes: votes.to_vec(),
        });
        let claim = certificate.as_ref().map(PreparedCertificate::claim);
        let subject = (Epoch(0), Height(2), View(2));
        let key = self.members.key(seat);
        ViewChange {
            vote: ViewChangeVote::sign(&self.members.chain(), subject, claim, key),
            certificate,
        }
    }

    /// Seat 2 proposes the block again in view 2.
    fn new_view(&self) -> NewView<Empty> {
        let changes = [0, 2, 3].map(|n| (ReplicaId(n), self.view_change(n, true)));
        let ballot = self.proposal.ballot_in(View(2));
        let key = self.members.key(2);
        let vote = Vote::sign(&self.members.chain(), ballot, Phase::Prepare, key);
        let votes = changes.iter().map(|(n, change)| (*n, change.vote));
        NewView {
            proof: ViewProof {
                view_changes: votes.collect(),
                certificate: changes[0].1.certificate.clone(),
            },
            pre_prepare: PrePrepare {
                view: View(2),
                proposal: self.proposal.clone(),
                signature: vote.signature,
            },
        }
    }

    fn pre_prepare(&self) -> PrePrepare<Empty> {
        PrePrepare {
            view: View(0),
            proposal: self.proposal.clone(),
            signature: self.vote(0, Phase::Prepare).signature,
        }
    }

    fn decided(&self) -> Decided<Empty> {
        let vote = |seat| (ReplicaId(seat), self.vote(seat, Phase::Commit).signature);
        Decided {
            proposal: self.proposal.clone(),
            certificate: CommitCertificate {
                ballot: self.proposal.ballot_in(View(0)),
                votes: [0, 2, 3].map(vote).to_vec(),
            },
        }
    }

    /// A replica whose candidate is at `stage`. Height 1 is executed on the primary only, so that
    /// L17 does not follow at once.
    fn replica(&self, seat: u16, stage: Option<Stage>) -> Replica<Empty> {
        let config = Config {
            replica: ReplicaId(seat),
            signing_keys: vec![self.members.key(seat).clone()],
            chain: self.members.chain(),
            parameters: ChainParameters::default(),
            resend_ms: 1_000,
            heartbeat_ms: 5_000,
        };
        let created = Timestamp::from_millis(0);
        let committee = self.members.committee();
        let record = ChainRecord::new(Mode::Credit, EpochRule::default(), committee, [], 4);
        let tip = Tip::genesis(created, Digest::ZERO, Digest::ZERO, record);
        let mut replica = Replica::new(config, tip).unwrap();
        let mut first = self.proposal.header.clone();
        first.height = Height(1);
        first.proposer = ReplicaId(3);
        replica.record.absorb(&first, &[]);
        replica.tip = Parent {
            height: Height(1),
            digest: self.proposal.header.previous,
            time: Timestamp::from_millis(9_000),
            ordered: true,
        };
        if seat == 0 {
            replica.executed = roots(b"same");
            replica.record.learn(Height(1), &[]);
        }
        replica.current.candidate = stage.map(|stage| Candidate {
            proposal: self.proposal.clone(),
            ballot: self.proposal.ballot_in(View(0)),
            stage,
            opening: None,
        });
        if stage == Some(Stage::Prepared) {
            replica.current.accepted = Some(self.proposal.clone());
            replica.current.own_prepare = Some(OwnVote {
                vote: self.vote(seat, Phase::Prepare),
                position: LogPosition(0),
            });
        }
        replica
    }

    /// The inputs of a row, and when they arrive.
    fn inputs(&self, row: &str) -> (Timestamp, Vec<Input<Empty>>) {
        let now = self.proposal.header.time;
        let late = now.plus_millis(60_000);
        let from = |sender, message| {
            let sender = ReplicaId(sender);
            Input::Message(Authenticated { sender, message })
        };
        let prepare = |seat| from(seat, Message::Prepare(self.vote(seat, Phase::Prepare)));
        let commit = |seat| from(seat, Message::Commit(self.vote(seat, Phase::Commit)));
        let verdict = |verdict| {
            let digest = self.proposal.header.digest();
            Input::Validated { digest, verdict }
        };
        let proposed = || from(0, Message::PrePrepare(self.pre_prepare()));
        match row {
            "request" => (now, vec![Input::Request(Empty)]),
            "first proposal, timely" => (now, vec![proposed()]),
            "first proposal, late" => (late, vec![proposed()]),
            "proposed again" => (late, vec![from(2, Message::NewView(self.new_view()))]),
            "later view" => {
                let change = |n| from(n, Message::ViewChange(self.view_change(n, false)));
                (now, [0, 3].map(change).to_vec())
            }
            "f+1 prepares" => (late, [2, 3].map(prepare).to_vec()),
            "executed, same roots" => {
                let roots = roots(b"same");
                (
                    now,
                    vec![Input::Executed {
                        roots,
                        facts: vec![],
                    }],
                )
            }
            "executed, differing" => {
                let roots = roots(b"other");
                (
                    now,
                    vec![Input::Executed {
                        roots,
                        facts: vec![],
                    }],
                )
            }
            "verdict valid" => (now, vec![verdict(Verdict::Valid)]),
            "verdict invalid" => (now, vec![verdict(Verdict::Invalid)]),
            "verdict deferred" => (now, vec![verdict(Verdict::Deferred)]),
            "q prepares" => (late, [0, 2, 3].map(prepare).to_vec()),
            "q commits" => (now, [0, 2, 3].map(commit).to_vec()),
            "tick" => (late, vec![Input::Timer(Timer::Resend)]),
            "decided block" => (now, vec![from(2, Message::Decided(self.decided()))]),
            other => panic!("no inputs for the row {other}"),
        }
    }
}

/// Roots of height 1.
fn roots(state: &[u8]) -> ExecutedRoots {
    ExecutedRoots {
        height: Height(1),
        state: digest("test/state/v1", &[state]),
        receipts: Digest::ZERO,
    }
}

/// Label and cells of every row.
fn rows() -> Vec<(String, Vec<String>)> {
    let source = include_str!("slot.rs");
    let table = source.split("```").nth(1).expect("the table");
    let table = table.strip_prefix("text").expect("a block of text");
    let lines = table.lines().map(|line| line.trim_start_matches("//!"));
    let rows = lines.filter_map(|line| {
        let (label, rest) = line.split_once(" L")?;
        let cells = rest.split_whitespace().skip(1).map(str::to_owned);
        Some((label.trim().to_owned(), cells.collect()))
    });
    rows.collect()
}

#[test]
fn every_cell_of_the_stage_table_is_true() {
    let fixture = Fixture::new();
    let rows = rows();
    assert_eq!(rows.len(), 15);
    for (row, cells) in rows {
        assert_eq!(cells.len(), STAGES.len(), "{row}");
        for (before, cell) in STAGES.into_iter().zip(cells) {
            if cell == "–" {
                continue;
            }
            let seat = u16::from(row != "request");
            let mut replica = fixture.replica(seat, before);
            let (wall, inputs) = fixture.inputs(&row);
            let now = Now {
                wall,
                monotonic_ms: 0,
            };
            let mut outcome = Ok(());
            for input in inputs {
                outcome = outcome.and(replica.handle(now, input));
            }
            let after = replica.current.candidate.as_ref().map(|c| c.stage);
            let is_decided = replica.height() == Height(2);
            let context = format!("{row} at {before:?}: {outcome:?}");
            assert_eq!(is_decided, cell.contains('³'), "{context}");
            match cell.trim_end_matches(['¹', '²', '³']) {
                "·" => assert_eq!(after, before, "{context}"),
                "none" => assert_eq!(after, None, "{context}"),
                "refused" => {
                    assert_eq!(after, before, "{context}");
                    assert!(
                        matches!(outcome, Err(Rejected::InFlight { .. })),
                        "{context}"
                    );
                }
                name => assert_eq!(format!("{:?}", after.unwrap()), name, "{context}"),
            }
        }
    }
}
