//! The system's randomness, the only source that `medshare-node` and `medshare-sdk` use.

use rand_core::UnwrapErr;

/// The operating system's generator, as a [`RandomSource`](medshare_types::RandomSource).
pub type OsRandom = UnwrapErr<getrandom::SysRng>;

/// Opens the operating system's generator. Costs nothing; each draw is a system call.
///
/// A draw panics where the system has no randomness at all: there, no key could be made either.
#[must_use]
pub const fn os_random() -> OsRandom {
    UnwrapErr(getrandom::SysRng)
}
