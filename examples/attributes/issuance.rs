//! An authority that nobody is: its secret is shared by five issuers, and three make a key.

use std::io::Write;

use medshare_abe::issuance::{
    IssuanceRequest, IssuerShare, PartialError, RecipientKeyPair, SharedAuthority, Sharing,
    SharingEpoch,
};
use medshare_abe::{Validity, encapsulate};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Height, Nonce, OrganisationId, PersonId, RandomSource};

use crate::{CONTEXT, Outcome, try_key};

const NAMES: [&str; 5] = ["st-mary", "charité", "north", "riverside", "lakeside"];

pub(crate) fn show(out: &mut impl Write) -> Outcome {
    let mut rng = rand::rng();
    writeln!(out, "\n# Threshold issuance\n")?;
    let issuers: Vec<OrganisationId> = NAMES.iter().map(|name| id_of(name)).collect();
    let chain = ChainId::from_digest(digest("example/chain", &[]));
    let sharing = Sharing::new(chain, SharingEpoch(1), issuers, 3)?;
    let (authority, shares) = deal_jointly(&sharing, &mut rng)?;
    let bytes = authority.to_bytes().len();
    writeln!(
        out,
        "Five issuers dealt shares of a secret that none of them knows;"
    )?;
    writeln!(
        out,
        "what all may see of it is {bytes} bytes, nothing of it in G1 or G2."
    )?;

    let pair = RecipientKeyPair::random(&mut rng);
    let request = IssuanceRequest {
        sharing: authority.id(),
        person: PersonId::from_digest(digest("example/person", &[])),
        attributes: "role:nurse, clearance = 3".parse()?,
        validity: Validity::until("2031-01-01".parse()?)?,
        height: Height(1_000),
        nonce: Nonce::random(&mut rng),
        recipient: pair.public(),
    };
    // The second answers a request of its own liking, for more, and says it is for this one.
    let mut greedy = request.clone();
    greedy.attributes = "role:nurse, clearance = 9".parse()?;
    let mut parts = Vec::new();
    for (i, (share, name)) in shares.iter().zip(NAMES).enumerate() {
        let asked = if i == 1 { &greedy } else { &request };
        let sealed = share.issue_partial(asked, &mut rng)?.seal(&mut rng)?;
        match authority.open_partial(&request, &pair, &sealed, &mut rng) {
            Ok(part) => {
                writeln!(out, "  {name}: a good part")?;
                parts.push(part);
            }
            Err(refusal @ (PartialError::Bad { .. } | PartialError::OtherRequest { .. })) => {
                writeln!(out, "  {name}: refused, {refusal}")?;
            }
            Err(other) => return Err(other.into()),
        }
        if parts.len() == 3 {
            break;
        }
    }
    if let Err(refusal) = authority.combine(&request, &parts[..2], &mut rng) {
        writeln!(out, "Two parts: {refusal}.")?;
    } else {
        return Err("two parts of a threshold of three made a key".into());
    }
    let key = authority.combine(&request, &parts, &mut rng)?;
    let parameters = authority.parameters();
    let policy = "role:nurse and clearance >= 2".parse()?;
    let sealed = encapsulate(parameters, &policy, CONTEXT, &mut rng);
    try_key(parameters, &sealed, &key)??;
    writeln!(out, "Three parts make a key, and it opens {policy}.")?;
    Ok(())
}

/// Every issuer deals; every issuer checks what it got from each against what all saw.
fn deal_jointly(
    sharing: &Sharing,
    rng: &mut impl RandomSource,
) -> Result<(SharedAuthority, Vec<IssuerShare>), Box<dyn std::error::Error>> {
    let issuers: Vec<OrganisationId> = NAMES.iter().map(|name| id_of(name)).collect();
    let (mut deals, mut sent) = (Vec::new(), Vec::new());
    for dealer in &issuers {
        let (deal, shares) = sharing.deal(*dealer, rng)?;
        deals.push(sharing.check_deal(*dealer, &deal)?);
        sent.push(shares);
    }
    let authority = SharedAuthority::from_deals(sharing.clone(), &deals)?;
    let mut shares = Vec::new();
    for (seat, issuer) in issuers.iter().enumerate() {
        let accepted = deals.iter().zip(&sent);
        let accepted = accepted.map(|(deal, sent)| deal.accept(sharing, *issuer, &sent[seat]));
        shares.push(authority.issuer_share(*issuer, &accepted.collect::<Result<Vec<_>, _>>()?)?);
    }
    Ok((authority, shares))
}

fn id_of(name: &str) -> OrganisationId {
    OrganisationId::from_digest(digest("example/issuer", &[name.as_bytes()]))
}
