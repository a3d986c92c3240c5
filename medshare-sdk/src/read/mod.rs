//! From a grant to bytes: the registered record, the ticket, release shares, segments.

use std::time::Duration;

pub(crate) mod open;
pub(crate) mod own;
mod own_grant;
mod payload;
pub(crate) mod record;
mod segment_buffer;
pub(crate) mod session;
mod shares;
mod shortfall;
mod standing;
mod ticket;

const RETRY_PAUSE: Duration = Duration::from_millis(15);
