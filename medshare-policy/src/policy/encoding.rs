//! The canonical binary form.
//!
//! ```text
//! node   := 0x00 ‖ name                                           the name
//!         | 0x01 ‖ u16le count ‖ node*                            all operands
//!         | 0x02 ‖ u16le count ‖ node*                            any operand
//!         | 0x03 ‖ u16le count ‖ u16le needed ‖ node*             `needed` operands
//!         | 0x04 ‖ label ‖ u32le from ‖ u32le to                  an integer of the range
//!         | 0x05 ‖ label ‖ u16le from ‖ u16le to                  a date of the range, in days
//!         | 0x06 ‖ label ‖ 32-byte id ‖ u16le number ‖ value      the value of the enumeration
//!         | 0x07 ‖ label ‖ 32-byte id ‖ u16le number ‖ value      any other value of it
//! name, label, value := u16le length ‖ UTF-8, normalised
//! ```
//!
//! `count` is at least 2, no operand of an `and` is an `and` and none of an `or` an `or`,
//! 2 ≤ `needed` < `count`, and `from` ≤ `to`. All other first bytes are reserved.

use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::DecodeError;

use super::AccessPolicy;
use super::comparison::Comparison;
use super::condition::Condition;
use super::node::{Gate, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Node};
use crate::attribute::Kind;
use crate::date::Date;
use crate::name::Name;
use crate::value::{EnumValue, EnumerationId};

const NAME: u8 = 0;
const AND: u8 = 1;
const OR: u8 = 2;
const THRESHOLD: u8 = 3;
const INTEGER: u8 = 4;
const DATE: u8 = 5;
const IS: u8 = 6;
const IS_NOT: u8 = 7;

