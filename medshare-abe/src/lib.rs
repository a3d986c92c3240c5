//! Ciphertext-policy attribute-based encryption (FABEO) and the sealed payload format.
#![forbid(unsafe_code)]
