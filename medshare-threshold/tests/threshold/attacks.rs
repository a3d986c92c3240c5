//! Attacks on the release: against a weaker form where one exists, and against ours.

use ark_ec::CurveGroup;
use medshare_curve::encoding::{decode_g1, decode_g2, decode_scalar, encode_g1};
use medshare_curve::pairing::{g1, g2, pairing, product_is_one};
use medshare_curve::scalar::{lagrange_at_zero, random_scalar};
use medshare_curve::{G1Affine, G1Projective, Scalar, schnorr};
use medshare_threshold::gate::label_point;
use medshare_threshold::{
    GateFactor, GateSealer, RecoverError, SessionSecret, may_release, recover,
};
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::{GateLabel, ReleaseShare, Ticket};

use super::fixture::{Gate, facts, request, ticket};

/// A gate and two records sealed to it, the thief's and the victim's.
struct Two {
    gate: Gate,
    labels: [GateLabel; 2],
    factors: [GateFactor; 2],
}

impl Two {
    fn new(n: usize) -> Self {
        let mut gate = Gate::new(n, 50);
        let mut seal = |name: &str| {
            let sealer = GateSealer::new(&mut gate.rng);
            let label = gate.label(name, sealer.u());
            let factor = sealer.factor(&gate.key, &label).unwrap();
            (label, factor)
        };
        let mine = seal("mine");
        let theirs = seal("theirs");
        Self {
            gate,
            labels: [mine.0, theirs.0],
            factors: [mine.1, theirs.1],
        }
    }

    /// x_i of a holder, which no reader knows.
    fn secret(&self, index: usize) -> Scalar {
        let bytes = self.gate.shares[index].to_bytes();
        decode_scalar(bytes[bytes.len() - 32..].try_into().unwrap()).unwrap()
    }

    fn recover(
        &self,
        label: &GateLabel,
        ticket: &Ticket,
        session: &SessionSecret,
        shares: &[ReleaseShare],
    ) -> Result<GateFactor, RecoverError> {
        let keys = self.gate.holders.verifying_keys();
        recover(&self.gate.key, label, ticket, session, &keys, shares).map(|r| r.factor)
    }
}

/// Σ λ_i·P_i for indices 1..=t.
fn combine(points: &[G1Projective]) -> G1Affine {
    let indices: Vec<u64> = (1..=points.len() as u64).collect();
    let terms = points.iter().zip(lagrange_at_zero(&indices));
    terms
        .map(|(point, lambda)| *point * lambda)
        .sum::<G1Projective>()
        .into_affine()
}

/// f(0) from shares (j, f(j)) with distinct indices j; a wrong value from fewer than t.
fn interpolate(shares: &[(u16, Scalar)]) -> Scalar {
    let indices: Vec<u64> = shares.iter().map(|(index, _)| u64::from(*index)).collect();
    let terms = shares.iter().zip(lagrange_at_zero(&indices));
    terms.map(|((_, share), lambda)| *share * lambda).sum()
}

/// True when d = x·Q of the label, which opens it.
fn opens(gate: &Gate, d: &G1Affine, label: &GateLabel) -> bool {
    let y = decode_g2(&gate.key.public).unwrap();
    product_is_one(&[(*d, g2()), (-label_point(label), y)])
}

#[test]
fn a_crafted_session_key_steals_from_the_weaker_form() {
    // The form without fresh k and without a proof: S_i = x_i·(Q + R), unblinded by z·x_i·g1.
    let two = Two::new(4);
    let [mine, theirs] = two.labels.each_ref().map(label_point);
    // The thief asks for its own record with R = Q_theirs − Q_mine.
    let crafted = theirs - mine;
    let shares: Vec<_> = (0..two.gate.t())
        .map(|index| (mine + crafted) * two.secret(index))
        .collect();
    assert!(opens(&two.gate, &combine(&shares), &two.labels[1]));
}

#[test]
fn a_crafted_session_key_steals_nothing_from_ours() {
    let mut two = Two::new(4);
    let [mine, theirs] = two.labels.each_ref().map(label_point);
    let crafted = encode_g1(&(theirs - mine).into_affine());

    // First: the thief cannot prove knowledge of z. Proofs for another R do not transfer.
    let session = SessionSecret::new(&mut two.gate.rng);
    let honest = request(&two.labels[0], &session);
    let mut forged = honest.clone();
    forged.session = crafted;
    for context in [&honest, &forged] {
        let proof = session.prove(context, &mut two.gate.rng);
        assert!(!schnorr::verify(&crafted, &forged.digest(), &proof));
    }
    // Simulating: choose c and y, then T = y·g1 − c·R; but c is the hash of T.
    let (c, y) = (
        random_scalar(&mut two.gate.rng),
        random_scalar(&mut two.gate.rng),
    );
    let t = g1() * y - decode_g1(&crafted).unwrap() * c;
    let simulated = ProofOfKnowledge {
        commitment: encode_g1(&t.into_affine()),
        response: medshare_types::point::ScalarBytes(medshare_curve::encoding::encode_scalar(&y)),
    };
    assert!(!schnorr::verify(&crafted, &forged.digest(), &simulated));

    // Second: if the contract accepted it, the fresh k of each holder would still blind the share.
    let label = two.labels[0].clone();
    let mut ticket = ticket("crafted", &label, &session);
    ticket.session = crafted;
    let shares = two.gate.release_all(&ticket, &label);
    let points = |field: fn(&ReleaseShare) -> medshare_types::G1Bytes| -> Vec<G1Projective> {
        let shares = shares[..3].iter();
        shares
            .map(|share| decode_g1(&field(share)).unwrap().into())
            .collect()
    };
    let s = points(|share| share.s);
    let a = points(|share| share.a);
    let differences: Vec<_> = s.iter().zip(&a).map(|(s, a)| *s - *a).collect();
    for attempt in [&s, &differences] {
        let d = combine(attempt);
        assert!(!opens(&two.gate, &d, &two.labels[1]));
        assert!(!opens(&two.gate, &d, &two.labels[0]));
    }
}

