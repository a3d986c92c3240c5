//! Pairs of signed statements that no honest member signs both: "Evidence" in `docs/spec/pbft.md`.

use std::collections::BTreeMap;

use medshare_types::id::{Epoch, Height, ReplicaId};

use super::committee::Committee;
use super::format::{Said, Signed};
use super::signatures::Signatures;

/// The members that contradict themselves, each with the first height at which it does. Both
/// statements are of one epoch, and signed with the key of that epoch.
pub(super) fn culprits(
    statements: &[Signed],
    committees: &BTreeMap<Epoch, Committee>,
    signatures: &mut Signatures,
) -> BTreeMap<ReplicaId, Height> {
    let mut of_height: BTreeMap<(ReplicaId, Height, Epoch), Vec<&Signed>> = BTreeMap::new();
    for signed in statements {
        let key = (signed.signer, signed.height, signed.epoch);
        of_height.entry(key).or_default().push(signed);
    }
    let mut culprits = BTreeMap::new();
    for ((signer, height, epoch), said) in of_height {
        let Some(committee) = committees.get(&epoch) else {
            continue;
        };
        let mut is_signed = |signed: &Signed| {
            let of = (signer, height, signed.view);
            signatures.are_good(committee, of, signed.said, &signed.signature)
        };
        let mut pairs = said.iter().flat_map(|a| said.iter().map(move |b| (*a, *b)));
        let proven = pairs.any(|(a, b)| contradict(a, b) && is_signed(a) && is_signed(b));
        if proven {
            culprits.entry(signer).or_insert(height);
        }
    }
    culprits
}

/// Two votes of a phase in a view; two view changes into a view; a commit, and a view change into a
/// later view that claims nothing, or a certificate of a view before the commit's.
fn contradict(a: &Signed, b: &Signed) -> bool {
    let same_view = a.view == b.view;
    match (a.said, b.said) {
        (Said::Prepare(one), Said::Prepare(other)) | (Said::Commit(one), Said::Commit(other)) => {
            same_view && one != other
        }
        (Said::Change(one), Said::Change(other)) => same_view && one != other,
        (Said::Commit(_), Said::Change(claim)) => {
            b.view > a.view && claim.is_none_or(|(view, _)| view < a.view)
        }
        _ => false,
    }
}
