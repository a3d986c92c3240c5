//! Conversions from and to the standard library's time, which the caller took from a clock.

#![expect(
    clippy::disallowed_types,
    reason = "given values are converted, no clock is read"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{TimeError, Timestamp};

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    /// Cuts to milliseconds; more than a timestamp holds is [`Timestamp::MAX`].
    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let elapsed = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| TimeError::BeforeEpoch)?;
        Ok(u64::try_from(elapsed.as_millis()).map_or(Self::MAX, Self::from_millis))
    }
}

impl Timestamp {
    /// The same moment for the standard library; `None` where the platform cannot represent it.
    #[must_use]
    pub fn to_system_time(self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.as_millis()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn system_time_converts_both_ways() {
        let time = UNIX_EPOCH + Duration::new(1_700_000_000, 123_999_999);
        let timestamp = Timestamp::try_from(time).unwrap();
        assert_eq!(timestamp.as_millis(), 1_700_000_000_123);
        let back = timestamp.to_system_time().unwrap();
        assert_eq!(Timestamp::try_from(back), Ok(timestamp));
        let early = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::try_from(early), Err(TimeError::BeforeEpoch));
    }
}
