//! L18 to L20: the application has judged the candidate.

use medshare_types::hash::Digest;

use crate::io::{Now, Verdict};
use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;
use crate::replica::slot::Stage;

impl<P: Payload> Replica<P> {
    pub(super) fn on_validated(
        &mut self,
        now: Now,
        digest: &Digest,
        verdict: Verdict,
    ) -> Result<(), Rejected> {
        let abstains = self.abstains();
        let Some(candidate) = &mut self.current.candidate else {
            return Ok(());
        };
        // The height may have been decided, or the view given up, in the meantime.
        if candidate.ballot.digest != *digest || candidate.stage != Stage::Validating {
            return Ok(());
        }
        match verdict {
            // L50: asked again at the next tick, when the loss may be over.
            Verdict::Valid if abstains => candidate.stage = Stage::Deferred,
            // L18
            Verdict::Valid => self.prepare(),
            // L19
            Verdict::Invalid => candidate.stage = Stage::Refused,
            // L20
            Verdict::Deferred => candidate.stage = Stage::Deferred,
        }
        self.advance(now.monotonic_ms)
    }
}
