//! Formats of the wire and of the log: round trips, malformed bytes, a snapshot.

use std::collections::BTreeSet;

use medshare_consensus::credit::{OrganisationRecord, record_key};
use medshare_consensus::{
    Evidence, EvidenceError, LateVote, LogRecord, Message, Offence, Recalled, ViewChange, Vote,
};
use medshare_types::attestation::MAX_ATTESTATIONS;
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::hash::digest;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::wire::{DecodeError, Wire};

use crate::fixture::*;
use crate::views::*;

/// The subject of a late vote.
fn subject() -> (Epoch, Height, View) {
    (EPOCH, Height(1), View(2))
}

fn messages() -> Vec<Message<TestPayload>> {
    let block = &blocks(1)[0];
    vec![
        pre_prepare(block),
        prepare(1, block),
        commit(2, block),
        Message::Decided(decided(block)),
        fetch(7),
        status_of(8),
        Message::Recall { loss: [9; 16] },
        changes_view(1, 2, Some(block)),
        Message::NewView(new_view(1, &[(2, view_change(2, 1, Some(block)))], block)),
        Message::FetchProposal {
            height: Height(1),
            digest: block.header.digest(),
        },
        Message::Proposal(block_recording(
            2,
            block.header.digest(),
            vec![attested_commit(1, block), attested_late(2, 1, 0)],
        )),
        Message::Recalled(Recalled {
            loss: [9; 16],
            height: Height(8),
            voted: true,
        }),
        Message::Late(LateVote::sign(&chain(), subject(), &key(1))),
        Message::FetchNewView {
            height: Height(1),
            view: View(2),
            digest: block.header.digest(),
        },
    ]
}

fn records() -> Vec<LogRecord<TestPayload>> {
    let block = &blocks(1)[0];
    let committed = |proposal| LogRecord::Committed {
        prepared: prepared_by(block, &[1]),
        vote: vote(1, Phase::Commit, block),
        proposal,
    };
    vec![
        prepared_record(1, block),
        opened_record(1, 1, &[0, 2, 3], &block_of_view(1)),
        committed(None),
        committed(Some(block.clone())),
        LogRecord::ViewChanged(view_change(1, 2, Some(block))),
        LogRecord::Decided {
            certificate: certificate(block, &[0, 1, 2]),
        },
        LogRecord::Adopted(decided(block)),
        LogRecord::Late(LateVote::sign(&chain(), subject(), &key(1))),
    ]
}

fn evidence() -> Evidence {
    let block = blocks(1).remove(0);
    let mut other = block.clone();
    other.header.time = at(2);
    Evidence {
        culprit: ReplicaId(0),
        offence: Offence::TwoVotes {
            phase: Phase::Prepare,
            first: vote(0, Phase::Prepare, &block),
            second: vote(0, Phase::Prepare, &other),
        },
    }
}

/// Round trip; every shorter and one longer form fails; the envelope is checked.
fn check<T: Wire + PartialEq + core::fmt::Debug>(value: &T) {
    let bytes = value.to_wire();
    assert_eq!(T::from_wire(&bytes).as_ref(), Ok(value));
    for end in 0..bytes.len() {
        assert_eq!(T::from_wire(&bytes[..end]), Err(DecodeError::Truncated));
    }
    let mut long = bytes.clone();
    long.push(0);
    assert_eq!(
        T::from_wire(&long),
        Err(DecodeError::TrailingBytes { count: 1 })
    );
    for at in 0..6 {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x40;
        assert!(T::from_wire(&bytes).is_err(), "byte {at} of the envelope");
    }
}

#[test]
fn messages_records_and_evidence_round_trip_and_are_strict() {
    messages().iter().for_each(check);
    records().iter().for_each(check);
    check(&evidence());
    let mut unknown = status_of(1).to_wire();
    unknown[6] = 14;
    assert!(matches!(
        Message::<TestPayload>::from_wire(&unknown),
        Err(DecodeError::Malformed { .. })
    ));
}

#[test]
fn the_bytes_stay_what_they_are() {
    assert_eq!(
        status_of(258).to_wire(),
        b"mCMS\x00\x01\x05\x02\x01\x00\x00\x00\x00\x00\x00"
    );
    let all: Vec<u8> = messages()
        .iter()
        .map(Wire::to_wire)
        .chain(records().iter().map(Wire::to_wire))
        .chain([evidence().to_wire()])
        .flatten()
        .collect();
    assert_eq!(
        digest("test/snapshot/v1", &[&all]).to_string(),
        "1970631f937f871e68f52bd5a1621ca2ed2d42ecdd3793484eda945136bc1c76"
    );
}

