//! Sealed payloads: data of any size, encrypted in segments of 64 KiB under one content root.
//!
//! **Is:** a file format for encrypted data in untrusted storage, with writers and
//! readers for it. Each segment is encrypted by itself (STREAM over ChaCha20-Poly1305) and is a
//! leaf of a Merkle tree, so that any range of the content can be fetched, checked and decrypted
//! alone. The length can be hidden ([`Padding`]).
//!
//! **Is not:** key management. A payload has one random [`DataKey`]; wrapping it for readers is
//! the business of the caller or of `medshare-abe`. Nor is it storage: [`SegmentSealer`] and
//! [`SegmentOpener`] do no I/O, and [`PayloadWriter`] and [`PayloadReader`] use `std::io`.
//!
//! # Security
//!
//! Not audited. A payload's [`Preamble`] commits to the data key, so a wrong key is detected before
//! anything is decrypted. Every reader holds the data key and can therefore encrypt segments that
//! decrypt: only the content root, published where readers cannot change it, tells the sealer's
//! segments from theirs. A reader checks the stored object's length first, then each segment
//! against the root, then decrypts. Comparisons of secrets take constant time; keys and plaintext
//! buffers owned by this crate are erased when dropped.
//!
//! ```
//! use medshare_payload::{ContentTree, PayloadReader, PayloadWriter, create};
//! use std::io::{Cursor, Read, Write};
//!
//! let mut rng = rand::rng();
//! let (data_key, preamble, sealer) = create(&mut rng);
//! let mut writer = PayloadWriter::new(Vec::new(), sealer);
//! writer.write_all(b"a discharge letter")?;
//! let (object, tree) = writer.finish()?;
//! // The tree is stored beside the object; its root is published.
//! let tree = ContentTree::from_bytes(&tree.to_bytes(), &tree.root())?;
//! let mut reader = PayloadReader::new(Cursor::new(object), &data_key, &preamble, tree)?;
//! let mut letter = String::new();
//! reader.read_to_string(&mut letter)?;
//! assert_eq!(letter, "a discharge letter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Choosing a reader
//!
//! | available | reader | object cut or extended | segment forged by another reader |
//! |---|---|---|---|
//! | content root and tree | [`SegmentOpener::new`], [`PayloadReader::new`] | refused at once | refused |
//! | content root | [`AuditPath::check`] for each segment, then the next line | refused at once | refused |
//! | neither | [`SegmentOpener::without_root`], [`PayloadReader::without_root`] | refused at once | **accepted** |
//!
//! [`SegmentOpener::plan`] gives the range of the object to fetch for a range of the content, and
//! [`SegmentOpener::open_range`] opens what was fetched.
//!
//! # Padding
//!
//! The object's length reveals the content's unless the payload is padded. Readers never see the
//! padding.
//!
//! ```
//! use medshare_payload::{Padding, PayloadReader, PayloadWriter, create_padded};
//! use std::io::{Cursor, Read, Write};
//!
//! let mut rng = rand::rng();
//! let mut lengths = Vec::new();
//! for result in ["negative", "positive, with a long remark"] {
//!     let (data_key, preamble, sealer) = create_padded(Padding::Padme, &mut rng);
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
//!
//! | module | holds | imports |
//! |---|---|---|
//! | `error` | [`PayloadError`] | |
//! | `secret` | [`DataKey`] | |
//! | `hash` | [`segment_digest`], [`content_root`], the tree's nodes | |
//! | `layout` | [`PayloadLayout`]: lengths and ranges of segments; the segment size | |
//! | `padding` | [`Padding`], [`PaddingTail`] | |
//! | `range` | [`RangePlan`] | `layout` |
//! | `preamble` | [`Preamble`]: payload id, padding, key commitment | `layout`, `padding`, `secret` |
//! | `cipher` | the encryption of one segment | `layout`, `preamble` |
//! | `tree` | [`ContentTree`] | `hash`, `layout` |
//! | `audit` | [`AuditPath`] | `hash`, `layout`, `tree` |
//! | `sealer` | [`create`], [`create_padded`], [`SegmentSealer`] | all above but `audit`, `range` |
//! | `opener` | [`SegmentOpener`], [`Integrity`], [`Rootless`] | all above but `audit`, `sealer` |
//! | `io` | [`PayloadWriter`], [`PayloadReader`] | `sealer`, `opener` |
//!
//! The feature `serde` makes preambles and audit paths opaque bytes in serde's formats.
//!
//! Papers: Hoang, Reyhanitabar, Rogaway and Vizár, *Online Authenticated Encryption and its
//! Nonce-Reuse Misuse-Resistance*, CRYPTO 2015 (STREAM); Len, Grubbs and Ristenpart, *Partitioning
//! Oracle Attacks*, USENIX Security 2021 (key commitment); Nikitin, Barman, Lueks, Underwood, Hubaux
//! and Ford, *Reducing Metadata Leakage from Encrypted Files and Communication with PURBs*, PETS
//! 2019 (padding). RFC 6962 (tree and audit paths), RFC 8439.
#![forbid(unsafe_code)]

mod audit;
mod cipher;
mod error;
mod hash;
mod io;
mod layout;
mod opener;
mod padding;
mod preamble;
mod range;
mod sealer;
mod secret;
#[cfg(feature = "serde")]
mod serde;
mod tree;

pub use audit::AuditPath;
pub use error::PayloadError;
pub use hash::{content_root, segment_digest};
pub use io::{PayloadReader, PayloadWriter};
pub use layout::{PayloadLayout, SEALED_SEGMENT_LEN, SEGMENT_LEN, TAG_LEN};
pub use opener::{Integrity, Rootless, SegmentOpener};
pub use padding::{Padding, PaddingTail};
pub use preamble::Preamble;
pub use range::RangePlan;
pub use sealer::{SegmentSealer, create, create_padded};
pub use secret::DataKey;
pub use tree::ContentTree;
