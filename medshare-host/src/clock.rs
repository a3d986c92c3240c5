//! The system's clock.
//!
//! Whether a local time may decide something is a rule of its caller: members refuse by it and never
//! permit by it.

use std::time::{SystemTime, UNIX_EPOCH};

use medshare_types::Timestamp;

/// The current time, to the millisecond. A clock set before 1970 shows 1970.
#[must_use]
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    #[expect(clippy::expect_used, reason = "584 million years fit")]
    let millis =
        u64::try_from(elapsed.as_millis()).expect("milliseconds since 1970 fit in 64 bits");
    Timestamp::from_millis(millis)
}
