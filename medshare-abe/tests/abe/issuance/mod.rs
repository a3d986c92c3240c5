//! Keys from t of n issuers: how it works, and how it would be broken.

mod attacks;
mod deals;
mod flow;
mod formats;
mod invalid_partials;
mod setting;
mod shown;
mod whole;