#[test]
fn shares_of_another_ticket_open_nothing() {
    let mut two = Two::new(4);
    let (first, second) = (
        SessionSecret::new(&mut two.gate.rng),
        SessionSecret::new(&mut two.gate.rng),
    );
    let label = two.labels[0].clone();
    let ticket_1 = ticket("1", &label, &first);
    let ticket_2 = ticket("2", &label, &second);
    let shares = two.gate.release_all(&ticket_1, &label);
    assert_eq!(
        two.recover(&label, &ticket_1, &first, &shares),
        Ok(two.factors[0].clone())
    );

    // Replayed unchanged, to the reader of another ticket.
    let replayed = two.recover(&label, &ticket_2, &second, &shares);
    assert!(matches!(
        replayed,
        Err(RecoverError::InsufficientShares { good: 0, ref culprits, .. }) if culprits.is_empty()
    ));
    // Relabelled: the signature is over the ticket.
    let mut relabelled = shares.clone();
    relabelled
        .iter_mut()
        .for_each(|share| share.ticket = ticket_2.id);
    assert!(
        two.recover(&label, &ticket_2, &second, &relabelled)
            .is_err()
    );
    // Signed again by lying holders, they are still blinded for the first R.
    for (share, signer) in relabelled.iter_mut().zip(two.gate.holders.members.keys()) {
        share.signature = signer.sign(&share.statement());
    }
    assert!(
        two.recover(&label, &ticket_2, &second, &relabelled)
            .is_err()
    );
    // Another record of the first reader does not open with them either.
    let other = two.labels[1].clone();
    let ticket_3 = ticket("1", &other, &first);
    assert!(two.recover(&other, &ticket_3, &first, &shares).is_err());
}

#[test]
fn u_copied_under_another_label_gives_another_factor() {
    let mut two = Two::new(4);
    // The thief registers its own record with the victim's U and opens it legitimately.
    let mut copied = two.labels[1].clone();
    copied.context.record = two.labels[0].context.record;
    assert_eq!(copied.u, two.labels[1].u);
    let session = SessionSecret::new(&mut two.gate.rng);
    let ticket = ticket("copied", &copied, &session);
    let shares = two.gate.release_all(&ticket, &copied);
    let factor = two.recover(&copied, &ticket, &session, &shares).unwrap();
    assert_ne!(factor, two.factors[1]);
    assert_ne!(factor, two.factors[0]);
}

#[test]
fn t_minus_1_holders_together_interpolate_a_wrong_key() {
    let two = Two::new(4);
    let q = label_point(&two.labels[0]);
    let secrets: Vec<_> = (0..4).map(|index| two.secret(index)).collect();
    let d = |count: usize| {
        let shares: Vec<_> = (1u16..)
            .zip(&secrets[..count])
            .map(|(index, secret)| (index, *secret))
            .collect();
        (q * interpolate(&shares)).into_affine()
    };
    assert!(opens(&two.gate, &d(3), &two.labels[0]), "t is enough");
    assert!(!opens(&two.gate, &d(2), &two.labels[0]), "t - 1 is not");
}

#[test]
fn shares_gathered_before_and_after_a_revocation_do_not_reach_t() {
    let mut two = Two::new(4);
    let session = SessionSecret::new(&mut two.gate.rng);
    let label = two.labels[0].clone();
    let ticket = ticket("t", &label, &session);
    // Two holders answered; then a quorum of three applied the revocation.
    let shares: Vec<_> = (0..2)
        .map(|index| two.gate.release(index, &ticket, &label))
        .collect();
    let mut revoked = facts();
    revoked.revoked = Some(medshare_types::Height(11));
    assert!(may_release(&two.gate.key, &ticket, &label, &revoked).is_err());
    assert_eq!(
        two.recover(&label, &ticket, &session, &shares),
        Err(RecoverError::InsufficientShares {
            good: 2,
            needed: 3,
            culprits: vec![]
        })
    );
}

#[test]
fn a_stuck_random_source_does_not_repeat_k_over_labels_or_tickets() {
    struct Stuck;
    impl medshare_types::RandomSource for Stuck {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(7);
        }
    }
    let mut two = Two::new(4);
    let session = SessionSecret::new(&mut two.gate.rng);
    let release = |id: &str, label: &GateLabel| {
        let ticket = ticket(id, label, &session);
        let permit = may_release(&two.gate.key, &ticket, label, &facts()).unwrap();
        let signer = two.gate.holders.members.key(0);
        two.gate.shares[0]
            .release(&permit, signer, &mut Stuck)
            .unwrap()
    };
    let first = release("1", &two.labels[0]);
    let other_label = release("1", &two.labels[1]);
    let other_ticket = release("2", &two.labels[0]);
    assert_ne!(first.a, other_label.a);
    assert_ne!(first.a, other_ticket.a);
    // With one k for both, this difference would be x_i·(Q − Q'), free of any blinding.
    let s = |share: &ReleaseShare| decode_g1(&share.s).unwrap();
    let difference = (s(&first) - s(&other_label)).into_affine();
    let [q, q2] = two.labels.each_ref().map(label_point);
    let y = decode_g2(&two.gate.key.holders[0].public_share).unwrap();
    assert_ne!(
        pairing(&difference, &g2()),
        pairing(&(q - q2).into_affine(), &y)
    );
}
