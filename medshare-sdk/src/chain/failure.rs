//! The failure that a call ends with when several members failed it.

use crate::error::Error;

/// The most telling failure so far: a member that answers says more than one that does not.
#[derive(Default)]
pub(super) struct Failure(Option<Error>);

impl Failure {
    /// Notes one more failure; of equals the latest counts.
    pub(super) fn note(&mut self, error: Error) {
        if self.0.as_ref().is_none_or(|old| rank(&error) >= rank(old)) {
            self.0 = Some(error);
        }
    }

    pub(super) fn into_error(self) -> Error {
        self.0.unwrap_or(Error::Unreachable)
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
