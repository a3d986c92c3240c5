//! The bound on what a replica holds of others, written from "State" in `docs/spec/pbft.md`.

use medshare_consensus::Footprint;
use medshare_types::id::ReplicaId;

use crate::violation::Violation;

/// What `member` holds beyond the bound, in a committee of `seats` among so many organisations.
///
/// Where an epoch has just begun, what is held of the one before was bounded by its committee, and the next
/// may be smaller: `seats` is the larger of both.
pub(crate) fn excess(
    member: ReplicaId,
    held: &Footprint,
    seats: usize,
    organisations: usize,
) -> Option<Violation> {
    let bounds = [
        // Two heights of seven blocks at most and one a member, and the first of the next epoch.
        ("blocks", held.blocks, 2 * (7 + seats) + 1),
        // Two prepares, two commits, a view change and eight late votes a member and height, a quorum of
        // view changes behind the own prepare, own late votes, and four early messages a member.
        ("votes", held.votes, 2 * (14 * seats + 8) + 4 * seats),
        ("open heights", held.open_heights, 1_024 + 2),
        (
            "votes for open heights",
            held.open_votes,
            held.open_heights * 9 * seats,
        ),
        // Suspicions, evidence at two heights; a claim, four limits and an answer to a loss.
        ("notes", held.notes, 3 * seats + 6 * organisations + 1),
        ("unrecorded blocks", held.unrecorded, 33),
    ];
    let beyond = bounds.into_iter().find(|(_, held, bound)| held > bound);
    beyond.map(|(what, held, bound)| Violation::TooMuchMemory {
        member,
        what,
        held,
        bound,
    })
}
