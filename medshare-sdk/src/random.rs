//! The operating system's random source, the only one the SDK uses.

use rand_core::UnwrapErr;

/// Fresh bytes from the operating system. Panics only where the system has no randomness at all,
/// where nothing that needs a key could go on.
pub(crate) const fn os_random() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}
