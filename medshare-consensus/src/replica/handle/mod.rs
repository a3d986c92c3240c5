//! One file per input. The numbers refer to the pseudo-code in `docs/spec/pbft.md`.

mod decided;
mod executed;
mod fetch;
mod persisted;
mod pre_prepare;
mod request;
mod resend;
mod status;
mod validated;
mod vote;
