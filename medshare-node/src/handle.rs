//! Starting a node, asking it and stopping it.

use std::sync::{Arc, Mutex, PoisonError};

use medshare_host::TaskError;
use medshare_ledger::{RefusalCode, RpcResponse};
use medshare_types::{Height, OrganisationId, Wire as _};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::config::NodeConfig;
use crate::error::NodeError;
#[cfg(feature = "mutants")]
use crate::mutation::Mutant;
use crate::mutation::Mutation;
use crate::node::{ClientRequest, Node, Surroundings};
use crate::transport::{Link, SendError};
use crate::volume::{Folder, Volume};

/// Upper bound of client requests that wait for one node's task.
const REQUEST_QUEUE: usize = 512;
/// Upper bound of those of one client, so that no client takes the room of all others.
const REQUEST_QUEUE_OF_CLIENT: usize = REQUEST_QUEUE / 2;

/// A running node. It stops when this is dropped, whatever clients of it exist.
pub struct NodeHandle {
    organisation: OrganisationId,
    verified: Height,
    requests: mpsc::Sender<ClientRequest>,
    shut_down: oneshot::Sender<()>,
    end: watch::Receiver<Option<End>>,
    guards: Guards,
    task: JoinHandle<Result<(), Arc<NodeError>>>,
}

/// How a node ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum End {
    /// Its handle stopped it, or is gone.
    Stopped,
    /// It could not go on, or its task panicked.
    Failed(Arc<NodeError>),
    /// The runtime that it ran on shut down.
    Aborted,
}

/// Dropped when the node has closed its files; `None` from then on.
#[derive(Clone)]
struct Guards(Arc<Mutex<Option<Held>>>);

type Held = Vec<Box<dyn Send>>;

