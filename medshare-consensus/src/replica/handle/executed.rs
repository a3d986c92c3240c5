//! L34: a block is executed.

use medshare_types::header::ExecutedRoots;

use crate::proposal::Payload;
use crate::rejected::Rejected;
use crate::replica::Replica;

impl<P: Payload> Replica<P> {
    pub(super) fn on_executed(&mut self, roots: ExecutedRoots) -> Result<(), Rejected> {
        let height = roots.height;
        if height <= self.executed.height || height > self.tip.height {
            return Err(Rejected::UnexpectedRoots { height });
        }
        self.executed = roots;
        self.fetch_when_behind(2);
        self.validate_when_executed()
    }
}
