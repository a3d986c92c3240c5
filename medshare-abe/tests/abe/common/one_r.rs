//! Two people's keys with one r, as an authority would issue them whose r did not differ.

use ark_ec::CurveGroup;
use ark_ff::Field;
use medshare_abe::{AttributeSet, Validity};
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{G1Affine, Scalar};
use medshare_types::hash::Xof;
use medshare_types::{RandomSource, wire};

use super::raw::RawKey;
use super::{Setting, rng};

/// A key for `held` with the r of `of`, both as [`Setting::raw_key`] makes them. Its K1 stays: who
/// pools keys needs one K1.
pub fn with_r_of(setting: &Setting, (held, seed): (&str, u64), of: (&str, u64)) -> RawKey {
    let (own, other) = (
        randomness(setting, held, seed),
        randomness(setting, of.0, of.1),
    );
    let factor = other * own.inverse().expect("not zero");
    let scaled = |point: &G1Affine| (*point * factor).into_affine();
    let key = setting.raw_key(held, seed);
    let values = key.values.iter();
    RawKey {
        k3: (key.k3 * factor).into_affine(),
        parts: key
            .parts
            .iter()
            .map(|(name, part)| (name.clone(), scaled(part)))
            .collect(),
        values: values
            .map(|(label, parts)| (label.clone(), parts.iter().map(scaled).collect()))
            .collect(),
        days: key.days.iter().map(scaled).collect(),
        ..key
    }
}

/// r, by docs/spec/abe/scheme.md.
fn randomness(setting: &Setting, held: &str, seed: u64) -> Scalar {
    let master = setting.master.to_bytes();
    let set = AttributeSet::parse(held, &setting.lists).expect("a list");
    let purpose = wire::to_borsh(&(set, Validity::ALWAYS));
    let fresh: [u8; 32] = rng(seed).array();
    let fields = [&master[6..], &purpose, &fresh];
    wide_reduce(&Xof::new("medshare/abe/key-randomness/v1", &fields).take())
}
