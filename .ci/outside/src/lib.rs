//! An application outside the workspace: the README's example must compile and run here.
#![cfg_attr(feature = "application", doc = include_str!("../../../README.md"))]
