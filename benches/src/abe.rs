//! A seeded authority, and policies, keys and headers of given sizes.

use medshare_abe::{
    AccessPolicy, Attribute, AttributeSet, Date, Header, MasterSecretKey, PublicParameters,
    SharedSecret, UserSecretKey, Validity, encapsulate, encapsulate_dated,
};
use medshare_types::RandomSource;

use crate::{LEAVES, seeded};

/// Bound to every header.
pub const CONTEXT: &[u8] = b"context";

/// Rows that a sealing date adds to a policy: one for each prefix of its 16 bits, and the empty one.
pub const DATE_ROWS: usize = 17;

/// The authority of all rows, drawn from [`seeded`].
#[derive(Debug)]
pub struct Authority {
    /// Parameters that cache the points of attributes.
    pub parameters: PublicParameters,
    /// The same parameters with a cache of no capacity.
    pub uncached: PublicParameters,
    /// Belongs to both parameters.
    pub master: MasterSecretKey,
}

impl Authority {
    /// Draws the same keys in every run.
    #[must_use]
    pub fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut seeded());
        Self {
            uncached: parameters.clone().with_cache_capacity(0),
            parameters,
            master,
        }
    }

    /// Both parameters, each with whether it caches.
    #[must_use]
    pub const fn both_caches(&self) -> [(&PublicParameters, bool); 2] {
        [(&self.uncached, false), (&self.parameters, true)]
    }

    /// Issues a key for the first `count` attributes, at most 1024.
    #[must_use]
    pub fn key(&self, count: usize, validity: Validity) -> UserSecretKey {
        let set = attributes(count);
        let key = self
            .master
            .issue(&self.parameters, &set, validity, &mut seeded());
        key.expect("1 to 1024 attributes make a key")
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// A policy with a key that satisfies it and a header under it.
#[derive(Debug)]
pub struct Shape {
    /// `and`, `or`, or `and+validity`.
    pub name: &'static str,
    /// Leaves of the policy alone: a sealing date adds [`DATE_ROWS`].
    pub leaves: usize,
    /// Encapsulations of this shape use it.
    pub policy: AccessPolicy,
    /// Bound to the header, for the shapes with a date.
    pub sealed_on: Option<Date>,
    /// Satisfies the policy with all its attributes.
    pub key: UserSecretKey,
    /// Encapsulated once, for the decapsulations.
    pub header: Header,
    /// Comes out of `header` when decapsulation is correct.
    pub secret: SharedSecret,
}

impl Shape {
    fn new(
        authority: &Authority,
        (name, leaves, held): (&'static str, usize, usize),
        policy: AccessPolicy,
        sealed_on: Option<Date>,
    ) -> Self {
        let validity = sealed_on.map_or(Validity::ALWAYS, year_of);
        let key = authority.key(held, validity);
        let (header, secret) =
            encapsulate_shape(&authority.parameters, &policy, sealed_on, &mut seeded());
        Self {
            name,
            leaves,
            policy,
            sealed_on,
            key,
            header,
            secret,
        }
    }

    /// Draws a secret and its header under this policy.
    pub fn encapsulate(
        &self,
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> (Header, SharedSecret) {
        encapsulate_shape(parameters, &self.policy, self.sealed_on, rng)
    }
}

fn encapsulate_shape(
    parameters: &PublicParameters,
    policy: &AccessPolicy,
    sealed_on: Option<Date>,
    rng: &mut impl RandomSource,
) -> (Header, SharedSecret) {
    match sealed_on {
        None => encapsulate(parameters, policy, CONTEXT, rng),
        Some(day) => encapsulate_dated(parameters, policy, day, CONTEXT, rng),
    }
}

/// All days up to a year after `day`, as a key usually is valid.
fn year_of(day: Date) -> Validity {
    let until = Date::from_days(day.days().saturating_add(365));
    Validity::until(until).unwrap_or(Validity::ALWAYS)
}

/// AND of every size without and with a sealing date, AND with [`DATE_ROWS`] leaves more, and OR of
/// 100 leaves of which the key satisfies one.
#[must_use]
pub fn shapes(authority: &Authority) -> Vec<Shape> {
    let day = Date::from_days(20_000);
    let conjunction = |n| Shape::new(authority, ("and", n, n), and(n), None);
    let dated = |n| Shape::new(authority, ("and+validity", n, n), and(n), Some(day));
    let mut all: Vec<Shape> = LEAVES.map(conjunction).into();
    all.push(Shape::new(authority, ("or", 100, 1), or(100), None));
    all.extend(LEAVES.map(dated));
    all.extend(LEAVES.map(|n| conjunction(n + DATE_ROWS)));
    all
}

/// The attributes `a0`, `a1`, … up to `count` of them.
#[must_use]
pub fn attributes(count: usize) -> AttributeSet {
    let parse = |index| name(index).parse::<Attribute>().expect("an attribute");
    (0..count).map(parse).collect()
}

/// Demands all of the first `leaves` attributes.
#[must_use]
pub fn and(leaves: usize) -> AccessPolicy {
    joined(leaves, " and ")
}

/// Demands one of the first `leaves` attributes.
#[must_use]
pub fn or(leaves: usize) -> AccessPolicy {
    joined(leaves, " or ")
}

fn joined(leaves: usize, operator: &str) -> AccessPolicy {
    let names: Vec<_> = (0..leaves).map(name).collect();
    names.join(operator).parse().expect("a policy")
}

/// `a0`, `a1`, and so on.
fn name(index: usize) -> String {
    format!("a{index}")
}
