//! The deterministic rules of consent, which apply transactions to the consortium's state.
//!
//! **Is:** the calls that a transaction can make ([`Call`]), the values of the state ([`state`], at
//! the keys of [`keys`]), and one pure function, [`apply()`], from a state, a block's height and time
//! and a call to an outcome and changes. Every member runs it on the same blocks and reaches the same
//! state: it uses no clock, no floating point, no hash order and no randomness.
//!
//! **Is not:** a virtual machine, storage, or a verifier of transaction signatures (the ledger
//! checks those before) or of evidence against members (its caller judges that before). It never sees the content of a record, only digests.
//!
//! # Security
//!
//! Not audited. The rules issue tickets; the holders of the gate read those from their own state and
//! release shares. [`apply()`] is total over the bytes of a call: undecodable calls are denied,
//! nothing panics. A denied call changes nothing but the mark of its nonce.
//!
//! # Example
//!
//! ```
//! # use medshare_curve::{fixed_base::g1_generator_mul, encoding::encode_g1, Scalar};
//! # use medshare_types::genesis::{ChainParameters, GenesisAuthority, GenesisMember};
//! # use medshare_types::{hash::digest, *};
//! use medshare_contract::{BlockContext, Call, CallContext, StateView, apply};
//! use medshare_contract::{enrolment_statement, genesis_state, keys};
//! use medshare_contract::state::PersonState;
//! # let member = |n: u8| GenesisMember {
//! #     name: format!("hospital-{n}"),
//! #     key: SigningKey::from_seed(&[n; 32]).verifying_key(),
//! #     holder_key: encode_g1(&g1_generator_mul(&Scalar::from(u64::from(n) + 1)).into()),
//! # };
//! # let genesis = Genesis {
//! #     salt: [0; 32],
//! #     created: Timestamp::from_millis(0),
//! #     members: (0..4).map(member).collect(),
//! #     authority: GenesisAuthority { parameters: vec![] },
//! #     parameters: ChainParameters::default(),
//! # };
//!
//! let state = genesis_state(&genesis)?;
//! let hospital = genesis.members[0].organisation();
//! let attributes = vec!["role:cardiologist".to_owned()];
//! let secret = SigningKey::from_seed(&[42; 32]);
//! let statement = enrolment_statement(&genesis.chain_id(), &hospital, &attributes);
//! let (alice, consent) = (secret.verifying_key(), secret.sign(&statement));
//! let call = Call::EnrolPerson { key: alice, attributes, consent };
//! let block = BlockContext {
//!     chain: genesis.chain_id(),
//!     height: Height(1),
//!     epoch: Epoch(0),
//!     time: Timestamp::from_millis(1_000),
//!     parameters: genesis.parameters,
//! };
//! let applied = apply(&state, &block, &CallContext {
//!     chain: genesis.chain_id(),
//!     transaction: TransactionId::from_digest(digest("example", &[])),
//!     sender: hospital.into(),
//!     key: genesis.members[0].key,
//!     nonce: Nonce([0; 16]),
//!     call: &call.to_wire(),
//!     proven: None,
//!     follows: false,
//! })?;
//!
//! let mut after = medshare_contract::Overlay::new(&state);
//! after.absorb(applied.changes);
//! let person: Option<PersonState> = after.read(&keys::person(&PersonId::of_key(&alice)))?;
//! assert_eq!(person.unwrap().attributes, ["role:cardiologist"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`call`] | calls of a transaction |
//! | [`state`] | values of the state |
//! | [`keys`] | keys of the state |
//! | [`view`], [`overlay`] | the state as the rules read it, and changes laid over it |
//! | [`context`] | the block and the transaction that a rule decides on |
//! | [`mod@apply`] | one transaction: authenticate, decode, decide |
//! | [`genesis`] | the state before the first block |
//!
//! The rules one by one, with the order of their denials, are in `docs/spec/contract.md`.
//!
//! Papers: Pedersen, EUROCRYPT 1991 and Gennaro–Jarecki–Krawczyk–Rabin, J. Cryptology 20 (2007)
//! (joint Feldman); Schnorr, CRYPTO 1989. Purposes are codes of HL7 v3 PurposeOfUse.
//!
//! # Deviations
//!
//! The research scheme leaves the contract's language open and takes time from the caller's clock;
//! here the rules are native code under a version stored in the state, and time is the block's. A
//! ceremony needs **every** holder's acknowledgement and one complaint ends it, where joint Feldman
//! would continue without the dealer complained about.
#![forbid(unsafe_code)]

pub mod apply;
pub mod call;
pub mod context;
pub mod genesis;
pub mod keys;
pub mod overlay;
mod rules;
pub mod state;
pub mod view;

pub use apply::{Applied, RULES_VERSION, apply};
pub use call::{
    Call, GrantTerms, MAX_EVIDENCE_LEN, RESERVED_ATTRIBUTE_PREFIXES, RegisterRecord,
    SUBJECT_PREFIX, VOUCHER_PREFIX, enrolment_statement, voting_key_statement,
};
pub use context::{BlockContext, CallContext, MAX_HEADER_AGE, ProvenMisbehaviour};
pub use genesis::{GenesisError, check_member_name, genesis_state};
pub use overlay::Overlay;
pub use rules::people::{MAX_ATTRIBUTE_LEN, MAX_ATTRIBUTES, check_enrollable};
pub use rules::voting_keys::MAX_VOTING_KEYS;
pub use state::deals_digest;
pub use view::{Changes, StateError, StateView};
