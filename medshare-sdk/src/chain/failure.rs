//! The failure that a call ends with when several members failed it.

use medshare_ledger::{RefusalCode, RpcRefusal, RpcResponse};

use super::unexpected;
use crate::error::Error;

/// The most telling failure so far: a member that answers says more than one that does not.
#[derive(Default)]
pub(super) struct Failure {
    error: Option<Error>,
    overloaded: bool,
    /// Answers that no later one of the same member will contradict.
    finals: usize,
}

impl Failure {
    /// Notes one more failure; of equals the latest counts.
    pub(super) fn note(&mut self, error: Error) {
        self.finals += usize::from(is_final(&error));
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
        let finals = self.finals + other.finals;
        if let Some(error) = other.error {
            self.note(error);
        }
        self.finals = finals;
    }

    /// Whether no member failed: none was asked, or each took the call.
    pub(super) const fn is_empty(&self) -> bool {
        self.error.is_none()
    }

    /// Members whose answer was final. Those of f + 1 end a call: an honest one is among them, and
    /// answers the same until the deadline.
    pub(super) const fn finals(&self) -> usize {
        self.finals
    }

    /// To be called before all members are asked again.
    pub(super) const fn forget_finals(&mut self) {
        self.finals = 0;
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
        let mut failure = Self::default();
        failure.note(error.into());
        failure
    }
}

/// An answer that does not verify, or a refusal of the request as such. A member's own failure may
/// pass, and so may a network that garbles answers.
fn is_final(error: &Error) -> bool {
    match error {
        Error::InvalidProof { .. } => true,
        Error::InvalidAnswer { source } => {
            let refusal = source.downcast_ref::<RpcRefusal>();
            refusal.is_some_and(|refusal| refusal.code != RefusalCode::Internal)
        }
        _ => false,
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
    use crate::error::VerifyError;

    fn busy() -> Error {
        Error::Busy {
            reason: "full".to_owned(),
        }
    }

    fn lie() -> Error {
        Error::invalid_answer("nonsense")
    }

    /// Of members that are behind, overloaded, out of reach or have failed, another answer may come.
    #[test]
    fn final_answers_are_counted() {
        let refused = |code| unexpected(RpcResponse::refused(code, "by the test"));
        for (error, finals) in [
            (VerifyError::NoTicket.into(), 1),
            (refused(RefusalCode::BadSignature), 1),
            (refused(RefusalCode::Undecodable), 1),
            (lie(), 0),
            (refused(RefusalCode::Internal), 0),
            (refused(RefusalCode::Unknown), 0),
            (busy(), 0),
            (Error::Unreachable, 0),
        ] {
            let mut failure = Failure::from(VerifyError::NoTicket);
            failure.merge(Failure::from(error));
            assert_eq!(failure.finals(), 1 + finals);
        }
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
