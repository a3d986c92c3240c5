//! Attribute keys: asking for one, and the authority that issues them.

use medshare_abe::{AttributeSet, MasterSecretKey, PublicParameters};
use medshare_contract::keys;
use medshare_contract::state::PersonState;
use medshare_types::keystore::BoxFuture;
use medshare_types::{ChainId, Digest, PersonId, ReplicaId, Signature, Signer, Timestamp, hash};
use zeroize::Zeroizing;

use crate::chain::Chain;
use crate::clock;
use crate::error::{Error, Result};
use crate::random::os_random;

/// How far a request's time may lie from the authority's clock, milliseconds.
const REQUEST_TOLERANCE_MS: u64 = 60_000;

/// A person's signed request for the key of the attributes that the chain says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Who asks.
    pub person: PersonId,
    /// The person's clock.
    pub at: Timestamp,
    /// The person's signature of chain, person and time.
    pub signature: Signature,
}

impl KeyRequest {
    /// What the person signs.
    #[must_use]
    pub fn statement(chain: &ChainId, person: &PersonId, at: Timestamp) -> Digest {
        let fields: [&[u8]; 3] = [
            chain.as_ref(),
            person.as_ref(),
            &at.as_millis().to_le_bytes(),
        ];
        hash::digest("medshare/sdk/key-request/v1", &fields)
    }

    pub(crate) async fn sign(
        chain: &ChainId,
        person: PersonId,
        signer: &dyn Signer,
    ) -> Result<Self> {
        let at = clock::now();
        let signature = signer.sign(&Self::statement(chain, &person, at)).await?;
        Ok(Self {
            person,
            at,
            signature,
        })
    }
}

/// Issues attribute keys. The authority is apart from the gate's holders.
///
/// An implementation over a network must protect the answer: it **is** the key.
pub trait AttributeIssuer: Send + Sync {
    /// The encoded attribute key of a person, for the attributes that an organisation vouched for
    /// on the chain.
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>>;
}

/// The attribute authority itself, where its master key is in this process.
pub struct AttributeAuthority {
    parameters: PublicParameters,
    master: MasterSecretKey,
    chain: Chain,
}

impl AttributeAuthority {
    pub(crate) const fn new(
        parameters: PublicParameters,
        master: MasterSecretKey,
        chain: Chain,
    ) -> Self {
        Self {
            parameters,
            master,
            chain,
        }
    }

    async fn serve(&self, request: &KeyRequest) -> Result<Zeroizing<Vec<u8>>> {
        let unknown = || Error::Denied(medshare_types::Denial::UnknownSender);
        let key = keys::person(&request.person);
        let person: PersonState = self
            .chain
            .read(ReplicaId(0), key)
            .await?
            .ok_or_else(unknown)?;
        let now = clock::now();
        let age = now
            .millis_since(request.at)
            .max(request.at.millis_since(now));
        let statement = KeyRequest::statement(self.chain.id(), &request.person, request.at);
        if age > REQUEST_TOLERANCE_MS || person.key.verify(&statement, &request.signature).is_err()
        {
            return Err(unknown());
        }
        let attributes = parse_attributes(&person.attributes)?;
        let key = self
            .master
            .issue(&self.parameters, &attributes, &mut os_random())
            .map_err(|_| Error::Undecipherable)?;
        Ok(key.to_bytes())
    }
}

impl AttributeIssuer for AttributeAuthority {
    fn issue<'a>(&'a self, request: &'a KeyRequest) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>>> {
        Box::pin(self.serve(request))
    }
}

/// Attributes by their text; the first that is none is told.
pub(crate) fn parse_attributes<T: AsRef<str>>(texts: &[T]) -> Result<AttributeSet> {
    texts
        .iter()
        .map(|text| {
            let text = text.as_ref();
            text.parse::<medshare_abe::Attribute>()
                .map_err(|error| Error::InvalidAttribute {
                    attribute: text.to_owned(),
                    reason: error.to_string(),
                })
        })
        .collect()
}
