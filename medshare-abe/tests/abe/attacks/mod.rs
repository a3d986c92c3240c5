//! Attacks on the algebra: points are combined directly, past every check of the crate. That no
//! combination at all helps is shown over the exponents, in the crate's own `scheme::sharing::tests`.

mod collusion;
mod hashing;
mod points;
mod randomness;
mod sharing;
mod values;
