//! Line 22: a block is executed.

use medshare_types::header::ExecutedRoots;

use crate::error::Rejected;
use crate::proposal::Payload;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(in crate::replica) fn on_executed(&mut self, roots: ExecutedRoots) -> Result<(), Rejected> {
        let height = roots.height;
        if height <= self.executed.height || height > self.tip.height {
            return Err(Rejected::UnexpectedRoots { height });
        }
        self.executed = roots;
        self.ask_when_behind(2);
        self.validate_when_executed()
    }
}
