//! Authority, keys, headers, and what a header that was tampered with gives.

use medshare_curve::encoding::{encode_g1, encode_gt, encode_scalar};
use medshare_curve::scalar::wide_reduce;
use medshare_curve::{Scalar, pairing};
use medshare_policy::element::{Domain, Element};
use medshare_policy::{AccessPolicy, AttributeSet, Enumerations};
use serde::Serialize;

use super::cases::{CASES, Case, LISTS, enumerations};
use super::{Replay, hex};
use crate::scheme::decapsulate::{decapsulate, decapsulate_strict};
use crate::scheme::element::input_of;
use crate::scheme::encapsulate::{encapsulate, encapsulate_dated};
use crate::scheme::fujisaki_okamoto::{Coins, aad_digest};
use crate::scheme::header::Header;
use crate::scheme::key::UserSecretKey;
use crate::scheme::master::MasterSecretKey;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::points::{base, hash_to_points};
use crate::scheme::structure::Row;
use crate::secret::SharedSecret;

#[derive(Serialize)]
pub(super) struct SchemeVectors {
    /// e(g1, g2), encoded as in headers.
    pairing: String,
    base: String,
    authority: AuthorityVector,
    enumerations: Vec<EnumerationVector>,
    headers: Vec<HeaderVector>,
}

#[derive(Serialize)]
struct AuthorityVector {
    alpha: String,
    master_key: String,
    parameters: String,
    parameters_digest: String,
}

#[derive(Serialize)]
struct EnumerationVector {
    id: String,
    label: &'static str,
    values: &'static [&'static str],
}

#[derive(Serialize)]
struct HeaderVector {
    name: &'static str,
    policy: &'static str,
    policy_bytes: String,
    sealed_on: Option<u16>,
    aad: String,
    m: String,
    coins: CoinsVector,
    rows: Vec<RowVector>,
    /// The bytes of s·E, which the mask is derived from.
    masking: String,
    header: String,
    header_digest: String,
    secret: String,
    key: KeyVector,
    /// What the key reads.
    selected: Vec<TermVector>,
    rejected: Vec<RejectionVector>,
}

#[derive(Serialize)]
struct CoinsVector {
    s: String,
    /// s'_j for every repeat j.
    repeats: Vec<String>,
}

#[derive(Serialize)]
struct RowVector {
    /// π(i), the element of the row.
    element: ElementVector,
    /// H(π(i)), the hashed element.
    point: String,
    /// ρ(i), the number of earlier rows with the element.
    occurrence: usize,
    /// λ_i, the row's share of s.
    share: String,
}

/// What is hashed after the tag.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ElementVector {
    Name(String),
    Prefix {
        space: &'static str,
        label: String,
        kind: &'static str,
        id: String,
        depth: u8,
        bits: u32,
    },
}

#[derive(Serialize)]
struct KeyVector {
    attributes: &'static str,
    /// The first and the last day.
    validity: [u16; 2],
    /// What r is made of.
    fresh: String,
    r: String,
    /// σ, in what a rejected header gives.
    sigma: String,
    bytes: String,
}

#[derive(Serialize)]
struct TermVector {
    row: usize,
    coefficient: String,
}

/// The header with one byte replaced.
#[derive(Serialize)]
struct RejectionVector {
    place: usize,
    byte: u8,
    secret: String,
}

/// An authority, and what its policies compare with.
pub(super) struct Setting {
    pub(super) parameters: PublicParameters,
    pub(super) master: MasterSecretKey,
    lists: Enumerations,
    alpha: Scalar,
}

impl Setting {
    pub(super) fn new() -> Self {
        let mut rng = Replay::new("authority");
        let (parameters, master) = MasterSecretKey::setup(&mut rng);
        Self {
            parameters,
            master,
            lists: enumerations(),
            alpha: wide_reduce(&rng.first()),
        }
    }

    pub(super) fn vectors(&self) -> SchemeVectors {
        SchemeVectors {
            pairing: hex(encode_gt(&pairing::pairing(&pairing::g1(), &pairing::g2()))),
            base: hex(encode_g1(&base())),
            authority: AuthorityVector {
                alpha: scalar(&self.alpha),
                master_key: hex(&*self.master.to_bytes()),
                parameters: hex(self.parameters.to_bytes()),
                parameters_digest: hex(self.parameters.digest()),
            },
            enumerations: LISTS
                .map(|(id, label, values)| EnumerationVector {
                    id: hex([id; 32]),
                    label,
                    values,
                })
                .into(),
            headers: CASES.iter().map(|case| self.header(case)).collect(),
        }
    }

