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

mod io;
mod layout;
mod preamble;
mod segment;
mod tree;

pub use io::{PayloadReader, PayloadWriter};
pub use layout::PayloadLayout;
pub use preamble::Preamble;
pub use segment::{SegmentOpener, SegmentSealer};
pub use tree::{ContentTree, content_root, segment_digest};

use medshare_types::RandomSource;

use crate::secret::DataKey;

/// Bytes of plaintext in every segment but the last.
pub const SEGMENT_LEN: usize = 1 << 16;
/// Bytes that encryption adds to a segment.
pub const TAG_LEN: usize = 16;
/// Bytes of every sealed segment but the last.
pub const SEALED_SEGMENT_LEN: usize = SEGMENT_LEN + TAG_LEN;

/// A new payload: its data key, its preamble, and the one sealer that there is for that key.
#[must_use]
pub fn create(rng: &mut impl RandomSource) -> (DataKey, Preamble, SegmentSealer) {
    let data_key = DataKey::random(rng);
    let (preamble, payload_key) = Preamble::create(&data_key, rng.array());
    let sealer = SegmentSealer::new(&payload_key, &preamble);
    (data_key, preamble, sealer)
}
