//! An application outside the workspace: the README's example must compile and run here.
#![doc = include_str!("../../../../README.md")]
