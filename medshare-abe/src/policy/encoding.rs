//! The canonical binary form.
//!
//! ```text
//! node := 0x00 ‖ u16le length ‖ UTF-8 of the attribute, normalised
//!       | 0x01 ‖ u16le count  ‖ node*                    all of them
//!       | 0x02 ‖ u16le count  ‖ node*                    one of them
//!       | 0x03 ‖ u16le count  ‖ u16le needed ‖ node*     so many of them
//! ```
//!
//! `count` is at least 2, no operand of an `and` is an `and` and none of an `or` an `or`, and
//! 2 ≤ `needed` < `count`. Other first bytes are reserved for what is to come.

use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::DecodeError;

use super::{AccessPolicy, Gate, MAX_DEPTH, MAX_LEAVES, MAX_POLICY_LEN, Node};
use crate::attribute::Attribute;

const LEAF: u8 = 0;
const AND: u8 = 1;
const OR: u8 = 2;
const THRESHOLD: u8 = 3;

/// Bytes before a leaf's name or a gate's operands, and those of `needed` after them.
const NODE_HEADER_LEN: usize = 3;
const NEEDED_LEN: usize = 2;

impl AccessPolicy {
    /// The canonical binary form, at most [`MAX_POLICY_LEN`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.root.encoded_len());
        self.root.encode(&mut out);
        out
    }

    /// Parses the canonical binary form and nothing else.
    ///
    /// # Errors
    /// [`DecodeError`] for anything that [`Self::to_bytes`] does not produce.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_POLICY_LEN {
            return Err(DecodeError::TooLong {
                length: bytes.len(),
                limit: MAX_POLICY_LEN,
            });
        }
        let mut reader = Reader { bytes, leaves: 0 };
        let root = reader.node(None, MAX_DEPTH)?;
        match reader.bytes.len() {
            0 => Ok(Self { root }),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

impl Node {
    pub(super) fn encoded_len(&self) -> usize {
        NODE_HEADER_LEN
            + match self {
                Self::Leaf(attribute) => attribute.name().len(),
                Self::Gate(gate, children) => {
                    let needed = usize::from(matches!(gate, Gate::Threshold(_))) * NEEDED_LEN;
                    needed + children.iter().map(Self::encoded_len).sum::<usize>()
                }
            }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (kind, count) = match self {
            Self::Leaf(attribute) => (LEAF, attribute.name().len()),
            Self::Gate(Gate::And, children) => (AND, children.len()),
            Self::Gate(Gate::Or, children) => (OR, children.len()),
            Self::Gate(Gate::Threshold(_), children) => (THRESHOLD, children.len()),
        };
        out.push(kind);
        // Names have at most 256 bytes and gates at most MAX_LEAVES operands.
        out.extend_from_slice(&(count as u16).to_le_bytes());
        match self {
            Self::Leaf(attribute) => out.extend_from_slice(attribute.name().as_bytes()),
            Self::Gate(gate, children) => {
                if let Gate::Threshold(needed) = gate {
                    out.extend_from_slice(&needed.to_le_bytes());
                }
                children.iter().for_each(|child| child.encode(out));
            }
        }
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    leaves: usize,
}

impl<'b> Reader<'b> {
    /// One node below a gate of kind `parent`, with `depth` gates or fewer on its paths.
    fn node(&mut self, parent: Option<Gate>, depth: usize) -> Result<Node, DecodeError> {
        let kind = self.take(1)?[0];
        let count = usize::from(self.u16()?);
        let (gate, canonical) = match kind {
            LEAF => return self.leaf(count),
            AND => (Gate::And, parent != Some(Gate::And)),
            OR => (Gate::Or, parent != Some(Gate::Or)),
            THRESHOLD => {
                let needed = self.u16()?;
                let canonical = (2..count).contains(&usize::from(needed));
                (Gate::Threshold(needed), canonical)
            }
            _ => return malformed("unknown kind of node"),
        };
        if !canonical || count < 2 {
            return malformed("a gate that the canonical form does not have");
        }
        if depth == 0 {
            return malformed("gates are nested too deeply");
        }
        let children = (0..count).map(|_| self.node(Some(gate), depth - 1));
        Ok(Node::Gate(gate, children.collect::<Result<_, _>>()?))
    }

    fn leaf(&mut self, length: usize) -> Result<Node, DecodeError> {
        self.leaves += 1;
        if self.leaves > MAX_LEAVES {
            return malformed("too many attributes");
        }
        let name = core::str::from_utf8(self.take(length)?).ok();
        match name.and_then(Attribute::from_canonical) {
            Some(attribute) => Ok(Node::Leaf(attribute)),
            None => malformed("an attribute that is not in normal form"),
        }
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], DecodeError> {
        let split = self.bytes.split_at_checked(count);
        let (taken, rest) = split.ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }
}

fn malformed<T>(reason: &str) -> Result<T, DecodeError> {
    Err(DecodeError::Malformed {
        reason: reason.to_owned(),
    })
}

/// Inside other types: the canonical form as a byte string.
impl BorshSerialize for AccessPolicy {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        self.to_bytes().serialize(writer)
    }
}

impl BorshDeserialize for AccessPolicy {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let bytes = Vec::<u8>::deserialize_reader(reader)?;
        Self::from_bytes(&bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))
    }
}
