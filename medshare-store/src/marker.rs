//! The object that tells a store from an empty folder, and from another organisation's store.

use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use medshare_types::{ChainId, OrganisationId, Wire};
use object_store::path::Path;

use crate::backend::Store;
use crate::error::{Result, StoreError};
use crate::objects::{MARKER, PayloadName};

/// More than any marker has.
const READ_LEN: u64 = 256;

#[derive(BorshSerialize, BorshDeserialize, PartialEq, Eq)]
struct StoreMarker {
    chain: ChainId,
    organisation: OrganisationId,
}

impl Wire for StoreMarker {
    const KIND: [u8; 4] = *b"mSTO";
    const MAX_LEN: usize = 128;
}

/// The occasion at which a marker is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A consortium is founded: what the store holds is another's.
    Founding,
    /// A caller says that this is the organisation's store from now on.
    Replacement,
}

impl Store {
    /// Refuses a store that is not the organisation's own: none is mounted, or another is.
    pub async fn check_marker(&self) -> Result<()> {
        match self.marker().await? {
            Some(marker) if marker == self.own_marker() => Ok(()),
            Some(_) => Err(self.foreign()),
            None => Err(self.missing()),
        }
    }

    /// Writes the marker, where no other is. One that was left by a founding that did not end is
    /// replaced.
    pub async fn prepare(&self, occasion: Occasion) -> Result<()> {
        self.create_folder().await?;
        let own = self.own_marker();
        let may_hold_payloads = match self.marker().await? {
            Some(marker) if marker == own => return Ok(()),
            Some(marker) if marker.organisation != own.organisation => return Err(self.foreign()),
            Some(_) => false,
            None => occasion == Occasion::Replacement,
        };
        if !may_hold_payloads {
            let mut holds_payloads = false;
            let see = |_| {
                holds_payloads = true;
                false
            };
            self.list(PayloadName::ROOT, see).await?;
            if holds_payloads {
                return Err(self.foreign());
            }
        }
        let bytes = Bytes::from(own.to_wire());
        self.put_at(&Path::from(MARKER), bytes).await
    }

    /// The store's marker. One that cannot be read is none.
    async fn marker(&self) -> Result<Option<StoreMarker>> {
        let found = self.read_at(&Path::from(MARKER), 0..READ_LEN).await?;
        Ok(found.and_then(|bytes| StoreMarker::from_wire(&bytes).ok()))
    }

    fn own_marker(&self) -> StoreMarker {
        StoreMarker {
            chain: self.owner().chain,
            organisation: self.owner().id,
        }
    }

    fn foreign(&self) -> StoreError {
        StoreError::Foreign {
            organisation: self.owner().name.clone(),
        }
    }
}
