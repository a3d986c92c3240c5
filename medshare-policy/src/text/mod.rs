//! Names, attributes and policies from text.

mod attributes;
pub(crate) mod error;
mod lexer;
mod literal;
mod policy;
