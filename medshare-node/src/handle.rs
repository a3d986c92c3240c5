//! Starting a member and talking to it.

use medshare_host::TaskError;
use medshare_types::{Height, OrganisationId};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::NodeConfig;
use crate::error::NodeError;
use crate::node::{ClientRequest, Node};
use crate::transport::Link;

/// Client requests that wait for one member at the most.
const REQUEST_QUEUE: usize = 256;
/// A running member. Dropping every handle stops it.
pub struct NodeHandle {
    organisation: OrganisationId,
    verified: Height,
    requests: mpsc::Sender<ClientRequest>,
    shut_down: oneshot::Sender<()>,
    task: JoinHandle<Result<(), NodeError>>,
}

/// Sends requests to a running node.
#[derive(Clone, Debug)]
pub struct NodeClient {
    requests: mpsc::Sender<ClientRequest>,
}

/// The member is gone, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the member is not running")]
pub struct NodeGone;

impl NodeClient {
    /// Sends an encoded [`medshare_ledger::RpcRequest`] and waits for the encoded answer.
    ///
    /// # Errors
    /// [`NodeGone`] when the member stopped or gave no answer.
    pub async fn request(&self, request: Vec<u8>) -> Result<Vec<u8>, NodeGone> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send((request, answer))
            .await
            .map_err(|_| NodeGone)?;
        answered.await.map_err(|_| NodeGone)
    }
}

impl NodeHandle {
    /// Opens the member's folder (or begins it), checks its ledger from genesis, catches its
    /// ledger up from its log, and runs it on the current tokio runtime.
    ///
    /// # Errors
    /// [`NodeError`] for secrets that are missing or not this member's, for a folder of another
    /// consortium, for a ledger without its log, and for damaged files, which are never repaired
    /// in silence.
    pub async fn start(config: NodeConfig, link: Link) -> Result<Self, NodeError> {
        let seat = config.replica;
        let (requests, incoming) = mpsc::channel(REQUEST_QUEUE);
        let (shut_down, asked) = oneshot::channel();
        let (node, verified) = Node::open(config, link, incoming, asked).await?;
        let organisation = node.organisation();
        let task = tokio::spawn(async move {
            let ended = node.run().await;
            if let Err(error) = &ended {
                tracing::error!(member = %seat, %error, "the node stopped");
            }
            ended
        });
        Ok(Self {
            organisation,
            verified,
            requests,
            shut_down,
            task,
        })
    }

    /// Whose member it is.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// Up to which height the ledger found at start was verified from genesis.
    #[must_use]
    pub const fn verified(&self) -> Height {
        self.verified
    }

    /// A client of this member.
    #[must_use]
    pub fn client(&self) -> NodeClient {
        NodeClient {
            requests: self.requests.clone(),
        }
    }

    /// Stops the member and waits until its files are closed.
    ///
    /// # Errors
    /// The [`NodeError`] that the member had ended with.
    pub async fn shut_down(self) -> Result<(), NodeError> {
        // A member that ended by itself is not there to be asked.
        let _ = self.shut_down.send(());
        self.task.await.map_err(TaskError::from)?
    }
}
