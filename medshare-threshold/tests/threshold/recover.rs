//! Opening with good shares, with bad ones and with too few; evidence against bad ones.

use medshare_curve::EncodingError;
use medshare_threshold::{
    GateError, GateFactor, GateSealer, RecoverError, Recovered, SessionSecret, ShareFault,
    check_share, recover,
};
use medshare_types::{GateKeyId, GateLabel, OrganisationId, ReleaseShare, Ticket, TicketId, Wire};

use super::fixture::{
    Gate, identity_g1, identity_g2, name, off_subgroup_g1, off_subgroup_g2, ticket,
};

struct Case {
    gate: Gate,
    label: GateLabel,
    ticket: Ticket,
    session: SessionSecret,
    sealed: GateFactor,
    shares: Vec<ReleaseShare>,
}

impl Case {
    /// n holders, and every holder's share for one ticket.
    fn new(n: usize) -> Self {
        let mut gate = Gate::new(n, 30);
        let sealer = GateSealer::new(&mut gate.rng);
        let session = SessionSecret::new(&mut gate.rng);
        let label = gate.label("record", sealer.u());
        let sealed = sealer.factor(&gate.key, &label).unwrap();
        let ticket = ticket("ticket", &label, &session);
        let shares = gate.release_all(&ticket, &label);
        Self {
            gate,
            label,
            ticket,
            session,
            sealed,
            shares,
        }
    }

    fn recover(&self, shares: &[ReleaseShare]) -> Result<Recovered, RecoverError> {
        recover(
            &self.gate.key,
            &self.label,
            &self.ticket,
            &self.session,
            &self.gate.holders.verifying_keys(),
            shares,
        )
    }

    /// The public check, with the key of the holder that the share names.
    fn check(&self, share: &ReleaseShare) -> Result<(), ShareFault> {
        let keys = self.gate.holders.verifying_keys();
        let key = keys
            .iter()
            .find(|(id, _)| *id == share.holder)
            .map_or(keys[0].1, |(_, key)| *key);
        check_share(&self.gate.key, &self.label, &self.ticket, &key, share)
    }

    /// Changes a holder's share and has the holder sign it again.
    fn forge(&mut self, index: usize, change: impl FnOnce(&mut ReleaseShare)) {
        change(&mut self.shares[index]);
        let statement = self.shares[index].statement();
        self.shares[index].signature = self.gate.holders.members.keys()[index].sign(&statement);
    }

    fn ids(&self, indices: &[usize]) -> Vec<OrganisationId> {
        let mut ids: Vec<_> = indices
            .iter()
            .map(|&index| self.gate.holders.id(index))
            .collect();
        ids.sort();
        ids
    }

    fn insufficient(&self, good: usize, culprits: &[usize]) -> RecoverError {
        RecoverError::InsufficientShares {
            good,
            needed: self.gate.t(),
            culprits: self.ids(culprits),
        }
    }
}

#[test]
fn any_t_shares_give_the_sealed_factor() {
    let case = Case::new(4);
    for left_out in 0..4 {
        let mut shares = case.shares.clone();
        shares.remove(left_out);
        let recovered = case.recover(&shares).unwrap();
        assert_eq!(recovered.factor, case.sealed);
        assert_eq!(recovered.culprits, []);
        let digests: Vec<_> = shares.iter().map(ReleaseShare::digest).collect();
        assert_eq!(recovered.used, digests);
    }
    let mut reversed = case.shares.clone();
    reversed.reverse();
    assert_eq!(case.recover(&reversed).unwrap().factor, case.sealed);
}

