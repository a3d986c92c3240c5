//! The log of a run, and what the checker finds in logs that were changed.

use std::sync::LazyLock;

use medshare_consensus::credit::EpochRule;
use medshare_consensus::{ViewChangeVote, Vote};
use medshare_testkit::behaviour::Silent;
use medshare_testkit::checker::{RecordedBlock, Role, RunLog, Said, Signed, check, check_log};
use medshare_testkit::{Scenario, Setting, Simulation};
use medshare_types::attestation::{Attested, attestations_root};
use medshare_types::certificate::{Ballot, Phase};
use medshare_types::hash::Digest;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::wire::Wire as _;

const SILENT: ReplicaId = ReplicaId(1);

fn setting() -> Setting {
    Setting::new(4).unwrap_or_else(|error| panic!("{error}"))
}

/// Enough heights for two epochs.
const HEIGHTS: u64 = 170;

/// A run of four members, one of which is silent. Two epochs end.
static RECORDED: LazyLock<RunLog> = LazyLock::new(|| {
    let scenario = Scenario::new(1, 4).unwrap_or_else(|error| panic!("{error}"));
    let rule = EpochRule {
        heights: 80,
        min_ms: 0,
    };
    let scenario = scenario
        .with_heights(HEIGHTS)
        .with_epochs(rule)
        .with_deadline_ms(600_000)
        .with_byzantine(SILENT, |_, _| Box::new(Silent));
    let report = Simulation::new(scenario).run();
    assert_eq!(report.violations, []);
    RunLog::from_wire(&report.log).unwrap_or_else(|error| panic!("{error}"))
});

fn recorded() -> RunLog {
    RECORDED.clone()
}

/// The rules that the log breaks, each once, in the order of the first member that breaks it.
fn faults(log: &RunLog) -> Vec<&'static str> {
    let mut rules: Vec<&str> = Vec::new();
    for fault in check_log(log).faults {
        if !rules.contains(&fault.what) {
            rules.push(fault.what);
        }
    }
    rules
}

fn changed(log: &RunLog, change: impl FnOnce(&mut RunLog)) -> Vec<&'static str> {
    let mut log = log.clone();
    change(&mut log);
    faults(&log)
}

