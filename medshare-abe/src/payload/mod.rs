//! The sealed payload: segments of 64 KiB, each encrypted and each under one content root.
//!
//! A payload has one secret, its [`DataKey`], new for every payload. Its [`Preamble`] commits to
//! that key, so that a header which hands out another key is noticed before anything is decrypted.
//! Ciphertext is encrypted in segments by STREAM, and each ciphertext segment is a leaf of the
//! [`ContentTree`], whose root stands where nobody can change it, such as on a chain. A reader
//! checks the stored object's length, then each segment against the tree, and only then decrypts:
//! every reader holds the key and could make segments of his own, so that decrypting alone says
//! only that *some* reader made it.
//!
//! [`SegmentSealer`] and [`SegmentOpener`] do no I/O; [`PayloadWriter`] and [`PayloadReader`] put
//! them on `std::io`.
//!
//! ```
//! use medshare_abe::payload::{self, ContentTree, PayloadReader, PayloadWriter};
//! use std::io::{Cursor, Read, Write};
//!
//! let mut rng = rand::rng();
//! let (data_key, preamble, sealer) = payload::create(&mut rng);
//! let mut writer = PayloadWriter::new(Vec::new(), sealer);
//! writer.write_all(b"a discharge letter")?;
//! let (object, tree) = writer.finish()?;
//! // `tree` is stored beside the object, its root where it cannot be changed.
//! let tree = ContentTree::from_bytes(&tree.to_bytes(), &tree.root())?;
//! let mut reader = PayloadReader::new(Cursor::new(object), &data_key, &preamble, tree)?;
//! let mut letter = String::new();
//! reader.read_to_string(&mut letter)?;
//! assert_eq!(letter, "a discharge letter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which reader
//!
//! | at hand | reader | a cut or longer object | a segment by another reader |
//! |---|---|---|---|
//! | the content root and the tree | [`SegmentOpener::new`], [`PayloadReader::new`] | refused at once | refused |
//! | the content root | [`AuditPath::check`] for each segment, then the next line | refused at once | refused |
//! | neither | [`SegmentOpener::without_root`], [`PayloadReader::without_root`] | refused at once | **taken** |
//!
//! [`SegmentOpener::plan`] says which bytes of the object to fetch for some bytes of the content,
//! and [`SegmentOpener::open_range`] opens them.
//!
//! # Padding
//!
//! The length of the object tells that of the content, unless it is padded ([`Padding`]). What is
//! read has no padding.
//!
//! ```
//! use medshare_abe::payload::{self, Padding, PayloadReader, PayloadWriter};
//! use std::io::{Cursor, Read, Write};
//!
//! let mut rng = rand::rng();
//! let mut lengths = Vec::new();
//! for result in ["negative", "positive, with a long remark"] {
//!     let (data_key, preamble, sealer) = payload::create_padded(Padding::Padme, &mut rng);
//!     let mut writer = PayloadWriter::new(Vec::new(), sealer);
//!     writer.write_all(result.as_bytes())?;
//!     let (object, tree) = writer.finish()?;
//!     lengths.push(object.len());
//!     let mut reader = PayloadReader::new(Cursor::new(object), &data_key, &preamble, tree)?;
//!     let mut read = String::new();
//!     reader.read_to_string(&mut read)?;
//!     assert_eq!(read, result);
//! }
//! assert_eq!(lengths, [1040, 1040]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod cipher;
mod io;
mod layout;
mod opener;
mod padding;
mod preamble;
mod range;
mod sealer;
mod tree;

pub use audit::AuditPath;
pub use io::{PayloadReader, PayloadWriter};
pub use layout::PayloadLayout;
pub use opener::{Integrity, Rootless, SegmentOpener};
pub use padding::{Padding, PaddingTail};
pub use preamble::Preamble;
pub use range::RangePlan;
pub use sealer::SegmentSealer;
pub use tree::{ContentTree, content_root, segment_digest};

use medshare_types::RandomSource;

use crate::secret::DataKey;

/// Bytes of plaintext in every segment but the last.
pub const SEGMENT_LEN: usize = 1 << 16;
/// Bytes that encryption adds to a segment.
pub const TAG_LEN: usize = 16;
/// Bytes of every sealed segment but the last.
pub const SEALED_SEGMENT_LEN: usize = SEGMENT_LEN + TAG_LEN;

/// A new payload, not padded: its data key, its preamble, and the one sealer that there is for that
/// key.
#[must_use]
pub fn create(rng: &mut impl RandomSource) -> (DataKey, Preamble, SegmentSealer) {
    create_padded(Padding::None, rng)
}

/// As [`create`], for a payload that hides its length as `padding` says.
///
/// [`PayloadWriter`] adds the padding; who seals segments himself adds [`Padding::tail`].
#[must_use]
pub fn create_padded(
    padding: Padding,
    rng: &mut impl RandomSource,
) -> (DataKey, Preamble, SegmentSealer) {
    let data_key = DataKey::random(rng);
    let (preamble, payload_key) = Preamble::create(&data_key, rng.array(), padding);
    let sealer = SegmentSealer::new(&payload_key, &preamble);
    (data_key, preamble, sealer)
}
