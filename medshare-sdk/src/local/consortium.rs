//! A consortium together with the members that run it.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medshare_host::TaskError;
#[cfg(feature = "fault-injection")]
use medshare_node::fault_injection::{Disk, HolderConduct, Presence, VoterConduct};
use medshare_types::Height;
use medshare_types::keystore::KeyStore;

use crate::consortium::Consortium;
use crate::damage::Damage;
use crate::error::Result;
use crate::local::folder;
use crate::local::members::{LocalMember, Members};
use crate::record::RecordRef;

/// A [`Consortium`] together with the members that run it, in this process.
///
/// It dereferences to the `Consortium`, so an application is written against that type and does not
/// change when the members move to processes of their own. The members run until [`Self::shut_down`]
/// or until this, its clones, and everything obtained from them is dropped.
#[derive(Clone)]
pub struct LocalConsortium {
    consortium: Consortium,
    members: Arc<Members>,
}

impl LocalConsortium {
    pub(super) const fn new(consortium: Consortium, members: Arc<Members>) -> Self {
        Self {
            consortium,
            members,
        }
    }

    /// The consortium as the application of one organisation knows it: it acts for this
    /// organisation alone, and keeps its people in a key store of its own. Members, object stores
    /// and the attribute authority are shared; several applications of one consortium know each
    /// other's people by pseudonym only, as in processes of their own.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation), or why a store cannot be
    /// opened.
    pub fn application(&self, organisation: &str, people: Arc<dyn KeyStore>) -> Result<Consortium> {
        let application = self.consortium.application(organisation, people)?;
        application.organisation(organisation)?;
        Ok(application)
    }

    /// The folder that holds every member's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.members.folder
    }

    /// For each member in the order of seats, the height up to which the ledger found at the start
    /// was verified from genesis.
    #[must_use]
    pub fn verified_heights(&self) -> Vec<Height> {
        let members = self.members.list.iter();
        members.map(LocalMember::verified).collect()
    }

    /// The members that did not start, or ended, for a file that is damaged or missing.
    pub async fn damaged(&self) -> Vec<Damage> {
        self.members.damaged().await
    }

    /// Rebuilds a member whose ledger or log is damaged or missing: moves both to a folder
    /// `damaged-<n>` beside them and starts it without them. It then fetches every block from the
    /// other members, checks its certificate and executes it; [`Consortium::health`] tells how far it
    /// is. Returns the folder of what was moved, and nothing for a member that runs.
    ///
    /// The member forgot its votes: it takes part in ordering again after n+f+1−q others have told
    /// how far these may reach, and a few blocks.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation);
    /// [`Error::Busy`](crate::Error::Busy) while too many others are damaged or forgot their votes;
    /// [`Error::Member`](crate::Error::Member) where no other member has what is damaged, such as a
    /// key store, where it does not start again, or where it ended for what is no file's fault, such as
    /// a panic: restart the process then.
    pub async fn rebuild(&self, organisation: &str) -> Result<Option<PathBuf>> {
        // Goes on where its caller is dropped, so that no two rebuild a member at once.
        let (members, name) = (Arc::clone(&self.members), organisation.to_owned());
        let rebuilt = tokio::spawn(async move { members.rebuild(&name).await });
        rebuilt.await.map_err(TaskError::from)?
    }

    /// Stops one member and closes its files, so that its folder can be copied or put back. The others
    /// go on while a quorum of the committee is left. Nothing for a member that does not run.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation);
    /// [`Error::Member`](crate::Error::Member) with what the member ended with, if it did not end well.
    pub async fn stop(&self, organisation: &str) -> Result<()> {
        self.members.stop(organisation).await
    }

    /// Starts a member that does not run on what is in its folder now; it fetches the blocks that it
    /// lacks. Nothing for a member that runs.
    ///
    /// Where its log is a copy, from a backup for instance, the member forgot its votes since: it takes
    /// part in ordering again after n+f+1−q others have told how far these may reach, and a few blocks.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation);
    /// [`Error::Busy`](crate::Error::Busy) where its log is a copy and too many others forgot their
    /// votes or do not run; [`Error::Member`](crate::Error::Member) where a file is damaged, with the way
    /// back.
    pub async fn start(&self, organisation: &str) -> Result<()> {
        // Goes on where its caller is dropped, so that no two starts of a member overlap.
        let (members, name) = (Arc::clone(&self.members), organisation.to_owned());
        let started = tokio::spawn(async move { members.start_again(&name).await });
        started.await.map_err(TaskError::from)?
    }

    /// The files behind the payloads of a record's version, those of abandoned attempts included.
    #[must_use]
    pub fn payload_files(&self, record: impl Into<RecordRef>) -> Vec<PathBuf> {
        let record = record.into();
        let stores = self.members.list.iter();
        stores
            .map(|member| folder::member_objects(&self.members.folder, &member.name))
            .flat_map(|store| folder::payload_files(&store, record))
            .collect()
    }

    /// Makes a member answer requests for release shares in another way (feature `fault-injection`).
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation).
    #[cfg(feature = "fault-injection")]
    pub fn set_holder_conduct(&self, organisation: &str, conduct: HolderConduct) -> Result<()> {
        let seat = self.members.seat_of(organisation)?;
        self.members.seams.faults.set_conduct(seat, conduct);
        Ok(())
    }

    /// Makes a member vote in another way (feature `fault-injection`): its signatures convict it.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation).
    #[cfg(feature = "fault-injection")]
    pub fn set_voter_conduct(&self, organisation: &str, conduct: VoterConduct) -> Result<()> {
        let seat = self.members.seat_of(organisation)?;
        self.members.seams.faults.set_voter_conduct(seat, conduct);
        Ok(())
    }

    /// Cuts a member off, or lets it take part again (feature `fault-injection`).
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation).
    #[cfg(feature = "fault-injection")]
    pub fn set_presence(&self, organisation: &str, presence: Presence) -> Result<()> {
        let seat = self.members.seat_of(organisation)?;
        self.members.seams.faults.set_presence(seat, presence);
        Ok(())
    }

    /// Sets a member's clock this many milliseconds ahead of the machine's, or behind where it is
    /// negative (feature `fault-injection`). The clocks of applications stay as they are.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation).
    #[cfg(feature = "fault-injection")]
    pub fn set_clock_offset(&self, organisation: &str, offset_ms: i64) -> Result<()> {
        let seat = self.members.seat_of(organisation)?;
        self.members.seams.faults.set_clock_offset(seat, offset_ms);
        Ok(())
    }

    /// Fills a member's disk, or frees it again (feature `fault-injection`): the files of its log and
    /// ledger. Key stores and object stores take writes as before.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`](crate::Error::UnknownOrganisation).
    #[cfg(feature = "fault-injection")]
    pub fn set_disk(&self, organisation: &str, disk: Disk) -> Result<()> {
        let seat = self.members.seat_of(organisation)?;
        self.members.seams.faults.set_disk(seat, disk);
        Ok(())
    }

    /// Stops every member, makes their ledgers durable and closes their files. Calls on this
    /// consortium and its clones fail from then on.
    ///
    /// # Errors
    /// [`Error::Member`](crate::Error::Member) with the error that the first member ended with, if
    /// one did not end well.
    pub async fn shut_down(self) -> Result<()> {
        self.members.shut_down().await
    }
}

impl Deref for LocalConsortium {
    type Target = Consortium;

    fn deref(&self) -> &Consortium {
        &self.consortium
    }
}

impl std::fmt::Debug for LocalConsortium {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalConsortium")
            .field("consortium", &self.consortium)
            .field("folder", &self.members.folder)
            .finish_non_exhaustive()
    }
}
