//! Look-ups of what the chain has, of this organisation or of another.

use medshare_types::{GrantId, OrganisationId, PersonId};

use super::Consortium;
use crate::contact::{Contact, ContactCard, import};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::lists::{GrantInfo, Listing, Lookup, OrganisationInfo, PersonInfo, RecordInfo};
use crate::record::RecordRef;

/// The chain shows pseudonyms, attributes, grants and sizes to every member's applications, so
/// look-ups are not limited to the organisation that the application acts for. Answers are proven.
/// A look-up costs a proof or two, and one of each member where something is absent.
impl Consortium {
    fn lookup(&self) -> Lookup {
        Lookup::new(&self.context, self.home())
    }

    /// For values that change: from a state that a quorum knows of, so that no member that is
    /// behind hides a revocation.
    async fn fresh_lookup(&self) -> Result<Lookup> {
        self.context.chain.catch_up().await?;
        Ok(self.lookup())
    }

    /// A grant and its status, from a state that a quorum knows of now.
    ///
    /// # Errors
    /// [`Error::Denied`] with `unknown_grant`, or why the state could not be read.
    pub async fn grant(&self, id: GrantId) -> Result<GrantInfo> {
        self.fresh_lookup().await?.grant(&id).await
    }

    /// A version of a record.
    ///
    /// # Errors
    /// [`Error::Denied`] with `unknown_record`, or why the state could not be read.
    pub async fn record(&self, record: impl Into<RecordRef>) -> Result<RecordInfo> {
        self.fresh_lookup().await?.record(record.into()).await
    }

    /// A person of any organisation.
    ///
    /// # Errors
    /// [`Error::UnknownPerson`] where no organisation enrolled the person, or why the state could
    /// not be read.
    pub async fn person(&self, id: impl Into<PersonId>) -> Result<PersonInfo> {
        self.lookup().person(&id.into()).await
    }

    /// Checks a contact card and finds its person on the chain: the card is of this consortium and
    /// not over, and the organisation that it names has enrolled the person with the key that
    /// signed it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "multi_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use medshare_sdk::{AccessPolicy, Consortium, ContactCard, Window};
    /// # let consortium = Consortium::in_process(4).await?;
    /// # let st_mary = consortium.organisation("st-mary")?;
    /// # let charite = consortium.organisation("charite")?;
    /// # let patient = st_mary.enrol("patient-7", &[]).await?;
    /// # let dr_kim = charite.enrol("dr-kim", &["role:cardiologist"]).await?;
    /// # let policy: AccessPolicy = "role:cardiologist".parse()?;
    /// # let record = st_mary.seal(b"an ECG", &policy).subject(&patient).await?;
    /// // At one hospital:
    /// let text = dr_kim.contact_card().name("Dr Kim").await?.to_string();
    /// // At another:
    /// let card: ContactCard = text.parse()?;
    /// let contact = consortium.import(&card).await?;
    /// assert_eq!(contact.organisation().name, "charite");
    /// assert_eq!(contact.attributes(), ["role:cardiologist"]);
    /// patient.grant(record, &contact, Window::days(30)).await?;
    /// # consortium.shut_down().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidContact`] with the reason, or why the state could not be read.
    pub async fn import(&self, card: &ContactCard) -> Result<Contact> {
        import(&self.context, &self.lookup(), card).await
    }

    /// The member organisations in the order of their seats, as the trust anchor names them. They
    /// need no contact card: the trust anchor has their names and keys.
    pub fn organisations(&self) -> impl Iterator<Item = OrganisationInfo> {
        let organisations = self.organisation_names();
        organisations.filter_map(|name| self.organisation_named(name).ok())
    }

    /// The member organisation of that name, whether or not the application acts for it.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`].
    pub fn organisation_named(&self, name: &str) -> Result<OrganisationInfo> {
        OrganisationInfo::named(self.context.chain.genesis(), name)
    }

    /// The member organisation with that identifier, whether or not the application acts for it.
    ///
    /// # Errors
    /// [`Error::UnknownOrganisation`].
    pub fn organisation_with_id(&self, id: &OrganisationId) -> Result<OrganisationInfo> {
        OrganisationInfo::with_id(self.context.chain.genesis(), id)
    }

    /// The grants that a person gave.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn grants_given_by(&self, id: impl Into<PersonId>) -> Result<Listing<GrantInfo>> {
        self.lookup().grants_given_by(&id.into()).await
    }

    /// The grants that name a person as grantee. Any patient can lengthen this list.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn grants_received_by(&self, id: impl Into<PersonId>) -> Result<Listing<GrantInfo>> {
        self.lookup().grants_received_by(&id.into()).await
    }

    /// The records about a person, each in its latest version. Any organisation can lengthen this
    /// list.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn records_about(&self, id: impl Into<PersonId>) -> Result<Listing<RecordInfo>> {
        self.lookup().records_about(&id.into()).await
    }

    /// The records of an organisation, each in its latest version.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn records_of(&self, id: impl Into<OrganisationId>) -> Result<Listing<RecordInfo>> {
        self.lookup().records_of(&id.into()).await
    }

    /// The people whom an organisation enrolled.
    ///
    /// # Errors
    /// Why the state could not be read.
    pub async fn people_of(&self, id: impl Into<OrganisationId>) -> Result<Listing<PersonInfo>> {
        self.lookup().people_of(&id.into()).await
    }
}
