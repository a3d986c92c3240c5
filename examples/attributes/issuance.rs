//! An authority that nobody is: its secret is shared by five issuers, and three make a key.

use medshare_abe::issuance::{
    IssuanceRequest, IssuerShare, PartialError, PartialKey, RecipientKeyPair, SealedPartialKey,
    SharedAuthority, Sharing, SharingEpoch,
};
use medshare_abe::{AttributeSet, Validity, encapsulate};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Height, Nonce, OrganisationId, PersonId, RandomSource};

use crate::{CONTEXT, OPENS, Outcome, Transcript, try_key};

/// What an issuer does with a request.
#[derive(Clone, Copy)]
enum Conduct {
    Honest,
    /// Makes a part for more than was asked.
    Greedy,
    /// The same, and writes on it that it is for what was asked.
    Lying,
}

const TAKEN: &str = "taken";

/// Issuers, what they do, and what comes of it.
const ISSUERS: [(&str, Conduct, &str); 5] = [
    ("st-mary", Conduct::Honest, TAKEN),
    (
        "charité",
        Conduct::Greedy,
        "refused: it is for another request",
    ),
    ("north", Conduct::Lying, "refused: it does not decrypt"),
    ("riverside", Conduct::Honest, TAKEN),
    ("lakeside", Conduct::Honest, TAKEN),
];

const THRESHOLD: u16 = 3;
const ASKED: &str = "role:nurse, clearance = 3";
const MORE: &str = "role:nurse, clearance = 9";

/// Policies, and what comes of the key that is made.
const POLICIES: [(&str, &str); 2] = [
    ("role:nurse and clearance >= 2", OPENS),
    ("role:nurse and clearance >= 4", "lacks clearance >= 4"),
];

pub(crate) fn show(out: &mut Transcript) -> Outcome {
    let mut rng = rand::rng();
    let (authority, shares) = deal_jointly(&five_issuers()?, &mut rng)?;
    writeln!(out, "\n# Threshold issuance\n")?;
    writeln!(
        out,
        "Five issuers share a secret that nobody knows, and {THRESHOLD} of them make a key. What all \
         may see of\nthe secret is {} bytes.",
        authority.to_bytes().len()
    )?;
    let pair = RecipientKeyPair::random(&mut rng);
    let validity = Validity::until("2031-01-01".parse()?)?;
    let request = request(&authority, &pair, ASKED.parse()?, validity);
    let parts = gather(out, &authority, &shares, &request, &pair)?;

    let found = match authority.combine(&request, parts.get(..2).unwrap_or(&parts), &mut rng) {
        Ok(_) => "a key".to_owned(),
        Err(refusal) => format!("refused: {refusal}"),
    };
    out.answer("two parts", &found, "refused: 2 parts where 3 are needed")?;
    let key = authority.combine(&request, &parts, &mut rng)?;
    let parameters = authority.parameters();
    writeln!(out, "Three parts are a key like any other.")?;
    for (policy, expected) in POLICIES {
        let sealed = encapsulate(parameters, &policy.parse()?, CONTEXT, &mut rng);
        out.answer(policy, &try_key(parameters, &sealed, &key)?, expected)?;
    }
    Ok(())
}

/// Asks every issuer, and keeps the parts that pass.
fn gather(
    out: &mut Transcript,
    authority: &SharedAuthority,
    shares: &[IssuerShare],
    request: &IssuanceRequest,
    pair: &RecipientKeyPair,
) -> Outcome<Vec<PartialKey>> {
    let mut rng = rand::rng();
    writeln!(
        out,
        "Asked for {ASKED}, two of them answer for {MORE},\nand the second lies about it."
    )?;
    let more = IssuanceRequest {
        attributes: MORE.parse()?,
        ..request.clone()
    };
    let mut parts = Vec::new();
    for (share, (name, conduct, expected)) in shares.iter().zip(ISSUERS) {
        let answered = match conduct {
            Conduct::Honest => request,
            Conduct::Greedy | Conduct::Lying => &more,
        };
        let mut sealed = share.issue_partial(answered, &mut rng)?.seal(&mut rng)?;
        if let Conduct::Lying = conduct {
            sealed = relabelled(&sealed, request)?;
        }
        let found = match authority.open_partial(request, pair, &sealed, &mut rng) {
            Ok(part) => {
                parts.push(part);
                TAKEN.to_owned()
            }
            Err(PartialError::OtherRequest { .. }) => {
                "refused: it is for another request".to_owned()
            }
            Err(PartialError::Bad { source, .. }) => format!("refused: {source}"),
            Err(other) => return Err(other.into()),
        };
        out.answer(name, &found, expected)?;
    }
    Ok(parts)
}

/// The part as it was made, under the name of another request.
fn relabelled(part: &SealedPartialKey, request: &IssuanceRequest) -> Outcome<SealedPartialKey> {
    let (made_for, named) = (part.request_digest(), request.digest());
    let mut bytes = part.to_bytes();
    let mut places = bytes.windows(made_for.as_bytes().len());
    let place = places.position(|bytes| bytes == made_for.as_bytes());
    let place = place.ok_or("a part does not name its request")?;
    bytes[place..][..named.as_bytes().len()].copy_from_slice(named.as_bytes());
    Ok(SealedPartialKey::from_bytes(&bytes)?)
}

/// Every issuer deals; every issuer checks what it got from each against what all saw.
fn deal_jointly(
    sharing: &Sharing,
    rng: &mut impl RandomSource,
) -> Outcome<(SharedAuthority, Vec<IssuerShare>)> {
    let (mut deals, mut sent) = (Vec::new(), Vec::new());
    for dealer in sharing.issuers() {
        let (deal, shares) = sharing.deal(*dealer, rng)?;
        deals.push(sharing.check_deal(*dealer, &deal)?);
        sent.push(shares);
    }
    let authority = SharedAuthority::from_deals(sharing.clone(), &deals)?;
    let mut shares = Vec::new();
    for (seat, issuer) in sharing.issuers().iter().enumerate() {
        let accepted = deals.iter().zip(&sent);
        let accepted = accepted.map(|(deal, sent)| deal.accept(sharing, *issuer, &sent[seat]));
        shares.push(authority.issuer_share(*issuer, &accepted.collect::<Result<Vec<_>, _>>()?)?);
    }
    Ok((authority, shares))
}

/// The five of this example, three of whom make a key.
pub(crate) fn five_issuers() -> Outcome<Sharing> {
    let id = |name: &str| digest("example/issuer", &[name.as_bytes()]);
    let issuers = ISSUERS.map(|(name, ..)| OrganisationId::from_digest(id(name)));
    let chain = ChainId::from_digest(digest("example/chain", &[]));
    Ok(Sharing::new(
        chain,
        SharingEpoch(1),
        issuers.into(),
        THRESHOLD,
    )?)
}

/// What somebody asks the issuers for.
pub(crate) fn request(
    authority: &SharedAuthority,
    pair: &RecipientKeyPair,
    attributes: AttributeSet,
    validity: Validity,
) -> IssuanceRequest {
    IssuanceRequest {
        sharing: authority.id(),
        person: PersonId::from_digest(digest("example/person", &[])),
        attributes,
        validity,
        height: Height(1_000),
        nonce: Nonce::random(&mut rand::rng()),
        recipient: pair.public(),
    }
}
