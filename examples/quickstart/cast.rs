//! Who takes part.

use medshare_sdk::local::{HolderConduct, InProcess};
use medshare_sdk::{AccessPolicy, Consortium, Error, Organisation, Person};

use crate::args::Args;
use crate::failure::{Context as _, Failure, Result};

/// Shown openly, since there is nothing behind it but this demonstration. An application asks
/// for one, or brings a vault of its own as a `KeyStore`.
pub(crate) const PASSPHRASE: &str = "only a demonstration";
const MEMBERS: usize = 4;
const POLICY: &str = "role:cardiologist";

/// The consortium, and the people in it.
pub(crate) struct Cast {
    pub(crate) consortium: Consortium,
    /// Seals the records.
    pub(crate) st_mary: Organisation,
    /// The records are about this person, who grants and revokes.
    pub(crate) patient: Person,
    /// A cardiologist.
    pub(crate) doctor: Person,
    /// A clinician of another organisation, and no cardiologist.
    pub(crate) nurse: Person,
    /// Who can read the records at all.
    pub(crate) policy: AccessPolicy,
}

/// Starts the consortium, or goes on with the one in the folder.
pub(crate) async fn start(args: &Args) -> Result<Consortium> {
    let mut plan = InProcess::new(MEMBERS).with_passphrase(PASSPHRASE);
    if let Some(dir) = &args.dir {
        plan = plan.with_folder(dir);
    }
    plan.start().await.context(|| match &args.dir {
        Some(dir) => format!("cannot start the consortium in {}", dir.display()),
        None => "cannot start the consortium in a temporary folder".to_owned(),
    })
}

impl Cast {
    /// Enrols everybody, or finds them where an earlier run enrolled them.
    pub(crate) async fn enrol(consortium: &Consortium) -> Result<Self> {
        let name = |seat| {
            consortium
                .organisation_names()
                .nth(seat)
                .unwrap_or_default()
        };
        let organisation = |seat| {
            let named = || format!("cannot act for {:?}", name(seat));
            consortium.organisation(name(seat)).context(named)
        };
        let (st_mary, charite) = (organisation(0)?, organisation(1)?);
        let policy = POLICY.parse();
        Ok(Self {
            consortium: consortium.clone(),
            patient: enrolled(&st_mary, "patient-7", &[]).await?,
            doctor: enrolled(&st_mary, "dr-lee", &["role:cardiologist"]).await?,
            nurse: enrolled(&charite, "nurse-kim", &["role:nurse"]).await?,
            policy: policy.context(|| format!("{POLICY:?} is no policy"))?,
            st_mary,
        })
    }

    /// The name of the organisation on that seat; the first is St Mary.
    pub(crate) fn member(&self, seat: usize) -> Result<&str> {
        let name = self.consortium.organisation_names().nth(seat);
        name.ok_or_else(|| Failure::new(format!("the consortium has no member {}", seat + 1)))
    }

    /// Drill: makes the holder on that seat behave in another way.
    pub(crate) fn drill(&self, seat: usize, conduct: HolderConduct) -> Result<()> {
        let name = self.member(seat)?;
        self.consortium
            .drill_holder(name, conduct)
            .context(|| format!("cannot drill {name}"))
    }
}

async fn enrolled(organisation: &Organisation, name: &str, attributes: &[&str]) -> Result<Person> {
    let found = match organisation.enrol(name, attributes).await {
        Err(Error::AlreadyEnrolled { .. }) => organisation.person(name).await,
        enrolled => enrolled,
    };
    found.context(|| format!("{} cannot enrol {name}", organisation.name()))
}