#[test]
fn shares_round_trip_and_are_strict() {
    let case = Case::new(4);
    let bytes = case.shares[0].to_wire();
    assert_eq!(
        ReleaseShare::from_wire(&bytes).as_ref(),
        Ok(&case.shares[0])
    );
    assert!(ReleaseShare::from_wire(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn fewer_than_t_shares_give_nothing() {
    let case = Case::new(4);
    assert_eq!(
        case.recover(&case.shares[..2]),
        Err(case.insufficient(2, &[]))
    );
    assert_eq!(case.recover(&[]), Err(case.insufficient(0, &[])));
}

#[test]
fn f_bad_shares_are_named_and_the_read_succeeds() {
    let mut case = Case::new(7);
    // Holder 0 sends the S of another under its own name, holder 3 a share for another R.
    let stolen = case.shares[1].s;
    case.forge(0, |share| share.s = stolen);
    let other_session = SessionSecret::new(&mut case.gate.rng);
    let mut elsewhere = case.ticket.clone();
    elsewhere.session = other_session.public();
    let label = case.label.clone();
    let misdirected = case.gate.release(3, &elsewhere, &label);
    case.shares[3] = misdirected;

    let recovered = case.recover(&case.shares).unwrap();
    assert_eq!(recovered.factor, case.sealed);
    assert_eq!(recovered.culprits, case.ids(&[0, 3]));
    assert_eq!(recovered.used.len(), 5);
}

#[test]
fn bad_shares_that_cancel_each_other_in_an_unweighted_sum_are_still_named() {
    use ark_ec::CurveGroup;
    use medshare_curve::encoding::{decode_g1, encode_g1};
    let mut case = Case::new(7);
    let shift = medshare_curve::pairing::g1();
    for (index, sign) in [(0, 1i64), (1, -1)] {
        case.forge(index, |share| {
            let s = decode_g1(&share.s).unwrap();
            let moved = if sign > 0 { s + shift } else { s + -shift };
            share.s = encode_g1(&moved.into_affine());
        });
    }
    let recovered = case.recover(&case.shares).unwrap();
    assert_eq!(recovered.factor, case.sealed);
    assert_eq!(recovered.culprits, case.ids(&[0, 1]));
}

#[test]
fn more_than_f_bad_shares_stop_the_read_and_are_named() {
    let mut case = Case::new(4);
    let stolen = case.shares[0].s;
    case.forge(1, |share| share.s = stolen);
    case.forge(3, |share| share.s = stolen);
    assert_eq!(
        case.recover(&case.shares),
        Err(case.insufficient(2, &[1, 3]))
    );
}

#[test]
fn invalid_points_in_a_share_name_its_holder() {
    type Change = fn(&mut ReleaseShare);
    let changes: [Change; 4] = [
        |share| share.a = off_subgroup_g1(),
        |share| share.s = off_subgroup_g1(),
        |share| share.a = identity_g1(),
        |share| share.s = identity_g1(),
    ];
    for change in changes {
        let mut case = Case::new(4);
        case.forge(2, change);
        let recovered = case.recover(&case.shares).unwrap();
        assert_eq!(recovered.factor, case.sealed);
        assert_eq!(recovered.culprits, case.ids(&[2]));
    }
}

#[test]
fn culprits_are_proven_to_others_without_z() {
    let mut case = Case::new(7);
    let a = case.shares[4].a;
    let s = case.shares[4].s;
    case.forge(1, |share| share.s = s);
    case.forge(5, |share| share.a = a);
    let recovered = case.recover(&case.shares).unwrap();
    assert_eq!(recovered.culprits, case.ids(&[1, 5]));
    for (index, share) in case.shares.iter().enumerate() {
        let expected = match index {
            1 | 5 => Err(ShareFault::Contradiction),
            _ => Ok(()),
        };
        assert_eq!(case.check(share), expected, "holder {index}");
    }
    assert!(ShareFault::Contradiction.is_evidence());
}

#[test]
fn a_bad_k_does_not_stop_a_read_and_is_evidence() {
    let mut case = Case::new(4);
    let other = case.shares[1].k;
    for (k, fault) in [
        (other, ShareFault::Contradiction),
        (
            off_subgroup_g2(),
            ShareFault::InvalidPoint {
                source: EncodingError::NotInSubgroup,
            },
        ),
        (
            identity_g2(),
            ShareFault::InvalidPoint {
                source: EncodingError::Identity,
            },
        ),
    ] {
        case.forge(0, |share| share.k = k);
        assert_eq!(case.recover(&case.shares).unwrap().factor, case.sealed);
        assert_eq!(case.check(&case.shares[0]), Err(fault));
        assert!(fault.is_evidence());
    }
}

#[test]
fn a_share_not_signed_for_this_ticket_is_not_evidence() {
    let mut case = Case::new(4);
    let mut unsigned = case.shares[0].clone();
    unsigned.s = case.shares[1].s;
    let mut stranger = case.shares[0].clone();
    stranger.holder = Gate::new(4, 34).holders.id(0);
    case.forge(2, |share| {
        share.ticket = TicketId::from_digest(name("another ticket"))
    });
    for (share, fault) in [
        (unsigned, ShareFault::BadSignature),
        (stranger, ShareFault::NotAHolder),
        (case.shares[2].clone(), ShareFault::Unrelated),
    ] {
        assert_eq!(case.check(&share), Err(fault));
        assert!(!fault.is_evidence());
    }
    case.ticket.session = identity_g1();
    let fault = case.check(&case.shares[0]).unwrap_err();
    assert!(matches!(fault, ShareFault::InvalidState { .. }) && !fault.is_evidence());
}

#[test]
fn a_share_for_another_ticket_is_ignored_without_a_culprit() {
    type Change = fn(&mut ReleaseShare);
    let changes: [Change; 4] = [
        |share| share.ticket = TicketId::from_digest(name("another ticket")),
        |share| share.label = name("another label"),
        |share| share.key = GateKeyId::from_digest(name("another key")),
        |share| share.generation += 1,
    ];
    for change in changes {
        let mut case = Case::new(4);
        case.forge(0, change);
        let recovered = case.recover(&case.shares).unwrap();
        assert_eq!(recovered.factor, case.sealed);
        assert_eq!(recovered.culprits, case.ids(&[]));
    }
}

#[test]
fn an_unsigned_share_does_not_count_and_makes_no_culprit() {
    let mut case = Case::new(4);
    case.shares[0].signature = case.shares[1].signature;
    let recovered = case.recover(&case.shares).unwrap();
    assert_eq!(recovered.culprits, case.ids(&[]));
    assert_eq!(recovered.factor, case.sealed);
    assert_eq!(
        case.recover(&case.shares[..3]),
        Err(case.insufficient(2, &[]))
    );
}

#[test]
fn a_forgery_makes_no_culprit_of_a_holder_whose_share_was_not_needed() {
    let case = Case::new(7);
    let mut forgery = case.shares[6].clone();
    forgery.signature = case.shares[0].signature;
    let shares = [&[forgery], &case.shares[1..]].concat();
    let recovered = case.recover(&shares).unwrap();
    assert_eq!(recovered.factor, case.sealed);
    assert_eq!(recovered.culprits, case.ids(&[]));
    let offline = case.recover(&shares[..6]).unwrap();
    assert_eq!(offline.culprits, case.ids(&[]));
}

#[test]
fn a_holder_counts_once() {
    let mut case = Case::new(4);
    let twice = [&case.shares[..2], &case.shares[..2]].concat();
    assert_eq!(case.recover(&twice), Err(case.insufficient(2, &[])));

    // Two good shares of one holder, with different k, are still one.
    let ticket = case.ticket.clone();
    let label = case.label.clone();
    let again = case.gate.release(0, &ticket, &label);
    assert_ne!(again, case.shares[0]);
    let mut shares = case.shares[..2].to_vec();
    shares.push(again);
    assert_eq!(case.recover(&shares), Err(case.insufficient(2, &[])));
}

#[test]
fn a_forgery_in_a_holders_name_does_not_displace_its_share() {
    let case = Case::new(4);
    let mut unsigned = case.shares[0].clone();
    unsigned.s = case.shares[1].s;
    let shares = [&[unsigned], &case.shares[..3]].concat();
    let recovered = case.recover(&shares).unwrap();
    assert_eq!(recovered.factor, case.sealed);
    assert_eq!(recovered.culprits, []);
}

#[test]
fn shares_of_strangers_are_ignored() {
    let mut case = Case::new(4);
    let stranger = Gate::new(4, 31);
    case.shares[3].holder = stranger.holders.id(0);
    let statement = case.shares[3].statement();
    case.shares[3].signature = stranger.holders.members.keys()[0].sign(&statement);
    let mut keys = case.gate.holders.verifying_keys();
    keys.extend(stranger.holders.verifying_keys());
    let shares = [&case.shares[..2], &case.shares[3..]].concat();
    let result = recover(
        &case.gate.key,
        &case.label,
        &case.ticket,
        &case.session,
        &keys,
        &shares,
    );
    assert_eq!(result, Err(case.insufficient(2, &[])));
}

#[test]
fn arguments_that_do_not_belong_together_are_refused_by_name() {
    let mut case = Case::new(4);
    let mismatch = |field| Err(RecoverError::Mismatch { field });
    let keys = case.gate.holders.verifying_keys();
    let other = SessionSecret::new(&mut case.gate.rng);
    let key = &case.gate.key;
    let label = &case.label;
    let ticket = &case.ticket;
    let with_session = recover(key, label, ticket, &other, &keys, &case.shares);
    assert_eq!(with_session, mismatch("session secret"));
    let mut moved = label.clone();
    moved.abe = name("another header");
    let with_label = recover(key, &moved, ticket, &case.session, &keys, &case.shares);
    assert_eq!(with_label, mismatch("label"));
    let mut renamed = key.clone();
    renamed.id = GateKeyId::from_digest(name("another key"));
    let with_key = recover(&renamed, label, ticket, &case.session, &keys, &case.shares);
    assert_eq!(with_key, mismatch("gate key"));
}

#[test]
fn a_label_with_an_invalid_u_is_refused_before_anything_is_paired() {
    let mut case = Case::new(4);
    for (u, source) in [
        (off_subgroup_g2(), EncodingError::NotInSubgroup),
        (identity_g2(), EncodingError::Identity),
    ] {
        case.label.u = u;
        case.ticket.label = case.label.digest();
        assert_eq!(
            case.recover(&case.shares),
            Err(RecoverError::InvalidPoint {
                field: "label's U",
                source
            })
        );
    }
}

#[test]
fn an_inconsistent_key_makes_no_culprits() {
    let mut case = Case::new(4);
    let mut other = Gate::new(4, 32).key;
    other.id = case.gate.key.id;
    other.holders.clone_from(&case.gate.key.holders);
    case.gate.key = other;
    assert_eq!(
        case.recover(&case.shares),
        Err(RecoverError::InconsistentKey)
    );
}

#[test]
fn sealing_needs_the_label_that_holds_u() {
    let mut gate = Gate::new(4, 33);
    let label_of = |gate: &mut Gate| {
        let sealer = GateSealer::new(&mut gate.rng);
        let label = gate.label("record", sealer.u());
        (sealer, label)
    };
    let mismatch = |field| Err(GateError::LabelMismatch { field });
    let (_, other) = label_of(&mut gate);
    let (sealer, _) = label_of(&mut gate);
    assert_eq!(sealer.factor(&gate.key, &other), mismatch("U"));
    let (sealer, mut label) = label_of(&mut gate);
    label.key = GateKeyId::from_digest(name("another key"));
    assert_eq!(sealer.factor(&gate.key, &label), mismatch("key"));
    for (public, source) in [
        (off_subgroup_g2(), EncodingError::NotInSubgroup),
        (identity_g2(), EncodingError::Identity),
    ] {
        let (sealer, label) = label_of(&mut gate);
        gate.key.public = public;
        let result = sealer.factor(&gate.key, &label);
        assert_eq!(result, Err(GateError::InvalidKey { source }));
    }
}