/// Bytes of the kind with the length or count that follows it.
const HEADER_LEN: usize = 3;

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
        let mut reader = Reader { bytes, rows: 0 };
        let root = reader.node(None, MAX_DEPTH)?;
        match reader.bytes.len() {
            0 => Ok(Self { root }),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

impl Node {
    /// Bytes of the canonical form.
    pub(crate) fn encoded_len(&self) -> usize {
        match self {
            Self::Leaf(condition) => condition.encoded_len(),
            Self::Gate(gate, children) => {
                let needed = if let Gate::Threshold(_) = gate { 2 } else { 0 };
                HEADER_LEN + needed + children.iter().map(Self::encoded_len).sum::<usize>()
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (gate, children) = match self {
            Self::Leaf(condition) => return condition.encode(out),
            Self::Gate(gate, children) => (gate, children),
        };
        out.push(match gate {
            Gate::And => AND,
            Gate::Or => OR,
            Gate::Threshold(_) => THRESHOLD,
        });
        // Gates have at most MAX_ROWS operands.
        out.extend_from_slice(&(children.len() as u16).to_le_bytes());
        if let Gate::Threshold(needed) = gate {
            out.extend_from_slice(&needed.to_le_bytes());
        }
        children.iter().for_each(|child| child.encode(out));
    }
}

impl Condition {
    fn encoded_len(&self) -> usize {
        let (label, rest) = match self.kind() {
            Kind::Name(name) => (name, 0),
            Kind::Value { label, value } => {
                let rest = match value {
                    Comparison::Integer { .. } => 8,
                    Comparison::Date { .. } => 4,
                    Comparison::Is(value) | Comparison::IsNot(value) => {
                        32 + 2 + 2 + value.name.as_str().len()
                    }
                };
                (label, rest)
            }
        };
        HEADER_LEN + label.as_str().len() + rest
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (label, comparison) = match self.kind() {
            Kind::Name(name) => {
                out.push(NAME);
                return encode_name(name, out);
            }
            Kind::Value { label, value } => (label, value),
        };
        out.push(match comparison {
            Comparison::Integer { .. } => INTEGER,
            Comparison::Date { .. } => DATE,
            Comparison::Is(_) => IS,
            Comparison::IsNot(_) => IS_NOT,
        });
        encode_name(label, out);
        match comparison {
            Comparison::Integer { from, to } => {
                out.extend_from_slice(&from.to_le_bytes());
                out.extend_from_slice(&to.to_le_bytes());
            }
            Comparison::Date { from, to } => {
                out.extend_from_slice(&from.days().to_le_bytes());
                out.extend_from_slice(&to.days().to_le_bytes());
            }
            Comparison::Is(value) | Comparison::IsNot(value) => {
                out.extend_from_slice(&value.enumeration.0);
                out.extend_from_slice(&value.number.to_le_bytes());
                encode_name(&value.name, out);
            }
        }
    }
}

fn encode_name(name: &Name, out: &mut Vec<u8>) {
    // Names have at most 256 bytes.
    out.extend_from_slice(&(name.as_str().len() as u16).to_le_bytes());
    out.extend_from_slice(name.as_str().as_bytes());
}

struct Reader<'b> {
    bytes: &'b [u8],
    rows: usize,
}

impl<'b> Reader<'b> {
    /// A node below a gate of kind `parent`, with at most `depth` gates on its paths.
    fn node(&mut self, parent: Option<Gate>, depth: usize) -> Result<Node, DecodeError> {
        let [kind] = self.array()?;
        if !(AND..=THRESHOLD).contains(&kind) {
            return self.leaf(kind);
        }
        let count = usize::from(self.u16()?);
        let (gate, canonical) = match kind {
            AND => (Gate::And, parent != Some(Gate::And)),
            OR => (Gate::Or, parent != Some(Gate::Or)),
            _ => {
                let needed = self.u16()?;
                let canonical = (2..count).contains(&usize::from(needed));
                (Gate::Threshold(needed), canonical)
            }
        };
        if !canonical || count < 2 {
            return malformed("a gate is not in canonical form");
        }
        if depth == 0 {
            return malformed("gates are nested too deeply");
        }
        let children = (0..count).map(|_| self.node(Some(gate), depth - 1));
        Ok(Node::Gate(gate, children.collect::<Result<_, _>>()?))
    }

    fn leaf(&mut self, kind: u8) -> Result<Node, DecodeError> {
        let condition = match kind {
            NAME => Condition::from(self.name()?),
            INTEGER..=IS_NOT => {
                let label = self.name()?;
                Condition::value(label, self.comparison(kind)?)
            }
            _ => return malformed("unknown kind of node"),
        };
        self.rows += condition.rows();
        if self.rows > MAX_ROWS {
            return malformed("too many rows");
        }
        Ok(Node::Leaf(condition))
    }

    fn comparison(&mut self, kind: u8) -> Result<Comparison, DecodeError> {
        let comparison = match kind {
            INTEGER => Comparison::Integer {
                from: u32::from_le_bytes(self.array()?),
                to: u32::from_le_bytes(self.array()?),
            },
            DATE => Comparison::Date {
                from: Date::from_days(self.u16()?),
                to: Date::from_days(self.u16()?),
            },
            _ => {
                let value = EnumValue {
                    enumeration: EnumerationId(self.array()?),
                    number: self.u16()?,
                    name: self.name()?,
                };
                match kind {
                    IS => Comparison::Is(value),
                    _ => Comparison::IsNot(value),
                }
            }
        };
        match &comparison {
            Comparison::Integer { from, to } if from > to => {
                malformed("a range ends before it begins")
            }
            Comparison::Date { from, to } if from > to => {
                malformed("a range ends before it begins")
            }
            _ => Ok(comparison),
        }
    }

    fn name(&mut self) -> Result<Name, DecodeError> {
        let length = usize::from(self.u16()?);
        let name = core::str::from_utf8(self.take(length)?).ok();
        match name.and_then(Name::from_canonical) {
            Some(name) => Ok(name),
            None => malformed("a name is not in canonical form"),
        }
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(*taken)
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

/// The canonical form as a byte string.
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
