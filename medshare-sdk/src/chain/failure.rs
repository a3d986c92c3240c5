//! The failure that a call ends with when several members failed it.

use medshare_ledger::{RefusalCode, RpcResponse};

use super::unexpected;
use crate::error::Error;

/// The most telling failure so far: a member that answers says more than one that does not.
#[derive(Default)]
pub(super) struct Failure {
    error: Option<Error>,
    overloaded: bool,
}

impl Failure {
    /// Notes one more failure; of equals the latest counts.
    pub(super) fn note(&mut self, error: Error) {
        let is_telling = |old: &Error| rank(&error) >= rank(old);
        if self.error.as_ref().is_none_or(is_telling) {
            self.error = Some(error);
        }
    }

    /// Notes an answer that is not the wanted one.
    pub(super) fn note_answer(&mut self, answer: RpcResponse) {
        self.overloaded |= matches!(
            &answer,
            RpcResponse::Refused(refusal) if refusal.code == RefusalCode::Overloaded
        );
        self.note(unexpected(answer));
    }

    /// Adds the failure of another member.
    pub(super) fn merge(&mut self, other: Self) {
        self.overloaded |= other.overloaded;
        if let Some(error) = other.error {
            self.note(error);
        }
    }

    /// Whether a member had too much to do: the call is to be repeated for as long as its caller
    /// waits.
    pub(super) const fn is_overload(&self) -> bool {
        self.overloaded
    }

    pub(super) fn into_error(self) -> Error {
        self.error.unwrap_or(Error::Unreachable)
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: Some(error.into()),
            overloaded: false,
        }
    }
}

const fn rank(error: &Error) -> u8 {
    match error {
        Error::Unreachable => 0,
        Error::Member { .. } => 1,
        Error::InvalidProof { .. } | Error::InvalidAnswer { .. } => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Error {
        Error::Busy {
            reason: "full".to_owned(),
        }
    }

    fn lie() -> Error {
        Error::invalid_answer("nonsense")
    }

    #[test]
    fn unreachable_is_what_no_member_contradicts() {
        assert_eq!(Failure::default().into_error().code(), "unreachable");
        for (errors, code) in [
            ([Error::Unreachable, Error::Unreachable], "unreachable"),
            ([busy(), Error::Unreachable], "busy"),
            ([lie(), Error::Unreachable], "invalid_answer"),
            ([Error::Unreachable, lie()], "invalid_answer"),
            ([busy(), lie()], "busy"),
        ] {
            let mut failure = Failure::default();
            for error in errors {
                failure.note(error);
            }
            assert_eq!(failure.into_error().code(), code);
        }
    }
}
