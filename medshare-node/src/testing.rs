//! What the tests of several modules share.

use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
use medshare_types::{Genesis, SigningKey, Timestamp};

use crate::secrets::NodeSecrets;
use medshare_host::os_random;

/// A consortium of four and its members' signing keys.
pub(crate) fn founders() -> (Genesis, Vec<SigningKey>) {
    let secrets: Vec<_> = (0..4)
        .map(|_| NodeSecrets::random(&mut os_random()))
        .collect();
    let member = |(n, secrets): (usize, &NodeSecrets)| GenesisMember {
        name: format!("member-{n}"),
        key: secrets.verifying_key(),
        holder_key: secrets.holder_public(),
    };
    let genesis = Genesis {
        salt: [7; 32],
        created: Timestamp::from_millis(1),
        members: secrets.iter().enumerate().map(member).collect(),
        authority: GenesisAuthority {
            parameters: Vec::new(),
        },
        parameters: ChainParameters::default(),
    };
    (
        genesis,
        secrets.into_iter().map(|s| s.signing_key).collect(),
    )
}
