//! A seeded authority, and policies, keys and headers of a given size.

use criterion::Criterion;
use medshare_abe::{
    AccessPolicy, Attribute, AttributeSet, Date, DecapsulateError, Header, MasterSecretKey,
    PublicParameters, SharedSecret, UserSecretKey, Validity, encapsulate, encapsulate_dated,
};
use medshare_types::RandomSource;

use crate::{LEAVES, seeded};

/// What every header of the benchmarks is bound to.
pub const CONTEXT: &[u8] = b"context";

/// The rows that a sealing date adds to a policy: one for each prefix of 16 bits, and the empty one.
pub const DATE_ROWS: usize = 17;

/// An authority.
pub struct Setting {
    /// Its public parameters, which keep the points of attributes.
    pub parameters: PublicParameters,
    /// The same, which keep none.
    pub uncached: PublicParameters,
    /// Its master key.
    pub master: MasterSecretKey,
}

impl Setting {
    /// The authority of the benchmarks.
    #[must_use]
    pub fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut seeded());
        Self {
            uncached: parameters.clone().with_cache_capacity(0),
            parameters,
            master,
        }
    }

    /// The parameters without and with cached points, and whether it is with.
    #[must_use]
    pub const fn both_caches(&self) -> [(&PublicParameters, bool); 2] {
        [(&self.uncached, false), (&self.parameters, true)]
    }

    /// A key for the first `count` attributes.
    ///
    /// # Panics
    /// For a count that no key can have.
    #[must_use]
    pub fn key(&self, count: usize, validity: Validity) -> UserSecretKey {
        let set = attributes(count);
        let key = self
            .master
            .issue(&self.parameters, &set, validity, &mut seeded());
        #[allow(clippy::expect_used, reason = "documented to panic")]
        key.expect("a key of 1 to 1024 attributes")
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self::new()
    }
}

/// A policy with a key that satisfies it and a header under it.
pub struct Shape {
    /// `and`, `or`, or `and+validity`.
    pub name: &'static str,
    /// Leaves of the policy, without those of the date.
    pub leaves: usize,
    /// The policy.
    pub policy: AccessPolicy,
    /// The sealing date that headers name.
    pub sealed_on: Option<Date>,
    /// A key that opens it.
    pub key: UserSecretKey,
    /// A header under it.
    pub header: Header,
    /// What the header carries.
    pub secret: SharedSecret,
}

impl Shape {
    fn new(
        setting: &Setting,
        (name, leaves, held): (&'static str, usize, usize),
        policy: AccessPolicy,
        sealed_on: Option<Date>,
    ) -> Self {
        let validity = sealed_on.map_or(Validity::ALWAYS, year_of);
        let key = setting.key(held, validity);
        let (header, secret) =
            encapsulate_shape(&setting.parameters, &policy, sealed_on, &mut seeded());
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

    /// A new header.
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

/// A key's usual validity: all days up to a year after this one.
fn year_of(day: Date) -> Validity {
    let until = Date::from_days(day.days().saturating_add(365));
    Validity::until(until).unwrap_or(Validity::ALWAYS)
}

/// AND of every size, with the same and a sealing date, AND of so many leaves more as a date has
/// rows, and OR of 100 with one leaf satisfied.
#[must_use]
pub fn shapes(setting: &Setting) -> Vec<Shape> {
    let day = Date::from_days(20_000);
    let conjunction = |n| Shape::new(setting, ("and", n, n), and(n), None);
    let dated = |n| Shape::new(setting, ("and+validity", n, n), and(n), Some(day));
    let mut all: Vec<Shape> = LEAVES.map(conjunction).into();
    all.push(Shape::new(setting, ("or", 100, 1), or(100), None));
    all.extend(LEAVES.map(dated));
    all.extend(LEAVES.map(|n| conjunction(n + DATE_ROWS)));
    all
}

/// The first `count` attributes.
///
/// # Panics
/// Never: the names are attributes.
#[must_use]
pub fn attributes(count: usize) -> AttributeSet {
    #[allow(clippy::expect_used, reason = "the names are attributes")]
    let parse = |index| name(index).parse::<Attribute>().expect("an attribute");
    (0..count).map(parse).collect()
}

/// All of the first `leaves` attributes.
#[must_use]
pub fn and(leaves: usize) -> AccessPolicy {
    joined(leaves, " and ")
}

/// One of the first `leaves` attributes.
#[must_use]
pub fn or(leaves: usize) -> AccessPolicy {
    joined(leaves, " or ")
}

fn joined(leaves: usize, operator: &str) -> AccessPolicy {
    let names: Vec<_> = (0..leaves).map(name).collect();
    #[allow(clippy::expect_used, reason = "the names make a policy")]
    names.join(operator).parse().expect("a policy")
}

/// `a0`, `a1`, and so on.
fn name(index: usize) -> String {
    format!("a{index}")
}

/// A way to decapsulate.
pub type Decapsulate =
    fn(&PublicParameters, &Header, &UserSecretKey, &[u8]) -> Result<SharedSecret, DecapsulateError>;

/// Measures a way to decapsulate on every shape, without and with cached points, as
/// `abe::operation/shape=leaves,cached=bool`.
///
/// # Panics
/// When it does not give what was encapsulated, which would be a fault of the library.
pub fn bench_decapsulation(criterion: &mut Criterion, operation: &str, open: Decapsulate) {
    let setting = Setting::new();
    for shape in shapes(&setting) {
        let Shape {
            name,
            leaves,
            key,
            header,
            secret,
            ..
        } = &shape;
        for (parameters, cached) in setting.both_caches() {
            let name = format!("abe::{operation}/{name}={leaves},cached={cached}");
            let opened = open(parameters, header, key, CONTEXT);
            let same = opened.is_ok_and(|opened| opened.as_bytes() == secret.as_bytes());
            assert!(same, "{name} gives another secret");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| open(parameters, header, key, CONTEXT));
            });
        }
    }
}
