//! Fast and strict BLS12-381 helpers over arkworks.
#![forbid(unsafe_code)]
