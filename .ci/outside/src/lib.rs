//! An application outside the workspace: the programs of these pages must compile and run here.
#![cfg_attr(feature = "application", doc = include_str!("../../../README.md"))]

#[cfg(feature = "application")]
#[doc = include_str!("../../../docs/tutorial.md")]
pub mod tutorial {}

#[cfg(feature = "application")]
#[doc = include_str!("../../../medshare-sdk/README.md")]
pub mod sdk {}

#[cfg(feature = "abe")]
#[doc = include_str!("../../../medshare-abe/README.md")]
pub mod abe {}

#[cfg(feature = "client")]
pub mod client;