    fn header(&self, case: &Case) -> HeaderVector {
        let Sealed {
            header,
            secret,
            message,
            aad,
        } = self.seal(case);
        let (key, key_vector) = self.issue(case);
        for decapsulate in [decapsulate, decapsulate_strict] {
            let read = decapsulate(&self.parameters, &header, &key, &aad).unwrap();
            assert_eq!(read.as_bytes(), secret.as_bytes(), "{}", case.name);
        }
        let structure = header.structure();
        let coins = Coins::derive(&self.parameters, &structure, &aad_digest(&aad), &message);
        let selected = structure.select(|element| key.component(element).is_some());
        let selected = selected.unwrap();
        let bytes = header.to_bytes();
        // The end of C4, and of the first row that is read.
        let end = bytes.len() - 32;
        let rows = structure.rows();
        let row = end - 48 * (rows.len() - selected[0].row - 1);
        let reject = |place: usize| self.rejection((&bytes, place), &key, &aad);
        HeaderVector {
            name: case.name,
            policy: case.policy,
            policy_bytes: hex(header.policy().to_bytes()),
            sealed_on: header.sealed_on().map(crate::Date::days),
            aad: hex(&aad),
            m: hex(message),
            rows: rows.iter().zip(&*coins.shares).map(row_vector).collect(),
            masking: hex(encode_gt(&self.parameters.e_mul(&coins.s))),
            rejected: vec![reject(bytes.len() - 1), reject(row - 1)],
            header: hex(&bytes),
            header_digest: hex(header.digest()),
            secret: hex(secret.as_bytes()),
            key: key_vector,
            selected: selected
                .iter()
                .map(|term| TermVector {
                    row: term.row,
                    coefficient: scalar(&term.coefficient),
                })
                .collect(),
            coins: CoinsVector {
                s: scalar(&coins.s),
                repeats: coins.repeats.iter().map(scalar).collect(),
            },
        }
    }

    fn seal(&self, case: &Case) -> Sealed {
        let policy = AccessPolicy::parse(case.policy, &self.lists).unwrap();
        let aad = format!("associated data of {}", case.name).into_bytes();
        let mut rng = Replay::new(&format!("encapsulate/{}", case.name));
        let (header, secret) = match case.sealed_on {
            None => encapsulate(&self.parameters, &policy, &aad, &mut rng),
            Some(day) => {
                let day = day.parse().unwrap();
                encapsulate_dated(&self.parameters, &policy, day, &aad, &mut rng)
            }
        };
        Sealed {
            header,
            secret,
            message: rng.first(),
            aad,
        }
    }

    fn issue(&self, case: &Case) -> (UserSecretKey, KeyVector) {
        let attributes = AttributeSet::parse(case.attributes, &self.lists).unwrap();
        let validity = case.validity();
        let label = format!("issue/{}", case.name);
        let mut rng = Replay::new(&label);
        let r = self
            .master
            .randomness(&attributes, validity, &mut Replay::new(&label));
        let issued = self
            .master
            .issue(&self.parameters, &attributes, validity, &mut rng);
        let bytes = issued.unwrap().to_bytes();
        let mut import = Replay::new(&format!("import/{}", case.name));
        let key = UserSecretKey::from_bytes(&bytes, &self.parameters, &mut import).unwrap();
        let vector = KeyVector {
            attributes: case.attributes,
            validity: [validity.first().days(), validity.last().days()],
            fresh: hex(rng.first::<32>()),
            r: scalar(&r),
            sigma: hex(import.first::<32>()),
            bytes: hex(&*bytes),
        };
        (key, vector)
    }

    fn rejection(
        &self,
        (bytes, place): (&[u8], usize),
        key: &UserSecretKey,
        aad: &[u8],
    ) -> RejectionVector {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1;
        let header = Header::from_bytes(&changed).unwrap();
        let secret = decapsulate(&self.parameters, &header, key, aad).unwrap();
        assert!(decapsulate_strict(&self.parameters, &header, key, aad).is_err());
        RejectionVector {
            place,
            byte: changed[place],
            secret: hex(secret.as_bytes()),
        }
    }
}

struct Sealed {
    header: Header,
    secret: SharedSecret,
    message: [u8; 32],
    aad: Vec<u8>,
}

fn row_vector((row, share): (&Row<'_>, &Scalar)) -> RowVector {
    let element = match row.element {
        Element::Name(name) => ElementVector::Name(name.as_str().to_owned()),
        Element::Prefix {
            label,
            domain,
            prefix,
        } => {
            let (kind, id) = match domain {
                Domain::Integer => ("integer", String::new()),
                Domain::Date => ("date", String::new()),
                Domain::Enumeration(id) => ("enumeration", hex(id.0)),
            };
            ElementVector::Prefix {
                space: "policy",
                label: label.as_str().to_owned(),
                kind,
                id,
                depth: prefix.depth,
                bits: prefix.bits,
            }
        }
        Element::Day(prefix) => ElementVector::Prefix {
            space: "validity",
            label: String::new(),
            kind: "date",
            id: String::new(),
            depth: prefix.depth,
            bits: prefix.bits,
        },
    };
    RowVector {
        element,
        point: hex(encode_g1(&hash_to_points(&[input_of(&row.element)])[0])),
        occurrence: row.occurrence,
        share: scalar(share),
    }
}

fn scalar(value: &Scalar) -> String {
    hex(encode_scalar(value))
}
