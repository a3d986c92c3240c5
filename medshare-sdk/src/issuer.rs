//! Attribute keys: asking for one, and the authority that issues them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use medshare_abe::{AttributeSet, Date, MasterSecretKey, PublicParameters, Validity};
use medshare_contract::state::PersonState;
use medshare_contract::{RESERVED_ATTRIBUTE_PREFIX, keys};
use medshare_types::keystore::BoxFuture;
use medshare_types::{
    ChainId, Denial, Digest, PersonId, RandomSource as _, ReplicaId, SealingDate, Signature,
    Signer, Timestamp, hash,
};
use zeroize::Zeroizing;

use crate::chain::Chain;
use crate::clock;
use crate::consortium::Consortium;
use crate::error::{Error, Result};
use crate::random::os_random;

/// How far a request's time may lie from the authority's clock, milliseconds.
const REQUEST_TOLERANCE_MS: u64 = 60_000;

/// On how many days a record may be sealed, that of issue being the first, so that a new key opens
/// it.
pub const DEFAULT_KEY_LIFETIME_DAYS: u16 = 366;

/// The name that every attribute key also carries: whose word it rests on. A policy can demand it,
/// as in `role:cardiologist and vouched-by:st-mary`; otherwise any organisation's word will do.
#[must_use]
pub fn voucher(organisation: &str) -> String {
    format!("{RESERVED_ATTRIBUTE_PREFIX}{organisation}")
}

/// A person's signed request for the key of the attributes that the chain says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    /// Who asks.
    pub person: PersonId,
    /// Makes two requests differ; the authority answers each once.
    pub nonce: [u8; 32],
    /// The person's clock.
    pub at: Timestamp,
    /// The person's signature of chain, person and time.
    pub signature: Signature,
}

impl KeyRequest {
    /// What the person signs: the chain, the authority by the digest of its parameters, and the
    /// request.
    #[must_use]
    pub fn statement(&self, chain: &ChainId, authority: &Digest) -> Digest {
        let fields: [&[u8]; 5] = [
            chain.as_ref(),
            authority.as_ref(),
            self.person.as_ref(),
            &self.nonce,
            &self.at.as_millis().to_le_bytes(),
        ];
        hash::digest("medshare/sdk/key-request/v1", &fields)
    }

    pub(crate) async fn sign(
        chain: &ChainId,
        authority: &Digest,
        person: PersonId,
        signer: &dyn Signer,
    ) -> Result<Self> {
        let mut request = Self {
            person,
            nonce: os_random().array(),
            at: clock::now(),
            signature: Signature::from_bytes([0; 64]),
        };
        request.signature = signer.sign(&request.statement(chain, authority)).await?;
        Ok(request)
    }
}

/// Issues attribute keys. The authority is apart from the gate's holders.
///
/// An implementation over a network must give the answer, which **is** the key, to the person who
/// signed the request and to nobody else: whoever replays a request over a channel of his own must
/// get nothing.
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
    key_lifetime_days: u16,
    /// The statements of requests answered within the tolerance, and their times. Not the nonces:
    /// one person's nonce says nothing about another's request.
    answered: Mutex<BTreeMap<Digest, Timestamp>>,
}

impl AttributeAuthority {
    /// The authority of a consortium, for whoever keeps its master key. It reads by proof whom the
    /// organisations vouch for.
    #[must_use]
    pub fn of(consortium: &Consortium, master: MasterSecretKey) -> Self {
        let inner = &consortium.inner;
        Self::new((*inner.parameters).clone(), master, inner.chain.clone())
    }

    /// Keys open what is sealed on so many days, that of issue being the first, and everything
    /// older; [`DEFAULT_KEY_LIFETIME_DAYS`] unless said here. The SDK asks for a new key when a
    /// record needs it, so a shorter lifetime costs requests, and cuts off sooner who is no longer
    /// vouched for.
    #[must_use]
    pub const fn with_key_lifetime(mut self, days: u16) -> Self {
        self.key_lifetime_days = days;
        self
    }

    pub(crate) const fn new(
        parameters: PublicParameters,
        master: MasterSecretKey,
        chain: Chain,
    ) -> Self {
        let answered = Mutex::new(BTreeMap::new());
        Self {
            parameters,
            master,
            chain,
            key_lifetime_days: DEFAULT_KEY_LIFETIME_DAYS,
            answered,
        }
    }

    async fn serve(&self, request: &KeyRequest) -> Result<Zeroizing<Vec<u8>>> {
        let unknown = || Error::Denied(Denial::UnknownSender);
        let key = keys::person(&request.person);
        let person: Option<PersonState> = self.chain.read(ReplicaId(0), key).await?;
        let person = person.ok_or_else(unknown)?;
        let statement = request.statement(self.chain.id(), &self.parameters.digest());
        let signed = person.key.verify(&statement, &request.signature);
        if signed.is_err() || !self.is_fresh(statement, request.at) {
            return Err(unknown());
        }
        let mut texts = person.attributes;
        let members = &self.chain.genesis().members;
        let vouches = members
            .iter()
            .find(|m| m.organisation() == person.organisation);
        texts.push(voucher(&vouches.ok_or_else(unknown)?.name));
        let attributes = parse_attributes(&texts)?;
        let key = self
            .master
            .issue(
                &self.parameters,
                &attributes,
                self.validity().ok_or(Error::Undecipherable)?,
                &mut os_random(),
            )
            .map_err(|_| Error::Undecipherable)?;
        Ok(key.to_bytes())
    }

    /// From the first day, so that a key also opens what was sealed before it was issued.
    fn validity(&self) -> Option<Validity> {
        let today = SealingDate::of(clock::now()).0;
        let until = today.saturating_add(self.key_lifetime_days);
        Validity::until(Date::from_days(until)).ok()
    }

    /// Whether the request is of about now and was not answered before.
    fn is_fresh(&self, statement: Digest, at: Timestamp) -> bool {
        let now = clock::now();
        let apart = |at: Timestamp| now.as_millis().abs_diff(at.as_millis());
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, at| apart(*at) <= REQUEST_TOLERANCE_MS);
        apart(at) <= REQUEST_TOLERANCE_MS && answered.insert(statement, at).is_none()
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
                .map_err(|error| Error::InvalidName {
                    attribute: text.to_owned(),
                    reason: error.to_string(),
                })
        })
        .collect()
}
