//! Threshold issuance: five issuers share the master key, and three of them make a key.

use medshare_abe::issuance::{
    IssuanceError, IssuanceRequest, IssuerShare, PartialKey, RecipientKeyPair, SealedPartialKey,
    SharedAuthority, Sharing, SharingEpoch,
};
use medshare_abe::{AttributeSet, KeyError, Validity, encapsulate};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Height, Nonce, OrganisationId, PersonId, RandomSource};

use crate::{CONTEXT, OPENS, Outcome, Transcript, try_key};

/// The behaviour of an issuer.
#[derive(Clone, Copy)]
enum Conduct {
    Honest,
    /// Makes a partial key for more attributes than the request names.
    Greedy,
    /// The same, labelled as an answer to the request.
    Lying,
}

const ACCEPTED: &str = "accepted";

/// Issuers, their behaviour, and the expected answers.
const ISSUERS: [(&str, Conduct, &str); 5] = [
    ("st-mary", Conduct::Honest, ACCEPTED),
    ("charité", Conduct::Greedy, "refused: another request's"),
    ("north", Conduct::Lying, "refused: does not decrypt"),
    ("riverside", Conduct::Honest, ACCEPTED),
    ("lakeside", Conduct::Honest, ACCEPTED),
];

const THRESHOLD: u16 = 3;
const ASKED: &str = "role:nurse, clearance = 3";
const MORE: &str = "role:nurse, clearance = 9";

/// Policies, and the expected answers for the combined key.
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
        "Five issuers share the master key, and any {THRESHOLD} of them make a key. The public \
         description of\nthe sharing has {} bytes.",
        authority.to_bytes().len()
    )?;
    let pair = RecipientKeyPair::random(&mut rng);
    let validity = Validity::until("2031-01-01".parse()?)?;
    let request = request(&authority, &pair, ASKED.parse()?, validity);
    let partials = gather(out, &authority, &shares, &request, &pair)?;

    let found = match authority.combine(&request, partials.get(..2).unwrap_or(&partials), &mut rng)
    {
        Ok(_) => "a key".to_owned(),
        Err(IssuanceError::TooFewPartials { needed, .. }) => format!("refused: {needed} needed"),
        Err(other) => return Err(other.into()),
    };
    out.answer("two partial keys", &found, "refused: 3 needed")?;
    let key = authority.combine(&request, &partials, &mut rng)?;
    let parameters = authority.parameters();
    writeln!(out, "Three partial keys combine to a key like any other.")?;
    for (policy, expected) in POLICIES {
        let sealed = encapsulate(parameters, &policy.parse()?, CONTEXT, &mut rng);
        out.answer(policy, &try_key(parameters, &sealed, &key)?, expected)?;
    }
    Ok(())
}

/// Asks each issuer, and keeps the partial keys that pass the checks.
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
        "Asked for {ASKED}, two of them answer for {MORE},\nand the second labels its \
         answer falsely."
    )?;
    let more = IssuanceRequest {
        attributes: MORE.parse()?,
        ..request.clone()
    };
    let mut partials = Vec::new();
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
            Ok(partial) => {
                partials.push(partial);
                ACCEPTED.to_owned()
            }
            Err(IssuanceError::OtherRequest { .. }) => "refused: another request's".to_owned(),
            Err(IssuanceError::InvalidPartial {
                source: KeyError::Undecryptable,
                ..
            }) => "refused: does not decrypt".to_owned(),
            Err(other) => return Err(other.into()),
        };
        out.answer(name, &found, expected)?;
    }
    Ok(partials)
}

/// The same partial key, labelled with the digest of another request.
fn relabelled(partial: &SealedPartialKey, request: &IssuanceRequest) -> Outcome<SealedPartialKey> {
    let (made_for, named) = (partial.request_digest(), request.digest());
    let mut bytes = partial.to_bytes();
    let mut windows = bytes.windows(made_for.as_bytes().len());
    let offset = windows.position(|bytes| bytes == made_for.as_bytes());
    let offset = offset.ok_or("the partial key does not hold the digest of its request")?;
    bytes[offset..][..named.as_bytes().len()].copy_from_slice(named.as_bytes());
    Ok(SealedPartialKey::from_bytes(&bytes)?)
}

/// Each issuer deals, and each checks its shares against the published deals.
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

/// The sharing of this example: five issuers, of which three make a key.
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

/// A request for a key for these attributes, at a fixed height.
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