#[test]
fn a_good_run_breaks_no_rule_and_its_log_tells_what_happened() {
    let log = recorded();
    let findings = check(&log.to_wire()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(findings.faults, []);
    assert!(findings.culprits.is_empty());
    assert!(!findings.lost_turns.is_empty());
    let of_silent = findings.lost_turns.iter();
    assert!(of_silent.clone().all(|turn| turn.seat == SILENT));
    let rows = &log.members[0].standings;
    let last = &rows.last().unwrap_or_else(|| panic!("rows")).of;
    assert!(last[0].score > 500 && last[1].score < 500, "{last:?}");
    assert!(last[1].banned_until > Height(HEIGHTS));
    assert!(check(&log.to_wire()[..100]).is_err());
}

#[test]
fn a_certificate_that_is_not_a_quorums_is_found() {
    let log = recorded();
    let certificate = |log: &mut RunLog| log.members[0].decisions[5].1.clone();
    let with = |change: &dyn Fn(&mut medshare_types::certificate::CommitCertificate)| {
        changed(&log, |log| {
            let mut of = certificate(log);
            change(&mut of);
            log.members[0].decisions[5].1 = of;
        })
    };
    assert_eq!(
        with(&|of| of.votes.truncate(2)),
        ["a certificate without a quorum"]
    );
    assert_eq!(
        with(&|of| of.votes[1] = of.votes[0]),
        ["a certificate whose signers do not ascend"]
    );
    assert_eq!(
        with(&|of| of.votes[1].1 = of.votes[0].1),
        ["a certificate with a bad signature"]
    );
    assert_eq!(
        with(&|of| of.ballot.view = View(9)),
        ["a certificate with a bad signature"]
    );
    assert_eq!(
        with(&|of| of.ballot.digest = Digest::ZERO),
        ["a certificate of another block"]
    );
}

#[test]
fn a_chain_out_of_order_is_found() {
    let log = recorded();
    let gap = changed(&log, |log| drop(log.members[0].decisions.remove(7)));
    assert_eq!(gap[0], "heights are not consecutive");
    type Change = fn(&mut RunLog);
    let rules: [(&str, Change); 7] = [
        ("the time", |log| log.blocks[7].header.time = log.created),
        ("the parent", |log| {
            log.blocks[7].header.previous = Digest::ZERO
        }),
        ("the executed height", |log| {
            log.blocks[7].header.executed.height = Height(6)
        }),
        ("the committee", |log| {
            log.blocks[7].header.next_committee = Digest::ZERO
        }),
        ("the turn", |log| log.blocks[7].header.proposer = SILENT),
        ("the root of attestations", |log| {
            log.blocks[7].attestations.clear()
        }),
        ("heights are not consecutive", |log| {
            log.blocks[7].header.height = Height(9);
        }),
    ];
    for (rule, change) in rules {
        let found = changed(&log, change);
        assert!(found.contains(&rule), "{rule}: {found:?}");
    }
}

#[test]
fn a_recorded_vote_that_no_block_may_record_is_found() {
    let log = recorded();
    let with = |change: &dyn Fn(&mut Vec<medshare_types::attestation::Attestation>)| {
        changed(&log, |log| {
            let block = &mut log.blocks[20];
            change(&mut block.attestations);
            block.header.attestations = attestations_root(&block.attestations);
        })
    };
    let found = |rule, change: &dyn Fn(&mut Vec<_>)| {
        let faults = with(change);
        assert!(faults.contains(&rule), "{rule}: {faults:?}");
    };
    found("attestations that do not ascend", &|votes| votes.reverse());
    found("an attestation that its signer did not sign", &|votes| {
        votes[0].signature = votes[1].signature;
    });
    found("an attestation of a height that is not open", &|votes| {
        votes[0].height = Height(1);
    });
    let earlier = log.blocks[19].attestations[0];
    found("an attestation that is recorded already", &|votes| {
        votes.insert(0, earlier)
    });
    found("more than eight late votes of a member", &|votes| {
        let mut late = votes[0];
        late.attested = Attested::Late;
        votes.extend((0..9).map(|view| {
            late.view = View(view);
            late
        }));
    });
}

/// Each epoch has its own keys, and its last header names the committee of the next.
#[test]
fn a_certificate_is_judged_by_the_committee_of_its_epoch() {
    let log = recorded();
    let ends: Vec<_> = log
        .blocks
        .windows(2)
        .map(|of| [0, 1].map(|n| &of[n].header))
        .collect();
    let ends = ends
        .iter()
        .filter(|[last, first]| last.epoch != first.epoch);
    let ends: Vec<_> = ends.map(|[last, _]| last.height.0).collect();
    assert_eq!(ends, [80, 160]);
    let of_height = |height: usize| log.members[0].decisions[height - 1].1.clone();
    let signed = |height: usize, key_of: Epoch| {
        let mut certificate = of_height(height);
        let ballot = certificate.ballot;
        let statement = ballot.statement(&log.chain, Phase::Commit);
        for (member, signature) in &mut certificate.votes {
            *signature = setting().key_in(*member, key_of).sign(&statement);
        }
        changed(&log, |log| {
            log.members[0].decisions[height - 1].1 = certificate
        })
    };
    let bad = ["a certificate with a bad signature"];
    assert_eq!(signed(80, Epoch(0)), Vec::<&str>::new());
    assert_eq!(signed(80, Epoch(1)), bad);
    assert_eq!(signed(81, Epoch(0)), bad);
    assert_eq!(signed(81, Epoch(1)), Vec::<&str>::new());
    let late = changed(&log, |log| {
        let own = log.blocks[78].header.next_committee;
        log.blocks[79].header.next_committee = own;
    });
    assert!(late.contains(&"the committee"), "{late:?}");
    let early = changed(&log, |log| log.epoch_heights = 79);
    assert!(early.contains(&"the committee"), "{early:?}");
    assert!(early.contains(&"the epoch"), "{early:?}");
}

/// Keys come from what blocks tell, and blocks tell what their headers name.
#[test]
fn a_payload_that_the_header_does_not_name_is_found() {
    let log = recorded();
    let telling = |block: &&mut RecordedBlock| block.payload.starts_with(b"facts");
    let found = changed(&log, |log| {
        let told = log.blocks.iter_mut().find(telling);
        let told = told.unwrap_or_else(|| panic!("a key is registered"));
        told.payload = vec![1];
    });
    assert!(found.contains(&"the payload"), "{found:?}");
    assert!(found.contains(&"the committee"), "{found:?}");
}

/// What a member had of a seat is compared, number by number, after every height.
#[test]
fn credit_that_differs_from_the_chain_is_found() {
    let log = recorded();
    let with = |change: &dyn Fn(&mut medshare_testkit::checker::Standing)| {
        changed(&log, |log| {
            let rows = &mut log.members[2].standings;
            let row = rows.last_mut().unwrap_or_else(|| panic!("rows"));
            change(&mut row.of[usize::from(SILENT.0)]);
        })
    };
    assert_eq!(with(&|_| {}), Vec::<&str>::new());
    assert_eq!(with(&|seat| seat.score += 1), ["credit"]);
    assert_eq!(with(&|seat| seat.banned_until = Height(0)), ["credit"]);
    assert_eq!(with(&|seat| seat.level = 0), ["credit"]);
    assert_eq!(with(&|seat| seat.role = Role::Probation), ["credit"]);
    assert_eq!(with(&|seat| seat.clean += 1), ["credit"]);
    assert_eq!(with(&|seat| seat.last_lost = Height(1)), ["credit"]);
    assert_eq!(with(&|seat| seat.since_strike = 9), ["credit"]);
}

/// Statements that a member signs at height 3, two of which contradict each other.
fn statements(signer: ReplicaId) -> [Signed; 5] {
    let setting = setting();
    let (chain, key) = (setting.chain(), setting.key(signer));
    let [one, other] = [1, 2].map(|byte| Digest::from_bytes([byte; 32]));
    let vote = |phase, view, digest| {
        let ballot = Ballot {
            epoch: setting.committee().epoch(),
            view: View(view),
            height: Height(3),
            digest,
        };
        let signed = Vote::sign(&chain, ballot, phase, key);
        let said = match phase {
            Phase::Prepare => Said::Prepare(digest),
            Phase::Commit => Said::Commit(digest),
        };
        (view, said, signed.signature)
    };
    let change = |view, claim: Option<(u64, Digest)>| {
        let claim = claim.map(|(view, digest)| medshare_consensus::Claim {
            view: View(view),
            digest,
        });
        let subject = (setting.committee().epoch(), Height(3), View(view));
        let signed = ViewChangeVote::sign(&chain, subject, claim, key);
        let said = Said::Change(claim.map(|claim| (claim.view, claim.digest)));
        (view, said, signed.signature)
    };
    let said = [
        vote(Phase::Prepare, 0, one),
        vote(Phase::Commit, 5, one),
        change(6, Some((5, one))),
        vote(Phase::Prepare, 0, other),
        change(7, Some((4, one))),
    ];
    said.map(|(view, said, signature)| Signed {
        signer,
        epoch: setting.committee().epoch(),
        height: Height(3),
        view: View(view),
        said,
        signature,
    })
}

#[test]
fn statements_that_contradict_each_other_prove_a_culprit() {
    let log = recorded();
    let with = |signer, chosen: &[usize]| {
        let all = statements(signer);
        let mut log = log.clone();
        log.statements
            .extend(chosen.iter().map(|index| all[*index]));
        let findings = check_log(&log);
        (findings.culprits.contains(&signer), findings.faults.len())
    };
    assert_eq!(with(SILENT, &[0, 1, 2]), (false, 0));
    assert_eq!(with(SILENT, &[0, 1, 2, 3]), (true, 0), "two prepares");
    assert_eq!(
        with(SILENT, &[0, 1, 2, 4]),
        (true, 0),
        "a forgotten certificate"
    );
    assert_eq!(with(ReplicaId(2), &[1, 4]), (true, 1), "an honest culprit");
    let mut forged = statements(SILENT)[3];
    forged.signature = statements(SILENT)[0].signature;
    let mut log = log;
    log.statements.extend([statements(SILENT)[0], forged]);
    assert!(check_log(&log).culprits.is_empty(), "not signed");
}

/// Otherwise the checker would repeat the replica's faults.
#[test]
fn the_checker_uses_none_of_the_replicas_code() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/checker");
    let mut files = 0;
    for file in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{error}")) {
        let path = file.unwrap_or_else(|error| panic!("{error}")).path();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}"));
        let uses = text.lines().filter(|line| line.contains("use "));
        for line in uses.filter(|line| line.trim_start().starts_with("use ")) {
            let own = [
                "use std::",
                "use core::",
                "use borsh::",
                "use super::",
                "use medshare_types::",
            ];
            let local = [
                "use chain::",
                "use culprits::",
                "use committee::",
                "use signatures::",
            ];
            let allowed = own.iter().chain(&local);
            let line = line.trim_start();
            assert!(
                allowed.clone().any(|of| line.starts_with(of)),
                "{path:?}: {line}"
            );
        }
        assert!(!text.contains("medshare_consensus"), "{path:?}");
        assert!(!text.contains("crate::"), "{path:?}");
        files += 1;
    }
    assert!(files >= 12, "{files} files");
}
