//! One hospital's application: its people, its records, and what others share with it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use medshare_sdk::keystore::{KeyStoreError, PassphraseCost, PassphraseKeyStore};
use medshare_sdk::local::LocalConsortium;
use medshare_sdk::{
    AccessPolicy, Consortium, Contact, ContactCard, GrantInfo, GrantStatus, Organisation, Person,
    RecordRef, Window,
};

/// Days for which a patient's grant is good.
const GRANT_DAYS: u32 = 14;
/// Times that a grantee may open a record.
const USES: u32 = 3;

/// A hospital that acts for itself alone and keeps its own people's keys.
pub(crate) struct Hospital {
    consortium: Consortium,
    organisation: Organisation,
}

impl Hospital {
    /// Sets the application up, with a key store in a folder of its own, or opens it again.
    pub(crate) async fn set_up(
        members: &LocalConsortium,
        folder: &Path,
        name: &str,
        passphrase: &str,
    ) -> Result<Self> {
        let folder = folder.join(name);
        let people = PassphraseKeyStore::open(&folder, passphrase, PassphraseCost::default()).await;
        Self::with_people(members, &folder, name, people)
    }

    /// Opens an application that was set up before. A key store that is not there is an error: a
    /// new one would know none of the people, and enrol them again under other pseudonyms.
    pub(crate) async fn open(
        members: &LocalConsortium,
        folder: &Path,
        name: &str,
        passphrase: &str,
    ) -> Result<Self> {
        let folder = folder.join(name);
        let people = PassphraseKeyStore::open_existing(&folder, passphrase).await;
        Self::with_people(members, &folder, name, people)
    }

    fn with_people(
        members: &LocalConsortium,
        folder: &Path,
        name: &str,
        people: Result<PassphraseKeyStore, KeyStoreError>,
    ) -> Result<Self> {
        let people = people.with_context(|| format!("key store {}", folder.display()))?;
        let consortium = members.application(name, Arc::new(people))?;
        let organisation = consortium.organisation(name)?;
        Ok(Self {
            consortium,
            organisation,
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.organisation.name()
    }

    pub(crate) const fn consortium(&self) -> &Consortium {
        &self.consortium
    }

    pub(crate) const fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// A member of staff, with the attribute of a role.
    pub(crate) async fn staff(&self, name: &str, role: &str) -> Result<Person> {
        let role = format!("role:{role}");
        Ok(self.organisation.enrolled_or_new(name, &[&role]).await?)
    }

    pub(crate) async fn patient(&self, name: &str) -> Result<Person> {
        Ok(self.organisation.enrolled_or_new(name, &[]).await?)
    }

    /// A colleague of another hospital, from the card that was sent.
    pub(crate) async fn colleague(&self, card: &str) -> Result<Contact> {
        let card: ContactCard = card.parse().context("not a contact card")?;
        Ok(self.consortium.import(&card).await?)
    }

    /// Seals a document about a patient for a role of one hospital, and lets a colleague there
    /// read it.
    pub(crate) async fn send(
        &self,
        patient: &Person,
        document: &[u8],
        policy: &AccessPolicy,
        to: &Contact,
    ) -> Result<RecordRef> {
        let sealed = self.organisation.seal(document, policy).subject(patient);
        let record = sealed.await?.record();
        share(patient, record, to).await?;
        Ok(record)
    }

    /// Findings about another hospital's patient, known by the grant that the referral came with.
    pub(crate) async fn answer(
        &self,
        referral: &GrantInfo,
        findings: &[u8],
        policy: &AccessPolicy,
    ) -> Result<RecordRef> {
        let sealed = self.organisation.seal(findings, policy);
        Ok(sealed.subject(referral.grantor).await?.record())
    }
}

/// A patient lets a colleague of another hospital read a record.
pub(crate) async fn share(patient: &Person, record: RecordRef, with: &Contact) -> Result<()> {
    let grant = patient.grant(record, with, Window::days(GRANT_DAYS));
    grant.uses(USES).await?;
    Ok(())
}

/// The grants by which a person can open something now, oldest first.
pub(crate) async fn inbox(reader: &Person) -> Result<Vec<GrantInfo>> {
    let mut received = reader.grants_received().await?;
    let mut active = Vec::new();
    loop {
        let page = received.next_page().await?;
        if page.is_empty() {
            return Ok(active);
        }
        let open = page.into_iter();
        active.extend(open.filter(|grant| grant.status == GrantStatus::Active));
    }
}

/// The records about a patient that an organisation other than her own sealed, newest first.
pub(crate) async fn findings_about(patient: &Person, own: &Hospital) -> Result<Vec<RecordRef>> {
    let mut records = patient.records().await?.newest_first();
    let mut found = Vec::new();
    while let Some(record) = records.next().await? {
        if record.owner != *own.organisation().id() {
            found.push(record.record);
        }
    }
    Ok(found)
}
