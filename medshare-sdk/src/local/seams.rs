//! The link and the client of each member's node: decorated by faults with the feature
//! `fault-injection`, untouched without it.

#[cfg(feature = "fault-injection")]
pub(crate) use faulty::{MemberClient, Seams};
#[cfg(not(feature = "fault-injection"))]
pub(crate) use plain::{MemberClient, Seams};

#[cfg(feature = "fault-injection")]
mod faulty {
    use std::sync::Arc;

    use medshare_host::Machine;
    use medshare_node::NodeClient;
    use medshare_node::fault_injection::{Faults, FaultyClient};
    use medshare_node::transport::Link;
    use medshare_types::{ChainId, ReplicaId, SigningKey};

    pub(crate) type MemberClient = FaultyClient;

    pub(crate) struct Seams {
        pub(crate) faults: Arc<Faults>,
    }

    impl Seams {
        pub(crate) fn new(seats: u16) -> Self {
            let faults = Faults::new(seats);
            Self { faults }
        }

        /// The key signs votes that contradict others.
        pub(crate) fn link(
            &self,
            seat: ReplicaId,
            link: Link,
            chain: ChainId,
            signing_key: SigningKey,
        ) -> Link {
            self.faults.decorate_link(seat, link, chain, signing_key)
        }

        pub(crate) fn machine(&self, seat: ReplicaId) -> Arc<dyn Machine> {
            self.faults.machine(seat)
        }

        /// The key signs the lies.
        pub(crate) fn client(
            &self,
            seat: ReplicaId,
            client: NodeClient,
            signing_key: SigningKey,
        ) -> MemberClient {
            self.faults.decorate_client(seat, client, signing_key)
        }
    }
}

#[cfg(not(feature = "fault-injection"))]
mod plain {
    use std::sync::Arc;

    use medshare_host::{Machine, ThisMachine};
    use medshare_node::NodeClient;
    use medshare_node::transport::Link;
    use medshare_types::{ChainId, ReplicaId, SigningKey};

    pub(crate) type MemberClient = NodeClient;

    pub(crate) struct Seams;

    impl Seams {
        pub(crate) const fn new(_seats: u16) -> Self {
            Self
        }

        pub(crate) fn link(
            &self,
            _seat: ReplicaId,
            link: Link,
            _chain: ChainId,
            _signing_key: SigningKey,
        ) -> Link {
            link
        }

        pub(crate) fn machine(&self, _seat: ReplicaId) -> Arc<dyn Machine> {
            Arc::new(ThisMachine)
        }

        pub(crate) fn client(
            &self,
            _seat: ReplicaId,
            client: NodeClient,
            _signing_key: SigningKey,
        ) -> MemberClient {
            client
        }
    }
}
