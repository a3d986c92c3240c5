//! The canonical binary form.
//!
//! ```text
//! node   := 0x00 ‖ name                                           that name
//!         | 0x01 ‖ u16le count ‖ node*                            all of them
//!         | 0x02 ‖ u16le count ‖ node*                            one of them
//!         | 0x03 ‖ u16le count ‖ u16le needed ‖ node*             so many of them
//!         | 0x04 ‖ label ‖ u32le from ‖ u32le to                  an integer of the range
//!         | 0x05 ‖ label ‖ u16le from ‖ u16le to                  a date of the range, in days
//!         | 0x06 ‖ label ‖ 32-byte id ‖ u16le number ‖ value      that value of the enumeration
//!         | 0x07 ‖ label ‖ 32-byte id ‖ u16le number ‖ value      any other value of it
//! name, label, value := u16le length ‖ UTF-8, normalised
//! ```
//!
//! `count` is at least 2, no operand of an `and` is an `and` and none of an `or` an `or`,
//! 2 ≤ `needed` < `count`, and `from` ≤ `to`. Other first bytes are reserved for what is to come.

use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::DecodeError;

use super::condition::Test;
use super::{AccessPolicy, Condition, Gate, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Node};
use crate::attribute::Kind;
use crate::enumeration::{Choice, EnumerationId};
use crate::name::Name;
use crate::value::Date;

const NAME: u8 = 0;
const AND: u8 = 1;
const OR: u8 = 2;
const THRESHOLD: u8 = 3;
const INTEGER: u8 = 4;
const DATE: u8 = 5;
const IS: u8 = 6;
const IS_NOT: u8 = 7;

/// Bytes before a name or a gate's operands: the kind, and a length or a count.
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
    pub(super) fn encoded_len(&self) -> usize {
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
            Kind::Value { label, value: test } => {
                let rest = match test {
                    Test::Integer { .. } => 8,
                    Test::Date { .. } => 4,
                    Test::Is(choice) | Test::IsNot(choice) => {
                        32 + 2 + 2 + choice.name.as_str().len()
                    }
                };
                (label, rest)
            }
        };
        HEADER_LEN + label.as_str().len() + rest
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (label, test) = match self.kind() {
            Kind::Name(name) => {
                out.push(NAME);
                return encode_name(name, out);
            }
            Kind::Value { label, value: test } => (label, test),
        };
        out.push(match test {
            Test::Integer { .. } => INTEGER,
            Test::Date { .. } => DATE,
            Test::Is(_) => IS,
            Test::IsNot(_) => IS_NOT,
        });
        encode_name(label, out);
        match test {
            Test::Integer { from, to } => {
                out.extend_from_slice(&from.to_le_bytes());
                out.extend_from_slice(&to.to_le_bytes());
            }
            Test::Date { from, to } => {
                out.extend_from_slice(&from.days().to_le_bytes());
                out.extend_from_slice(&to.days().to_le_bytes());
            }
            Test::Is(choice) | Test::IsNot(choice) => {
                out.extend_from_slice(&choice.enumeration.0);
                out.extend_from_slice(&choice.index.to_le_bytes());
                encode_name(&choice.name, out);
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
    /// One node below a gate of kind `parent`, with `depth` gates or fewer on its paths.
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
            return malformed("a gate that the canonical form does not have");
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
                Condition::value(label, self.test(kind)?)
            }
            _ => return malformed("unknown kind of node"),
        };
        self.rows += condition.rows();
        if self.rows > MAX_ROWS {
            return malformed("too many rows");
        }
        Ok(Node::Leaf(condition))
    }

    fn test(&mut self, kind: u8) -> Result<Test, DecodeError> {
        let test = match kind {
            INTEGER => Test::Integer {
                from: u32::from_le_bytes(self.array()?),
                to: u32::from_le_bytes(self.array()?),
            },
            DATE => Test::Date {
                from: Date::from_days(self.u16()?),
                to: Date::from_days(self.u16()?),
            },
            _ => {
                let choice = Choice {
                    enumeration: EnumerationId(self.array()?),
                    index: self.u16()?,
                    name: self.name()?,
                };
                match kind {
                    IS => Test::Is(choice),
                    _ => Test::IsNot(choice),
                }
            }
        };
        match &test {
            Test::Integer { from, to } if from > to => malformed("a range backwards"),
            Test::Date { from, to } if from > to => malformed("a range backwards"),
            _ => Ok(test),
        }
    }

    fn name(&mut self) -> Result<Name, DecodeError> {
        let length = usize::from(self.u16()?);
        let name = core::str::from_utf8(self.take(length)?).ok();
        match name.and_then(Name::from_canonical) {
            Some(name) => Ok(name),
            None => malformed("a name that is not in normal form"),
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
