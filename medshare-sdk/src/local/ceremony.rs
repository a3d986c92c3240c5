//! Waiting for the gate key, which the members make at the first start.

use std::time::Duration;

use medshare_contract::keys;
use medshare_contract::state::CeremonyState;
use medshare_types::{AccessClass, Denial, GateKey};
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::local::members::Members;

/// Time for few members to make the gate key.
const CEREMONY_TIMEOUT: Duration = Duration::from_secs(60);
/// Added for each three members: every member checks every deal, and a deal grows with the members.
/// Twenty times what 16 members take on two cores, for builds without optimisation.
const CEREMONY_TIMEOUT_PER_CHECK: Duration = Duration::from_millis(30);
/// Time for a member that runs to learn of a gate key that exists, where another is damaged.
const DAMAGED_PATIENCE: Duration = Duration::from_secs(5);

/// The time that so many members get to make the gate key.
fn ceremony_timeout(members: usize) -> Duration {
    let checks = u32::try_from(members.saturating_pow(3)).unwrap_or(u32::MAX);
    CEREMONY_TIMEOUT.saturating_add(CEREMONY_TIMEOUT_PER_CHECK.saturating_mul(checks))
}

/// Waits for the ceremony, which needs every member; the error names those that are damaged, or the
/// parties of a complaint that stopped it.
pub(super) async fn wait_for_gate_key(context: &Context, members: &Members) -> Result<()> {
    let begun = Instant::now();
    let timeout = ceremony_timeout(members.list.len());
    let damaged = members.damaged().await;
    let home = members.fit_seat().await;
    let gate_key = keys::gate_key(AccessClass::Normal);
    loop {
        match context.chain.glance::<GateKey>(home, gate_key).await {
            Ok(Some(_)) => return context.gate_key(home).await.map(drop),
            Ok(None) if !damaged.is_empty() && begun.elapsed() >= DAMAGED_PATIENCE => {
                return Err(Error::TooManyDamaged { damaged, limit: 0 });
            }
            Ok(None) if begun.elapsed() >= timeout => {
                return Err(Error::Denied(Denial::GateKeyNotReady));
            }
            Ok(None) => {}
            Err(error @ Error::Stopped { .. }) => return Err(error),
            Err(error) if begun.elapsed() >= timeout => return Err(error),
            Err(_) => {}
        }
        let key = keys::ceremony(AccessClass::Normal);
        let ceremony: Result<Option<CeremonyState>> = context.chain.glance(home, key).await;
        if let Ok(Some(CeremonyState {
            stopped: Some(complaint),
            ..
        })) = ceremony
        {
            return Err(Error::Denied(Denial::CeremonyStopped {
                accuser: complaint.accuser,
                dealer: complaint.dealer,
            }));
        }
        sleep(Duration::from_millis(5)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The work of the ceremony grows with the cube of the members, and so does its time.
    #[test]
    fn many_members_get_more_time() {
        assert!(ceremony_timeout(4) < Duration::from_secs(65));
        for members in [8, 16, 32, 64, 512] {
            let (fewer, more) = (ceremony_timeout(members), ceremony_timeout(2 * members));
            let (fewer, more) = (fewer - CEREMONY_TIMEOUT, more - CEREMONY_TIMEOUT);
            assert_eq!(more, 8 * fewer, "{members}");
        }
    }
}
