//! One object, two plaintexts [Dodis, Grubbs, Ristenpart and Woodage, *Fast Message Franking: From
//! Invisible Salamanders to Encryptment*, CRYPTO 2018]: Poly1305 does not commit to its key, so the
//! preamble does.

use medshare_payload::{DataKey, PayloadError, SegmentOpener};
use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::forger::{Forger, tree_of};
use crate::{rng, seal};

/// Poly1305's r and s for the only segment of a payload: the first block of the key stream.
fn one_time_key(forger: &Forger) -> (BigUint, BigUint) {
    let mut stream = ChaCha20Rng::from_seed(forger.key);
    let nonce = Forger::nonce(0, true);
    // ChaCha20Rng has a counter of 64 bits, whose upper half is the first 4 bytes of the nonce.
    let (zero, rest) = nonce.split_first_chunk::<4>().expect("12 bytes");
    assert_eq!(zero, &[0; 4]);
    stream.set_stream(u64::from_le_bytes(rest.try_into().expect("8 bytes")));
    let mut key = [0; 32];
    stream.fill_bytes(&mut key);
    let clamp = BigUint::from(0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff_u128);
    let half = |bytes: &[u8]| BigUint::from_bytes_le(bytes);
    (half(&key[..16]) & clamp, half(&key[16..]))
}

fn block(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_le(bytes) + (BigUint::from(1u8) << 128)
}

/// A sealed segment of 32 bytes with a valid tag under both keys.
fn salamander(one: &Forger, other: &Forger) -> Vec<u8> {
    let p = (BigUint::from(1u8) << 130) - 5u8;
    let two_128 = BigUint::from(1u8) << 128;
    let keys = [one_time_key(one), one_time_key(other)];
    let lengths = [64u64.to_le_bytes(), 32u64.to_le_bytes()].concat();
    let mut rng = rng(1);
    // The second block of ciphertext is solved for; the first is guessed until a solution fits.
    loop {
        let mut first = [0; 16];
        rng.fill_bytes(&mut first);
        let tag_without = |second: &BigUint, (r, _): &(BigUint, BigUint)| {
            let associated = one.associated.chunks_exact(16).map(block);
            let text = [block(&first), second + &two_128, block(&lengths)];
            let sum = |sum: BigUint, block: BigUint| (sum + block) * r % &p;
            associated.chain(text).fold(BigUint::ZERO, sum)
        };
        // tag = (rest + second·r²) mod p + s mod 2^128: the difference of both is to vanish.
        let [rest, others] = keys.each_ref().map(|key| tag_without(&BigUint::ZERO, key));
        let [square, others_square] = keys.each_ref().map(|(r, _)| r * r % &p);
        let slope: BigUint = (square + &p - others_square) % &p;
        let wanted: BigUint = (&keys[1].1 + &others + &p + &p - &keys[0].1 - rest) % &p;
        let Some(inverse) = slope.modinv(&p) else {
            continue;
        };
        let second = wanted * inverse % &p;
        if second >= two_128 {
            continue;
        }
        let [tag, others_tag] = keys
            .each_ref()
            .map(|key| (tag_without(&second, key) + &key.1) % &two_128);
        if tag == others_tag {
            let mut sealed = first.to_vec();
            for number in [second, tag] {
                let mut bytes = number.to_bytes_le();
                bytes.resize(16, 0);
                sealed.extend(bytes);
            }
            return sealed;
        }
    }
}

#[test]
fn one_object_never_opens_to_two_plaintexts() {
    let sealed = seal(1, b"");
    let other_key = DataKey::from_bytes([7; 32].into());
    let one = Forger::new(&sealed.data_key, &sealed.preamble);
    let other = Forger::new(&other_key, &sealed.preamble);
    let object = salamander(&one, &other);

    // Decryption alone accepts two plaintexts, and both have the same content root.
    let here = one.open(0, true, &object).expect("a valid tag");
    let there = other.open(0, true, &object).expect("a valid tag");
    assert_ne!(here, there);
    let length = object.len() as u64;
    let tree = tree_of(&object);
    let mut buffer = object.clone();
    let opener = SegmentOpener::new(&sealed.data_key, &sealed.preamble, tree.clone(), length);
    let opened = opener.expect("the key").open_in_place(0, &mut buffer);
    assert_eq!(opened.map(|text| text.to_vec()), Ok(here));

    // The preamble commits to one key.
    let opener = SegmentOpener::new(&other_key, &sealed.preamble, tree, length);
    assert_eq!(opener.map(drop), Err(PayloadError::WrongKey));
    let opener = SegmentOpener::without_root(&other_key, &sealed.preamble, length, &object);
    assert_eq!(opener.map(drop), Err(PayloadError::WrongKey));
}
