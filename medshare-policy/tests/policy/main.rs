//! The policy language through its public interface.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod building;
mod comparisons;
mod forms;
mod misspellings;
mod names;
mod serde;

use medshare_policy::{AccessPolicy, Enumeration, EnumerationId, Enumerations, Name, SyntaxError};

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn policy(text: &str) -> AccessPolicy {
    text.parse().expect(text)
}

fn error(text: &str) -> SyntaxError {
    text.parse::<AccessPolicy>().expect_err(text)
}

/// `hospital` with a, b, "3" and "new one", and `country` with at and de.
fn lists() -> Enumerations {
    let mut all = Enumerations::new();
    for (id, label, values) in [
        (1, "hospital", &["a", "b", "3", "new one"][..]),
        (2, "country", &["at", "de"]),
    ] {
        let mut list = Enumeration::new(EnumerationId([id; 32]), name(label));
        values
            .iter()
            .for_each(|value| list.append(name(value)).expect("new"));
        all.register(list).expect("new");
    }
    all
}
