//! Twins: two replicas hold one seat, and every way to split the network into two sides is tried.
//!
//! After S. Bano et al., *Twins: BFT Systems Made Robust*, OPODIS 2021. A replica that follows the
//! protocol is a Byzantine member as soon as there are two of it: they equivocate, forget and
//! contradict each other by themselves.

use medshare_types::id::ReplicaId;
use medshare_types::wire::DecodeError;

use crate::scenario::Scenario;
use crate::sim_rng::SimRng;
use crate::splits::Splits;

/// Members without the twin.
const MEMBERS: u16 = 4;
/// Ways to split five replicas into at most two sides.
const WAYS: u64 = 16;
/// Heights of each run.
const HEIGHTS: u64 = 2;
/// Rare, so that runs are short: nothing gets lost within a side.
const RESEND_MS: u64 = 1_000;

/// The number of [`scenario`]s with `views` views that are split.
#[must_use]
pub const fn count(views: u32) -> u64 {
    MEMBERS as u64 * WAYS.pow(views)
}

/// Scenario `number` below [`count`]: a seat with a twin, and the sides of each of the first `views`
/// views, the same at both heights. Later views are whole, so both heights must be decided.
///
/// # Errors
/// Never: four members are a committee.
pub fn scenario(number: u64, views: u32) -> Result<Scenario, DecodeError> {
    let twin = number % u64::from(MEMBERS);
    let mut ways = number / u64::from(MEMBERS);
    let mut of_height = Vec::new();
    for _ in 0..views {
        let sides = side(ways % WAYS);
        of_height.extend([sides, sides]);
        ways /= WAYS;
    }
    let sides = of_height.repeat(usize::try_from(HEIGHTS).unwrap_or(1));
    with(number, twin, views, sides)
}

/// A scenario with independent sides for each height, view and phase.
///
/// # Errors
/// Never: four members are a committee.
pub fn sampled(seed: u64, views: u32) -> Result<Scenario, DecodeError> {
    let mut rng = SimRng::new(seed);
    let twin = rng.below(MEMBERS.into());
    let sides = (0..HEIGHTS * u64::from(views) * 2).map(|_| side(rng.below(WAYS)));
    let sides = sides.collect();
    with(seed, twin, views, sides)
}

/// A scenario with twins in two seats, which is one too many: also those seats. The sides of six
/// replicas differ by view, and are the same at both heights.
///
/// # Errors
/// Never: four members are a committee.
pub fn two_pairs(seed: u64, views: u32) -> (Result<Scenario, DecodeError>, [ReplicaId; 2]) {
    let mut rng = SimRng::new(seed);
    let first = rng.below(MEMBERS.into());
    let second = (first + rng.between(1, u64::from(MEMBERS) - 1)) % u64::from(MEMBERS);
    let seats = [first, second].map(|seat| ReplicaId(u16::try_from(seat).unwrap_or_default()));
    let sides = (0..views).flat_map(|_| [side(rng.below(2 * WAYS)); 2]);
    let sides: Vec<_> = sides.collect();
    let sides = sides.repeat(usize::try_from(HEIGHTS).unwrap_or(1));
    let scenario = with(seed, first, views, sides).map(|scenario| scenario.with_twin(seats[1]));
    (scenario, seats)
}

fn with(seed: u64, twin: u64, views: u32, sides: Vec<u32>) -> Result<Scenario, DecodeError> {
    let twin = ReplicaId(u16::try_from(twin).unwrap_or_default());
    let views = usize::try_from(views).unwrap_or_default();
    Ok(Scenario::cheap(seed, MEMBERS)?
        .with_heights(HEIGHTS)
        .with_deadline_ms(600_000)
        .with_resend_ms(RESEND_MS)
        .with_calm_after_ms(10_000)
        .with_twin(twin)
        .with_splits(Splits { views, sides }))
}

/// Sides of replicas, the last one on side 0: no way counts twice.
fn side(way: u64) -> u32 {
    u32::try_from(way).unwrap_or_default()
}
