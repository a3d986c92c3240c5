//! Attributes, and policies over them: the language of attribute-based access control.
//!
//! **Is:** names in Unicode normal form ([`Name`]), values ([`Value`]: integers, dates, and values
//! of lists that only grow, [`Enumeration`]), attributes and sets of them ([`Attribute`],
//! [`AttributeSet`]), and monotone policies ([`AccessPolicy`]), each with a text form, a canonical
//! binary form and a digest.
//!
//! **Is not:** encryption. `medshare-abe` encrypts under these policies; this crate depends on no
//! elliptic curve, so contracts and policy editors can use it alone. Nor is it a registry:
//! enumerations are given to it.
//!
//! # Security
//!
//! Not audited. Text and bytes come from strangers: parsing is strict, its cost is linear in the
//! length of the input, and names, nesting, rows and lengths are limited. What a name displays is
//! what it is ([`Name`]). The number and the name of an enumeration's value are chosen together by
//! the author of a policy: check [`AccessPolicy::agrees_with`] and [`AttributeSet::agrees_with`]
//! before displaying, countersigning or issuing.
//!
//! ```
//! use medshare_policy::{AccessPolicy, AttributeSet, Enumeration, EnumerationId, Enumerations};
//!
//! let mut hospitals = Enumeration::new(EnumerationId([1; 32]), "hospital".parse()?);
//! for hospital in ["st-mary", "charité", "north"] {
//!     hospitals.append(hospital.parse()?)?;
//! }
//! let mut lists = Enumerations::new();
//! lists.register(hospitals)?;
//!
//! let text = "2 of (role:chief, clearance >= 3, hired < 2020-01-01) and hospital != north";
//! let policy = AccessPolicy::parse(text, &lists)?;
//! let nurse = "role:nurse, clearance = 3, hired = 2019-04-01, hospital = charité";
//! assert!(policy.is_satisfied_by(&AttributeSet::parse(nurse, &lists)?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language
//!
//! | text | requires |
//! |---|---|
//! | `role:nurse`, `"ward 3"` | the name |
//! | `a and b`, `a or b` | both, either; `and` binds more tightly |
//! | `2 of (a, b and c, d)` | at least two of the operands |
//! | `clearance >= 3`, `<`, `<=`, `>`, `==` | the label with such an integer of 32 bits |
//! | `hired < 2026-01-31`, … | the label with such a date |
//! | `clearance in 3..5` | the label with a value from 3 to 5, both included; dates likewise |
//! | `hospital == charité`, `hospital != charité` | the label with this value, or with another |
//!
//! The last two require an enumeration registered for the label ([`Enumerations`]); `!=` does not
//! mean "does not have" (see [`Enumeration`]). `and`, `or`, `of`, `in` and `not` are reserved in
//! any case. A name of letters and digits of any script, `_`, `.` (not two in a row), `:` and `-`
//! is written bare, any other in quotation marks, with `\"` and `\\` as escapes. `hospital:charité`
//! is a plain name, unrelated to the label `hospital`.
//!
//! Policies are hashed, stored and encrypted under in a canonical binary form, not as text: an
//! `and` directly inside an `and` is merged into it, likewise an `or` in an `or`; `n of` n operands
//! is their `and`, and `1 of` them their `or`; a comparison is the range that it means; parentheses
//! around a single operand vanish, and the order of operands is kept.
//!
//! # Policies with variable parts
//!
//! Programs should build policies from values, not from text. Input from users may contain words
//! of the language, and printing one policy into another loses parentheses:
//!
//! ```
//! use medshare_policy::{AccessPolicy, Condition, Name};
//!
//! let typed = "7 or role:admin";
//! let ward = Name::new(&format!("ward:{typed}"))?;
//! let cleared = Condition::integer(Name::new("clearance")?, 3..)?;
//! let nurse = Name::new("role:nurse")?;
//! let policy = AccessPolicy::all([nurse.into(), ward.into(), cleared.into()])?;
//! assert_eq!(policy.to_string(), "role:nurse and \"ward:7 or role:admin\" and clearance >= 3");
//!
//! // An injection: every administrator satisfies this policy.
//! let careless: AccessPolicy = format!("role:nurse and ward:{typed}").parse()?;
//! assert!(careless.is_satisfied_by(&"role:admin".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`AccessPolicy::node`] traverses a policy gate by gate.
//!
//! | module | holds | imports |
//! |---|---|---|
//! | `name` | [`Name`], [`NameError`]; refused characters; quoting | |
//! | `error` | [`PolicyError`] | `name` |
//! | `date` | [`Date`] | `error` |
//! | `prefix` | binary prefixes of numbers, covers of ranges | |
//! | `value` | [`Value`], [`EnumValue`], [`EnumerationId`] | `date`, `name`, `prefix` |
//! | `enumeration` | [`Enumeration`], [`Enumerations`] | `error`, `name`, `value` |
//! | `attribute` | [`Attribute`], [`AttributeSet`] | `enumeration` and below |
//! | `policy` | [`AccessPolicy`], [`Condition`], [`Comparison`], [`PolicyNode`]; limits; encoding | `attribute` and below |
//! | `text` | lexer and parsers, [`SyntaxError`] | `policy` and below |
//! | `element` | the elements that `medshare-abe` hashes; not a stable interface | `policy` and below |
//!
//! The feature `serde` makes names and dates texts, and policies, sets and enumerations opaque
//! bytes in serde's formats.
//!
//! Comparisons by bits follow Bethencourt, Sahai and Waters, *Ciphertext-Policy Attribute-Based
//! Encryption*, IEEE S&P 2007.
#![forbid(unsafe_code)]

mod attribute;
mod date;
#[doc(hidden)]
pub mod element;
mod enumeration;
mod error;
mod name;
mod policy;
mod prefix;
#[cfg(feature = "serde")]
mod serde;
mod text;
mod value;

pub use attribute::{Attribute, AttributeSet};
pub use date::Date;
pub use enumeration::{Enumeration, Enumerations, MAX_VALUES};
pub use error::PolicyError;
pub use name::{MAX_NAME_LEN, Name, NameError};
pub use policy::AccessPolicy;
pub use policy::comparison::Comparison;
pub use policy::condition::Condition;
pub use policy::node::{MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS};
pub use policy::view::{Operands, PolicyNode};
pub use text::error::SyntaxError;
pub use value::{EnumValue, EnumerationId, Value};
