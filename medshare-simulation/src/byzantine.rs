//! A seat that lies with its wires. Its node is honest, and what it sends is not what leaves; or two
//! nodes have its key.

use bytes::Bytes;
use medshare_testkit::SimRng;
use medshare_types::ReplicaId;

/// Most frames that are kept to be sent again.
const KEPT: usize = 64;

/// What a Byzantine seat does with the frames of its node.
#[derive(Clone, Debug)]
pub(crate) enum Mischief {
    /// Each frame is withheld with this chance, per mille.
    Withhold(u64),
    /// Frames reach the seats below this one only.
    Select(ReplicaId),
    /// With this chance, per mille, bytes of a frame are changed, cut off or added.
    Alter(u64),
    /// Old frames leave again, at any time and to any seat.
    Replay(Vec<Bytes>),
    /// The frames are as they are: a second node signs with the same key.
    Twin,
}

impl Mischief {
    /// One of the kinds, but for the twin.
    pub(crate) fn drawn(members: u16, rng: &mut SimRng) -> Self {
        match rng.below(4) {
            0 => Self::Withhold(rng.between(100, 1_000)),
            1 => Self::Select(ReplicaId(
                1 + u16::try_from(rng.below(members.into())).unwrap_or(0),
            )),
            2 => Self::Alter(rng.between(100, 800)),
            _ => Self::Replay(Vec::new()),
        }
    }

    /// The frames that leave in place of one.
    pub(crate) fn tamper(&mut self, to: ReplicaId, frame: &Bytes, rng: &mut SimRng) -> Vec<Bytes> {
        match self {
            Self::Withhold(per_mille) if rng.chance(*per_mille) => vec![],
            Self::Select(below) if to >= *below => vec![],
            Self::Alter(per_mille) if rng.chance(*per_mille) => vec![altered(frame, rng)],
            Self::Replay(kept) => {
                let mut frames = vec![frame.clone()];
                if rng.chance(500) && !kept.is_empty() {
                    frames.push(kept[rng.index(kept.len())].clone());
                }
                if kept.len() < KEPT {
                    kept.push(frame.clone());
                } else {
                    let at = rng.index(KEPT);
                    kept[at] = frame.clone();
                }
                frames
            }
            _ => vec![frame.clone()],
        }
    }
}

/// A frame with another byte, without its end, or with more bytes at the end. Most changes are behind
/// the envelope, where signatures and digests are.
fn altered(frame: &Bytes, rng: &mut SimRng) -> Bytes {
    let mut bytes = frame.to_vec();
    match rng.below(8) {
        0 => bytes.truncate(rng.index(frame.len())),
        1 => bytes.push(0),
        _ => {
            let at = rng.index(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
    bytes.into()
}