impl Guards {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    fn add(&self, guard: impl Send + 'static) {
        if let Some(held) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            held.push(Box::new(guard));
        }
    }

    fn release(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl NodeHandle {
    /// Opens the node's folder (or begins it), checks its ledger from genesis, brings the ledger up
    /// to date from the log, and runs the node on the current tokio runtime.
    ///
    /// # Errors
    /// [`NodeError`] for secrets that are missing or contradict the genesis, for a folder of another
    /// consortium, for files that are missing, unless [`NodeConfig::recovery`] says otherwise, and for
    /// damaged files, which are never repaired in silence.
    pub async fn start(config: NodeConfig, link: Link) -> Result<Self, NodeError> {
        let volume = Arc::new(Folder::of(&config));
        Self::start_on(config, link, volume).await
    }

    /// As [`start`](Self::start), with its files on any volume; [`NodeConfig::folder`] only names
    /// them.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_on(
        config: NodeConfig,
        link: Link,
        volume: Arc<dyn Volume>,
    ) -> Result<Self, NodeError> {
        Self::start_with(config, link, volume, Mutation::default()).await
    }

    /// As [`start_on`](Self::start_on), with a deliberate fault that tests have to notice.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[cfg(feature = "mutants")]
    pub async fn start_mutant(
        config: NodeConfig,
        link: Link,
        volume: Arc<dyn Volume>,
        mutant: Mutant,
    ) -> Result<Self, NodeError> {
        Self::start_with(config, link, volume, Mutation::of(mutant)).await
    }

    async fn start_with(
        config: NodeConfig,
        link: Link,
        volume: Arc<dyn Volume>,
        mutation: Mutation,
    ) -> Result<Self, NodeError> {
        let seat = config.replica;
        let (requests, incoming) = mpsc::channel(REQUEST_QUEUE);
        let (shut_down, asked) = oneshot::channel();
        let surroundings = Surroundings {
            link,
            volume,
            requests: incoming,
            shut_down: asked,
            mutation,
        };
        let (node, verified) = Node::open(config, surroundings).await?;
        let organisation = node.organisation();
        let (ending, end) = watch::channel(None);
        let guards = Guards::new();
        let held = guards.clone();
        // A task of its own: where it panics, this one tells and lets go of the guards.
        let running = tokio::spawn(node.run());
        let task = tokio::spawn(async move {
            let ended = match running.await {
                Ok(ended) => ended,
                Err(error) => Err(TaskError::from(error).into()),
            };
            let ended = ended.map_err(Arc::new);
            if let Err(error) = &ended {
                // With its sources.
                let error: &dyn std::error::Error = &**error;
                tracing::error!(member = %seat, error, "the node stopped");
            }
            held.release();
            ending.send_replace(Some(match &ended {
                Ok(()) => End::Stopped,
                Err(error) => End::Failed(Arc::clone(error)),
            }));
            ended
        });
        Ok(Self {
            organisation,
            verified,
            requests,
            shut_down,
            end,
            guards,
            task,
        })
    }

    /// The organisation that the node acts for.
    #[must_use]
    pub const fn organisation(&self) -> &OrganisationId {
        &self.organisation
    }

    /// Height up to which the ledger found at the start was verified from genesis.
    #[must_use]
    pub const fn verified(&self) -> Height {
        self.verified
    }

    /// Returns a client of this node; any number may exist. Each has its own share of the node's
    /// queue, which its clones have together.
    #[must_use]
    pub fn client(&self) -> NodeClient {
        NodeClient {
            requests: self.requests.clone(),
            slots: Arc::new(Semaphore::new(REQUEST_QUEUE_OF_CLIENT)),
            end: self.end.clone(),
        }
    }

    /// Keeps `guard`, such as a lock on the node's folder, until the node has closed its files,
    /// although this handle may be dropped before. Of a node that ended it is dropped at once.
    pub fn hold_until_ended(&self, guard: impl Send + 'static) {
        self.guards.add(guard);
    }

    /// Stops the node and waits until its files are closed.
    ///
    /// # Errors
    /// The [`NodeError`] that the node ended with.
    pub async fn shut_down(self) -> Result<(), Arc<NodeError>> {
        // A node that ended by itself no longer listens.
        let _ = self.shut_down.send(());
        match self.task.await {
            Ok(ended) => ended,
            Err(error) => Err(Arc::new(TaskError::from(error).into())),
        }
    }
}

impl std::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHandle")
            .field("organisation", &self.organisation)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// Sends requests to a running node.
#[derive(Clone, Debug)]
pub struct NodeClient {
    requests: mpsc::Sender<ClientRequest>,
    slots: Arc<Semaphore>,
    end: watch::Receiver<Option<End>>,
}

impl NodeClient {
    /// Sends an encoded [`medshare_ledger::RpcRequest`] and waits for the encoded answer. Where the
    /// queue is full, the answer is at once a refusal as [`RefusalCode::Overloaded`].
    ///
    /// # Errors
    /// [`SendError::Gone`] when the node stopped or gave no answer.
    pub async fn request(&self, request: Vec<u8>) -> Result<Vec<u8>, SendError> {
        let overloaded =
            || RpcResponse::refused(RefusalCode::Overloaded, "too many requests wait").to_wire();
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            return Ok(overloaded());
        };
        let (answer, answered) = oneshot::channel();
        let queued = ClientRequest {
            request,
            answer,
            slot,
        };
        match self.requests.try_send(queued) {
            Ok(()) => answered.await.map_err(|_| SendError::Gone),
            Err(TrySendError::Full(_)) => Ok(overloaded()),
            Err(TrySendError::Closed(_)) => Err(SendError::Gone),
        }
    }

    /// How the node ended; `None` while it runs. Waits at most for the end of its last step.
    pub async fn end(&self) -> Option<End> {
        if !self.requests.is_closed() {
            return None;
        }
        let mut end = self.end.clone();
        // The task drops the sender without a value when it is aborted.
        let ended = end.wait_for(Option::is_some).await;
        ended.map_or(Some(End::Aborted), |end| end.clone())
    }
}
