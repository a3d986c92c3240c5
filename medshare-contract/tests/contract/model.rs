//! A second implementation of the rules of grants and requests, in plain integers, written from the
//! table in `docs/spec/contract.md` without code of the contract.

use std::collections::BTreeSet;

/// People 0 to 2 are enrolled; index [`HOSPITAL`] sends as an organisation.
pub(crate) const PEOPLE: usize = 3;
pub(crate) const HOSPITAL: usize = 3;
pub(crate) const PURPOSES: u8 = 6;

#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) record: usize,
    pub(crate) floor: u64,
    pub(crate) ceiling: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) by: usize,
    pub(crate) record: usize,
    pub(crate) grantee: usize,
    pub(crate) from: u64,
    pub(crate) until: u64,
    /// Bit i for purpose i.
    pub(crate) purposes: u8,
    pub(crate) uses: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) by: usize,
    pub(crate) grant: usize,
    pub(crate) label: usize,
    pub(crate) purpose: u8,
    pub(crate) session: usize,
    pub(crate) names_own_key: bool,
    pub(crate) proof_fits: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    TicketUntil(u64),
    /// The code of a denial, and its number.
    No(&'static str, u64),
}

use Answer::{Done, No, TicketUntil};

struct Given {
    terms: Grant,
    revoked: Option<u64>,
    tickets: u32,
}

pub(crate) struct Model {
    /// The subject of each record.
    subjects: Vec<usize>,
    labels: Vec<Label>,
    lifetime: u64,
    height: u64,
    now: u64,
    given: Vec<Given>,
    sessions: BTreeSet<usize>,
}

impl Model {
    pub(crate) fn new(
        subjects: &[usize],
        labels: &[Label],
        lifetime: u64,
        (height, now): (u64, u64),
    ) -> Self {
        Self {
            subjects: subjects.to_vec(),
            labels: labels.to_vec(),
            lifetime,
            height,
            now,
            given: vec![],
            sessions: BTreeSet::new(),
        }
    }

    pub(crate) fn next_block(&mut self, now: u64) {
        self.height += 1;
        self.now = now;
    }

    pub(crate) fn grant(&mut self, terms: &Grant) -> Answer {
        if terms.by == HOSPITAL {
            return No("not_authorised", 0);
        }
        let Some(subject) = self.subjects.get(terms.record) else {
            return No("unknown_record", 0);
        };
        if *subject != terms.by {
            return No("not_authorised", 0);
        }
        if terms.purposes == 0 || terms.purposes >= 1 << PURPOSES {
            return No("invalid purposes", 0);
        }
        if terms.uses == Some(0) {
            return No("invalid uses", 0);
        }
        if terms.grantee >= PEOPLE {
            return No("invalid grantee", 0);
        }
        self.given.push(Given {
            terms: terms.clone(),
            revoked: None,
            tickets: 0,
        });
        Done
    }

    /// The grants that a person gave, as indices in the order in which they were given.
    pub(crate) fn given_by(&self, person: usize) -> Vec<usize> {
        self.those(|terms| terms.by == person)
    }

    /// The grants that name a person as grantee.
    pub(crate) fn received_by(&self, person: usize) -> Vec<usize> {
        self.those(|terms| terms.grantee == person)
    }

    fn those(&self, fit: impl Fn(&Grant) -> bool) -> Vec<usize> {
        let given = self.given.iter().enumerate();
        given
            .filter_map(|(index, given)| fit(&given.terms).then_some(index))
            .collect()
    }

    pub(crate) fn revoke(&mut self, by: usize, grant: usize) -> Answer {
        let height = self.height;
        match self.given.get_mut(grant) {
            None => No("unknown_grant", 0),
            Some(given) if given.terms.by != by => No("not_authorised", 0),
            Some(Given {
                revoked: Some(height),
                ..
            }) => No("revoked", *height),
            Some(given) => {
                given.revoked = Some(height);
                Done
            }
        }
    }

    pub(crate) fn request(&mut self, request: &Request) -> Answer {
        let now = self.now;
        let Some(given) = self.given.get_mut(request.grant) else {
            return No("unknown_grant", 0);
        };
        let terms = &given.terms;
        let label = self
            .labels
            .get(request.label)
            .filter(|label| label.record == terms.record);
        let table = [
            (request.by != terms.grantee, No("not_grantee", 0)),
            (!request.names_own_key, No("invalid request.grantee_key", 0)),
            (
                given.revoked.is_some(),
                No("revoked", given.revoked.unwrap_or(0)),
            ),
            (now < terms.from, No("not_yet", terms.from)),
            (now >= terms.until, No("expired", terms.until)),
            (
                terms.purposes >> request.purpose & 1 == 0,
                No("purpose_mismatch", request.purpose.into()),
            ),
            (
                terms.uses.is_some_and(|uses| given.tickets == uses),
                No("uses_exhausted", terms.uses.unwrap_or(0).into()),
            ),
            (label.is_none(), No("label_mismatch", 0)),
        ];
        if let Some((_, answer)) = table.into_iter().find(|(applies, _)| *applies) {
            return answer;
        }
        let Some(label) = label else { unreachable!() };
        if now < label.floor {
            return No("not_yet", label.floor);
        }
        if now >= label.ceiling {
            return No("expired", label.ceiling);
        }
        if !request.proof_fits || self.sessions.contains(&request.session) {
            return No("invalid_session_key", 0);
        }
        self.sessions.insert(request.session);
        given.tickets += 1;
        let ends = [now + self.lifetime, terms.until, label.ceiling];
        TicketUntil(ends.into_iter().min().unwrap_or(0))
    }
}
