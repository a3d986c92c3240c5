//! Chosen ciphertexts: no changed header gives the key of the original, and none panics.

mod fields;
mod points;
mod rejection;
mod structured;
mod target;
