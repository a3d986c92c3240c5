//! Signed contact cards: their bytes, their text, and what is checked without the chain.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, DecodeError, Digest, OrganisationId, PersonId, Signature, Timestamp, VerifyingKey,
    Wire, hash, text,
};

use super::fault::ContactFault;
use crate::error::{Error, Result};
use crate::person_name::PersonName;

/// The beginning of a card's text.
const PREFIX: &str = "medshare-contact";

/// A person's signed introduction to people of other organisations, made by
/// [`Person::contact_card`](crate::Person::contact_card) and read by
/// [`Consortium::import`](crate::Consortium::import).
///
/// It is public: no secret is in it, and any party may pass it on. Its text begins with
/// `medshare-contact1`, ends with a checksum, and has at most 640 characters, about 400 with a short name;
/// in capitals a QR code holds it as alphanumerics.
///
/// # Security
/// Parsing checks that the person's own key signed every field, and no more. The name is the owner's
/// choice: a card can claim any name. Identify people by what the organisation vouches for, see
/// [`Contact`](crate::Contact), or by comparing the card over a channel that you trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCard {
    pub(super) body: Body,
    signature: Signature,
}

/// Everything on a card that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Body {
    pub(super) chain: ChainId,
    pub(super) person: PersonId,
    /// The organisation that enrolled the person, by the person's own word.
    pub(super) organisation: OrganisationId,
    /// The person's key on the chain, of which `person` is the digest.
    pub(super) key: VerifyingKey,
    pub(super) claimed_name: Option<String>,
    pub(super) issued_at: Timestamp,
    pub(super) not_after: Option<Timestamp>,
}

/// A card as it travels.
#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    body: Body,
    signature: Signature,
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mCCD";
    const MAX_LEN: usize = 512;
}

impl Body {
    pub(super) fn statement(&self) -> Digest {
        hash::digest("medshare/sdk/contact-card/v1", &[&to_borsh(self)])
    }
}

impl ContactCard {
    /// Checks everything that needs neither a chain nor a clock.
    pub(super) fn new(body: Body, signature: Signature) -> Result<Self> {
        if PersonId::of_key(&body.key) != body.person {
            return Err(Error::invalid_contact(ContactFault::ForeignKey));
        }
        let signed = body.key.verify(&body.statement(), &signature);
        signed.map_err(|source| Error::InvalidContact {
            fault: ContactFault::BadSignature,
            source: Some(source.into()),
        })?;
        if let Some(claimed) = &body.claimed_name {
            let unreadable = |source| Error::InvalidContact {
                fault: ContactFault::UnreadableName,
                source,
            };
            let name = PersonName::new(claimed);
            let name = name.map_err(|source| unreadable(Some(source.into())))?;
            if name.as_str() != claimed {
                return Err(unreadable(None));
            }
        }
        Ok(Self { body, signature })
    }

    /// The person that it introduces.
    #[must_use]
    pub const fn person(&self) -> &PersonId {
        &self.body.person
    }

    /// The name that the person chose. **Never proof of who it is.**
    #[must_use]
    pub fn claimed_name(&self) -> Option<&str> {
        self.body.claimed_name.as_deref()
    }

    /// The time of signing by the person's clock. Of several cards of one person the latest counts.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.body.issued_at
    }

    /// The moment from which on it is refused; `None` for none.
    #[must_use]
    pub const fn not_after(&self) -> Option<Timestamp> {
        self.body.not_after
    }

    /// The bytes, for QR codes and files; [`Self::from_bytes`] parses them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = Encoded {
            body: self.body.clone(),
            signature: self.signature,
        };
        encoded.to_wire()
    }

    /// Parses a card and checks the person's signature.
    ///
    /// # Errors
    /// [`Error::InvalidContact`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Encoded { body, signature } = Encoded::from_wire(bytes).map_err(malformed)?;
        Self::new(body, signature)
    }

    /// Refuses a card of another consortium, and one that is over.
    pub(super) fn check(&self, chain: &ChainId, now: Timestamp) -> Result<()> {
        let fault = match self.body.not_after {
            _ if self.body.chain != *chain => ContactFault::OtherChain {
                chain: self.body.chain,
            },
            Some(not_after) if not_after <= now => ContactFault::Expired { not_after },
            _ => return Ok(()),
        };
        Err(Error::invalid_contact(fault))
    }
}

fn malformed(source: DecodeError) -> Error {
    Error::InvalidContact {
        fault: ContactFault::Malformed,
        source: Some(source.into()),
    }
}

impl fmt::Display for ContactCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(f, PREFIX, &self.to_bytes())
    }
}

impl FromStr for ContactCard {
    type Err = Error;

    /// Parses a card as [`Self::from_bytes`] does. White space around it and line breaks within are
    /// left out, as mail programs add them.
    fn from_str(text: &str) -> Result<Self> {
        let text: String = text.split_whitespace().collect();
        Self::from_bytes(&text::parse(PREFIX, &text).map_err(malformed)?)
    }
}

medshare_types::text_serde! {
    ContactCard,
}
