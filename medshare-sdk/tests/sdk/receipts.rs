//! Receipts verify from bytes alone, against their own trust anchor, and only unaltered.

use crate::support::Fixture;
use medshare_sdk::{Purpose, Receipt, Ticket, TrustAnchor, Window};

/// The two files that an auditor keeps of an access, and the ticket that they should prove.
struct Kept {
    receipt: Vec<u8>,
    anchor: Vec<u8>,
    ticket: Ticket,
}

impl Kept {
    async fn of_a_run() -> Self {
        let fixture = Fixture::open().await;
        let record = fixture.seal(b"x").await;
        let grant = fixture
            .patient
            .grant(record, &fixture.doctor, Window::days(1));
        let grant = grant.purpose(Purpose::Research).await.unwrap();
        let open = fixture.doctor.open(grant).purpose(Purpose::Research);
        let opened = open.await.unwrap();
        let ticket = opened.access().ticket().clone();
        assert_eq!(ticket.grant, grant);
        assert_eq!(ticket.grantee, *fixture.doctor.id());
        assert_eq!((ticket.record, ticket.version), (record.id, record.version));
        assert_eq!(ticket.purpose, Purpose::Research);
        let kept = Self {
            receipt: opened.receipt().to_bytes(),
            anchor: fixture.consortium.trust_anchor().to_bytes(),
            ticket,
        };
        fixture.patient.revoke(grant).await.unwrap();
        fixture.close().await;
        kept
    }

    fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_bytes(&self.anchor).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_verified_offline_and_by_its_own_anchor_only() {
    let kept = Kept::of_a_run().await;
    let other = Kept::of_a_run().await;
    let receipt = Receipt::from_bytes(&kept.receipt).unwrap();
    assert_eq!(*receipt.verify(&kept.anchor()).unwrap(), kept.ticket);
    assert_eq!(receipt.share_count(), 3);
    assert_eq!(receipt.to_bytes(), kept.receipt);
    assert_eq!(kept.anchor().to_bytes(), kept.anchor);

    let error = receipt.verify(&other.anchor()).unwrap_err();
    assert_eq!(error.code(), "invalid_proof");
    assert_ne!(kept.anchor().chain(), other.anchor().chain());
}

/// A change of any byte is found, except in the digests of the shares at the end: those are the
/// reader's word, and the proven ticket stays the same.
#[tokio::test(flavor = "multi_thread")]
async fn no_byte_can_be_changed() {
    let kept = Kept::of_a_run().await;
    let anchor = kept.anchor();
    let shares = kept.receipt.len() - 3 * 32;
    let proves = |bytes: &[u8]| {
        let receipt = Receipt::from_bytes(bytes).ok()?;
        receipt.verify(&anchor).ok().cloned()
    };
    for at in 0..kept.receipt.len() {
        for bit in [0, at % 8] {
            let mut altered = kept.receipt.clone();
            altered[at] ^= 1 << bit;
            let proven = proves(&altered);
            if at < shares {
                assert_eq!(proven, None, "byte {at} bit {bit}");
            } else {
                assert!(proven.is_none_or(|ticket| ticket == kept.ticket));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_can_be_left_out_or_added() {
    let kept = Kept::of_a_run().await;
    for end in 0..kept.receipt.len() {
        assert!(Receipt::from_bytes(&kept.receipt[..end]).is_err(), "{end}");
    }
    let longer = [kept.receipt.as_slice(), &[0]].concat();
    assert!(Receipt::from_bytes(&longer).is_err());
    for end in 0..kept.anchor.len() {
        assert!(TrustAnchor::from_bytes(&kept.anchor[..end]).is_err());
    }
    assert!(Receipt::from_bytes(&kept.anchor).is_err());
    assert!(TrustAnchor::from_bytes(&kept.receipt).is_err());
    // The error says which of the two it is about.
    for bytes in [&b""[..], b"neither"] {
        let error = Receipt::from_bytes(bytes).unwrap_err();
        assert_eq!(error.code(), "damaged");
        assert!(
            error.to_string().contains("the receipt is damaged"),
            "{error}"
        );
        let error = TrustAnchor::from_bytes(bytes).unwrap_err();
        assert_eq!(error.code(), "invalid_genesis");
        assert!(error.to_string().contains("trust anchor"), "{error}");
    }
}

/// An anchor with any byte changed is that of another consortium, or invalid.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_anchor_verifies_it() {
    let kept = Kept::of_a_run().await;
    let receipt = Receipt::from_bytes(&kept.receipt).unwrap();
    for at in 0..kept.anchor.len() {
        let mut altered = kept.anchor.clone();
        altered[at] ^= 1 << (at % 8);
        if let Ok(anchor) = TrustAnchor::from_bytes(&altered) {
            assert!(receipt.verify(&anchor).is_err(), "byte {at}");
        }
    }
}
