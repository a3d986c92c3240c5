//! Policies from text, in one pass.
//!
//! ```text
//! policy := all ("or" all)*          all := one ("and" one)*
//! one    := condition | "(" policy ")" | number "of" "(" policy ("," policy)* ")"
//! condition := name | label operator value | label "in" value ".." value
//! ```

use core::str::FromStr;

use super::error::SyntaxError;
use super::lexer::{Lexer, Token, Word, misspelling};
use super::literal::{compare, is_number, literal, within};
use crate::enumeration::Enumerations;
use crate::policy::AccessPolicy;
use crate::policy::condition::Condition;
use crate::policy::node::{Gate, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS, Node};
use crate::value::Value;

impl AccessPolicy {
    /// Parses a policy that may compare with values of enumerations.
    ///
    /// Cost: linear in the length of the text.
    ///
    /// # Errors
    /// [`SyntaxError`] with the byte offset.
    pub fn parse(text: &str, enumerations: &Enumerations) -> Result<Self, SyntaxError> {
        let mut lexer = Lexer::new(text)?;
        let (position, token) = lexer.next()?;
        let mut parser = Parser {
            lexer,
            enumerations,
            token,
            position,
            depth: 0,
            rows: 0,
        };
        let root = parser.any()?;
        if parser.token != Token::End {
            return Err(parser.unexpected("\"and\", \"or\" or the end"));
        }
        let length = root.encoded_len();
        if length > MAX_POLICY_LEN {
            return Err(SyntaxError::PolicyTooLong {
                length,
                limit: MAX_POLICY_LEN,
            });
        }
        Ok(Self::from_root(root))
    }
}

impl FromStr for AccessPolicy {
    type Err = SyntaxError;

    /// As [`AccessPolicy::parse`], without enumerations.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, &Enumerations::new())
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    enumerations: &'t Enumerations,
    /// The token that was read last and not used yet.
    token: Token,
    position: usize,
    /// Number of open parentheses.
    depth: usize,
    rows: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Node, SyntaxError> {
        self.chain(Gate::Or, &Token::Or, Self::all)
    }

    fn all(&mut self) -> Result<Node, SyntaxError> {
        self.chain(Gate::And, &Token::And, Self::one)
    }

    /// Operands with the gate's word between them.
    fn chain(
        &mut self,
        gate: Gate,
        word: &Token,
        operand: fn(&mut Self) -> Result<Node, SyntaxError>,
    ) -> Result<Node, SyntaxError> {
        let first = operand(self)?;
        if self.token != *word {
            return Ok(first);
        }
        let position = self.position;
        let mut operands = vec![first];
        while self.token == *word {
            self.advance()?;
            operands.push(operand(self)?);
        }
        check_depth(Node::chain(gate, operands), position)
    }

    fn one(&mut self) -> Result<Node, SyntaxError> {
        match self.token {
            Token::Name { .. } => self.named(),
            Token::Open => {
                self.open()?;
                let inner = self.any()?;
                self.close("\"and\", \"or\" or a closing parenthesis")?;
                Ok(inner)
            }
            _ => Err(self.unexpected("an attribute or an opening parenthesis")),
        }
    }

    /// A condition, or a threshold that begins with its number.
    fn named(&mut self) -> Result<Node, SyntaxError> {
        let name = self.name("an attribute")?;
        let position = name.position;
        let condition = match self.token {
            Token::Of => return self.counted(&name),
            Token::Operator(operator) => {
                self.advance()?;
                let (value, start) = self.value(&name)?;
                Condition::value(name.name, compare(operator, value, start)?)
            }
            Token::Assign => return Err(misspelling(self.position, "write `==` in policies")),
            Token::In => {
                self.advance()?;
                let (from, start) = self.value(&name)?;
                if self.token != Token::Range {
                    return Err(self.unexpected("\"..\""));
                }
                self.advance()?;
                let (to, _) = self.value(&name)?;
                Condition::value(name.name, within(from, to, start)?)
            }
            _ => Condition::from(name.name),
        };
        self.leaf(condition, position)
    }

    fn name(&mut self, expected: &'static str) -> Result<Word, SyntaxError> {
        let position = self.position;
        match self.token {
            Token::Name { .. } => {}
            _ => return Err(self.unexpected(expected)),
        }
        match self.advance()? {
            Token::Name { name, quoted } => Ok(Word {
                name,
                quoted,
                position,
            }),
            _ => Err(SyntaxError::Unexpected { position, expected }),
        }
    }

    /// A value of the label, and its byte offset.
    fn value(&mut self, label: &Word) -> Result<(Value, usize), SyntaxError> {
        let word = self.name("a value")?;
        let value = literal(label, &word, self.enumerations)?;
        Ok((value, word.position))
    }

    /// The rest of a threshold after its number.
    fn counted(&mut self, number: &Word) -> Result<Node, SyntaxError> {
        let text = number.name.as_str();
        if number.quoted || !is_number(text) {
            return Err(self.unexpected("a number before \"of\""));
        }
        self.advance()?;
        // A number too large for usize exceeds the number of operands.
        self.threshold(text.parse().unwrap_or(usize::MAX), number.position)
    }

    fn threshold(&mut self, needed: usize, position: usize) -> Result<Node, SyntaxError> {
        if self.token != Token::Open {
            return Err(self.unexpected("an opening parenthesis"));
        }
        self.open()?;
        let mut operands = vec![self.any()?];
        while self.token == Token::Comma {
            self.advance()?;
            operands.push(self.any()?);
        }
        self.close("\"and\", \"or\", a comma or a closing parenthesis")?;
        let count = operands.len();
        let node = Node::threshold(needed, operands).ok_or(SyntaxError::InvalidThreshold {
            position,
            operands: count,
        })?;
        check_depth(node, position)
    }

    fn open(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError::TooDeep {
                position: self.position,
                limit: MAX_DEPTH,
            });
        }
        self.depth += 1;
        self.advance().map(drop)
    }

    fn close(&mut self, expected: &'static str) -> Result<(), SyntaxError> {
        if self.token != Token::Close {
            return Err(self.unexpected(expected));
        }
        self.depth -= 1;
        self.advance().map(drop)
    }

    fn leaf(&mut self, condition: Condition, position: usize) -> Result<Node, SyntaxError> {
        self.rows += condition.rows();
        if self.rows > MAX_ROWS {
            return Err(SyntaxError::TooManyRows {
                position,
                limit: MAX_ROWS,
            });
        }
        Ok(Node::Leaf(condition))
    }

    /// Reads the next token and returns the one before.
    fn advance(&mut self) -> Result<Token, SyntaxError> {
        let (position, token) = self.lexer.next()?;
        self.position = position;
        Ok(core::mem::replace(&mut self.token, token))
    }

    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        SyntaxError::Unexpected {
            position: self.position,
            expected,
        }
    }
}

fn check_depth(node: Node, position: usize) -> Result<Node, SyntaxError> {
    if node.depth() > MAX_DEPTH {
        return Err(SyntaxError::TooDeep {
            position,
            limit: MAX_DEPTH,
        });
    }
    Ok(node)
}
