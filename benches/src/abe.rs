//! A seeded authority, and policies and keys of a given size.

use medshare_abe::{
    AccessPolicy, Attribute, AttributeSet, MasterSecretKey, PublicParameters, UserSecretKey,
    Validity,
};

use crate::seeded;

/// An authority.
pub struct Setting {
    /// Its public parameters, with their tables built.
    pub parameters: PublicParameters,
    /// Its master key.
    pub master: MasterSecretKey,
}

/// `a0`, `a1`, and so on.
fn name(index: usize) -> String {
    format!("a{index}")
}

impl Setting {
    /// The authority of the benchmarks.
    #[must_use]
    pub fn new() -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut seeded());
        Self { parameters, master }
    }

    /// A key for the first `count` attributes.
    ///
    /// # Panics
    /// For a count that no key can have.
    #[must_use]
    pub fn key(&self, count: usize) -> UserSecretKey {
        let key = self.master.issue(
            &self.parameters,
            &attributes(count),
            Validity::ALWAYS,
            &mut seeded(),
        );
        #[allow(clippy::expect_used)]
        key.expect("a key of 1 to 1024 attributes")
    }
}

impl Default for Setting {
    fn default() -> Self {
        Self::new()
    }
}

/// The first `count` attributes.
///
/// # Panics
/// Never: the names are attributes.
#[must_use]
pub fn attributes(count: usize) -> AttributeSet {
    #[allow(clippy::expect_used)]
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
    #[allow(clippy::expect_used)]
    names.join(operator).parse().expect("a policy")
}