#[test]
fn a_full_block_fits() {
    let limit = medshare_consensus::MAX_PAYLOAD_LEN;
    let mut block = blocks(1).remove(0);
    block.payload = TestPayload(vec![0; limit - 4]);
    let bytes = pre_prepare(&block).to_wire();
    assert!(Message::<TestPayload>::from_wire(&bytes).is_ok());
    let mut decided = decided(&block);
    let vote = decided.certificate.votes[0];
    decided.certificate.votes = vec![vote; 1024];
    let bytes = LogRecord::Adopted(decided).to_wire();
    assert!(LogRecord::<TestPayload>::from_wire(&bytes).is_ok());
    block.attestations = vec![attested_late(2, 1, 0); MAX_ATTESTATIONS];
    let mut record = opened_record(1, 1, &[0, 2, 3], &block);
    let LogRecord::Prepared {
        opening: Some(opening),
        ..
    } = &mut record
    else {
        panic!("an opening")
    };
    // A quorum of the largest committee.
    let change = view_change(2, 1, Some(&block));
    opening.proof.view_changes = vec![(ReplicaId(2), change.vote); 683];
    let mut certificate = change.certificate.unwrap();
    certificate.votes = vec![certificate.votes[0]; 683];
    opening.proof.certificate = Some(certificate);
    let bytes = record.to_wire();
    assert!(LogRecord::<TestPayload>::from_wire(&bytes).is_ok());
}

#[test]
fn records_name_their_height() {
    for record in records() {
        assert_eq!(record.height(), Height(1));
    }
}

#[test]
fn evidence_needs_two_signed_votes_that_contradict_each_other() {
    let chain = chain();
    let committee = committee(4);
    let good = evidence();
    assert_eq!(good.verify(&chain, &committee), Ok(()));
    let with = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = good.clone();
        change(&mut evidence);
        evidence.verify(&chain, &committee)
    };
    let change = |change: fn(&mut Vote, &mut Vote, &mut Phase)| {
        with(&|evidence| {
            let Offence::TwoVotes {
                phase,
                first,
                second,
            } = &mut evidence.offence
            else {
                panic!("two votes")
            };
            change(first, second, phase);
        })
    };
    assert_eq!(
        change(|first, second, _| *second = *first),
        Err(EvidenceError::NoContradiction)
    );
    assert_eq!(
        change(|_, second, _| second.ballot.height = Height(2)),
        Err(EvidenceError::NoContradiction)
    );
    let seat = ReplicaId(9);
    assert_eq!(
        with(&|e| e.culprit = seat),
        Err(EvidenceError::NotAMember { seat })
    );
    for outcome in [
        with(&|e| e.culprit = ReplicaId(1)),
        change(|_, _, phase| *phase = Phase::Commit),
        change(|first, second, _| second.signature = first.signature),
    ] {
        assert!(matches!(outcome, Err(EvidenceError::BadSignature { .. })));
    }
    let other = Committee::new(Epoch(1), committee.members().to_vec()).unwrap();
    assert!(matches!(
        good.verify(&chain, &other),
        Err(EvidenceError::WrongEpoch { .. })
    ));
}

#[test]
fn a_commit_and_a_view_change_without_its_certificate_are_evidence() {
    let block = &blocks(1)[0];
    let commit = vote(2, Phase::Commit, block);
    let verify = |view_change: ViewChange| {
        let evidence = Evidence {
            culprit: ReplicaId(2),
            offence: Offence::ForgottenCertificate {
                commit,
                view_change: view_change.vote,
            },
        };
        check(&evidence);
        evidence.verify(&chain(), &committee(4))
    };
    assert_eq!(verify(view_change(2, 1, None)), Ok(()));
    let honest = verify(view_change(2, 1, Some(block)));
    assert_eq!(honest, Err(EvidenceError::NoContradiction));
    let stranger = verify(view_change(3, 1, None));
    assert!(matches!(stranger, Err(EvidenceError::BadSignature { .. })));
}

#[test]
fn two_view_changes_into_one_view_are_evidence() {
    let block = &blocks(1)[0];
    let verify = |first: ViewChange, second: ViewChange| {
        let evidence = Evidence {
            culprit: ReplicaId(2),
            offence: Offence::TwoViewChanges {
                first: first.vote,
                second: second.vote,
            },
        };
        evidence.verify(&chain(), &committee(4))
    };
    let none = || view_change(2, 1, None);
    assert_eq!(verify(none(), view_change(2, 1, Some(block))), Ok(()));
    for other in [none(), view_change(2, 2, Some(block))] {
        assert_eq!(verify(none(), other), Err(EvidenceError::NoContradiction));
    }
}

#[test]
fn organisation_records_round_trip_and_belong_to_one_organisation() {
    let record = OrganisationRecord::new(true, EPOCH);
    check(&record);
    let bytes = record.to_wire();
    let expected = b"mCRO\x00\x01\x03\xf4\x01\x00\x00\x00\x00\x00".to_vec();
    let ban = vec![0; 16];
    let waits = [vec![0], vec![3, 0, 0, 0, 0, 0, 0, 0], vec![0; 8]].concat();
    assert_eq!(bytes, [expected, ban, waits].concat());
    let committee = committee(4);
    let members = committee.members().iter();
    let keys: BTreeSet<_> = members.map(|m| record_key(&m.organisation)).collect();
    assert_eq!(keys.len(), 4);
}
