//! What was asked for and acknowledged, and the next call to make.

use std::collections::VecDeque;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::content;
use crate::protocol::{Call, Happened, SealCall, Who};

/// The members' names, which the SDK gives where none are chosen.
pub(super) const ORGANISATIONS: [&str; 4] = ["st-mary", "charite", "north-general", "riverside"];
const POLICY: &str = "role:medic";
/// Things in one consortium, so that all of them can be verified after each start.
const MOST_PEOPLE: usize = 48;
const MOST_RECORDS: usize = 160;
const MOST_GRANTS: usize = 400;
/// Receipts that are kept and verified again and again.
const MOST_RECEIPTS: usize = 200;

pub(super) struct Person {
    pub(super) who: Who,
    /// None for a patient.
    pub(super) attributes: Vec<String>,
    /// Its pseudonym, once acknowledged.
    pub(super) id: Option<String>,
}

pub(super) struct Record {
    pub(super) seal: SealCall,
    /// Index of its data subject.
    pub(super) subject: usize,
    pub(super) digest: String,
    /// Set once a call was acknowledged.
    pub(super) id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revocation {
    No,
    /// Asked for: it may or may not hold.
    Asked,
    Acknowledged,
}

pub(super) struct Grant {
    pub(super) record: usize,
    /// Index of the person that may open.
    pub(super) reader: usize,
    pub(super) uses: Option<u32>,
    /// Set once a call was acknowledged.
    pub(super) id: Option<String>,
    pub(super) revocation: Revocation,
    /// Openings that were acknowledged to the parent.
    pub(super) opened: u32,
    /// Openings that failed or were lost, and may have taken a use.
    pub(super) uncertain: u32,
    pub(super) in_flight: u32,
}

/// All that was asked of one consortium.
#[derive(Default)]
pub(super) struct Model {
    pub(super) people: Vec<Person>,
    pub(super) records: Vec<Record>,
    pub(super) grants: Vec<Grant>,
    /// The trust anchor at the founding, in base64.
    pub(super) anchor: Option<String>,
    /// The highest block that was seen.
    pub(super) tip: u64,
    /// For each member, the height that its ledger was verified to at the last start.
    pub(super) verified: Vec<u64>,
    /// The chain's events, as read last.
    pub(super) events: Vec<Happened>,
    /// Index of the grant and the receipt in base64.
    pub(super) receipts: VecDeque<(usize, String)>,
}

/// The thing that a call is about, by its index.
#[derive(Clone, Copy, Debug)]
pub(super) enum About {
    Enrol(usize),
    Person(usize),
    Seal(usize),
    Grant(usize),
    Revoke(usize),
    Open {
        grant: usize,
        /// Whether a revocation was acknowledged before the call.
        revoked: bool,
    },
    Describe(usize),
}

/// A call to make, and what it is about.
pub(super) struct Task {
    pub(super) call: Call,
    pub(super) about: About,
}

impl Model {
    /// The next call of the load.
    pub(super) fn draw(&mut self, rng: &mut ChaCha8Rng) -> Task {
        let drawn = match rng.random_range(0..100) {
            0..10 => self.draw_enrolment(rng),
            10..13 => self.repeat_enrolment(rng),
            13..33 => self.draw_seal(rng),
            33..37 => self.repeat_seal(rng),
            37..58 => self.draw_grant(rng),
            58..66 => self.draw_revocation(rng),
            66..70 => self.draw_description(rng),
            70..72 => self.draw_person(rng),
            _ => self.draw_opening(rng),
        };
        match drawn {
            Some(task) => task,
            // There is nothing yet to do more with, or enough of it.
            None => self.fallback(rng),
        }
    }

    fn fallback(&mut self, rng: &mut ChaCha8Rng) -> Task {
        if let Some(task) = self.draw_enrolment(rng) {
            return task;
        }
        if let Some(task) = self.draw_opening(rng) {
            return task;
        }
        self.probe()
    }

    fn draw_enrolment(&mut self, rng: &mut ChaCha8Rng) -> Option<Task> {
        if self.people.len() >= MOST_PEOPLE {
            return None;
        }
        let index = self.people.len();
        let is_reader = index % 3 == 1 || rng.random_bool(0.2);
        let (kind, attributes) = if is_reader {
            ("reader", vec![POLICY.to_owned(), format!("ward:{index}")])
        } else {
            ("patient", Vec::new())
        };
        let organisation = ORGANISATIONS[rng.random_range(0..ORGANISATIONS.len())];
        self.people.push(Person {
            who: Who {
                organisation: organisation.to_owned(),
                name: format!("{kind} {index}"),
            },
            attributes,
            id: None,
        });
        Some(self.enrolment_of(index))
    }

    /// Enrols again, whether or not the first call was acknowledged.
    fn repeat_enrolment(&self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let index = one_of(rng, 0..self.people.len(), |_| true)?;
        Some(self.enrolment_of(index))
    }

    pub(super) fn enrolment_of(&self, index: usize) -> Task {
        let person = &self.people[index];
        Task {
            call: Call::Enrol {
                who: person.who.clone(),
                attributes: person.attributes.clone(),
            },
            about: About::Enrol(index),
        }
    }

    fn draw_person(&self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let index = one_of(rng, 0..self.people.len(), |index| {
            self.people[*index].id.is_some()
        })?;
        Some(self.look_up_of(index))
    }

    pub(super) fn look_up_of(&self, index: usize) -> Task {
        let who = self.people[index].who.clone();
        Task {
            call: Call::Person { who },
            about: About::Person(index),
        }
    }

    fn draw_seal(&mut self, rng: &mut ChaCha8Rng) -> Option<Task> {
        if self.records.len() >= MOST_RECORDS {
            return None;
        }
        let is_patient = |index: &usize| {
            let person = &self.people[*index];
            person.attributes.is_empty() && person.id.is_some()
        };
        let subject = one_of(rng, 0..self.people.len(), is_patient)?;
        let who = self.people[subject].who.clone();
        let index = self.records.len();
        let seed = rng.random();
        let length = draw_length(rng);
        let seal = SealCall {
            organisation: ORGANISATIONS[rng.random_range(0..ORGANISATIONS.len())].to_owned(),
            subject: who,
            policy: POLICY.to_owned(),
            title: format!("record {index}"),
            key: rng.random_bool(0.8).then(|| format!("key {index}")),
            length,
            seed,
        };
        self.records.push(Record {
            seal,
            subject,
            digest: content::digest(&content::bytes(length, seed)),
            id: None,
        });
        Some(self.seal_of(index))
    }

    /// Seals again under the same idempotency key.
    fn repeat_seal(&self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let keyed = |index: &usize| self.records[*index].seal.key.is_some();
        let index = one_of(rng, 0..self.records.len(), keyed)?;
        Some(self.seal_of(index))
    }

    pub(super) fn seal_of(&self, index: usize) -> Task {
        Task {
            call: Call::Seal(self.records[index].seal.clone()),
            about: About::Seal(index),
        }
    }

    fn draw_grant(&mut self, rng: &mut ChaCha8Rng) -> Option<Task> {
        if self.grants.len() >= MOST_GRANTS {
            return None;
        }
        let sealed = |index: &usize| self.records[*index].id.is_some();
        let record = one_of(rng, 0..self.records.len(), sealed)?;
        let reader = self.one_reader(rng)?;
        let index = self.grants.len();
        let patient = self.people[self.records[record].subject].who.clone();
        let uses = rng.random_bool(0.3).then(|| rng.random_range(1..4));
        let call = Call::Grant {
            patient,
            record: self.records[record].id.clone()?,
            grantee: self.people[reader].id.clone()?,
            uses,
        };
        self.grants.push(Grant {
            record,
            reader,
            uses,
            id: None,
            revocation: Revocation::No,
            opened: 0,
            uncertain: 0,
            in_flight: 0,
        });
        Some(Task {
            call,
            about: About::Grant(index),
        })
    }

    fn one_reader(&self, rng: &mut ChaCha8Rng) -> Option<usize> {
        let is_reader = |index: &usize| {
            let person = &self.people[*index];
            !person.attributes.is_empty() && person.id.is_some()
        };
        one_of(rng, 0..self.people.len(), is_reader)
    }

    fn draw_revocation(&mut self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let open = |index: &usize| {
            let grant = &self.grants[*index];
            grant.id.is_some() && grant.revocation != Revocation::Acknowledged
        };
        let index = one_of(rng, 0..self.grants.len(), open)?;
        let grant = &mut self.grants[index];
        grant.revocation = Revocation::Asked;
        let call = Call::Revoke {
            grant: grant.id.clone()?,
            patient: self.people[self.records[grant.record].subject].who.clone(),
        };
        Some(Task {
            call,
            about: About::Revoke(index),
        })
    }

    fn draw_opening(&mut self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let wants_revoked = rng.random_bool(0.2);
        let fits = |index: &usize| {
            let grant = &self.grants[*index];
            let revoked = grant.revocation == Revocation::Acknowledged;
            grant.id.is_some() && revoked == wants_revoked
        };
        let index = one_of(rng, 0..self.grants.len(), fits)?;
        self.opening_of(index)
    }

    /// Opens an acknowledged grant.
    pub(super) fn opening_of(&mut self, index: usize) -> Option<Task> {
        let grant = &mut self.grants[index];
        let id = grant.id.clone()?;
        grant.in_flight += 1;
        let about = About::Open {
            grant: index,
            revoked: grant.revocation == Revocation::Acknowledged,
        };
        let reader = self.people[grant.reader].who.clone();
        let call = Call::Open { reader, grant: id };
        Some(Task { call, about })
    }

    fn draw_description(&self, rng: &mut ChaCha8Rng) -> Option<Task> {
        let index = one_of(rng, 0..self.records.len(), |index| {
            self.records[*index].id.is_some()
        })?;
        let reader = self.one_reader(rng)?;
        self.description_of(index, reader)
    }

    pub(super) fn description_of(&self, index: usize, reader: usize) -> Option<Task> {
        let call = Call::Describe {
            reader: self.people[reader].who.clone(),
            record: self.records[index].id.clone()?,
        };
        let about = About::Describe(index);
        Some(Task { call, about })
    }

    /// A call that needs the consortium to order and the holders to release.
    pub(super) fn probe(&mut self) -> Task {
        let mut grants = self.grants.iter();
        let open = grants.rposition(|grant| {
            grant.id.is_some() && grant.uses.is_none() && grant.revocation == Revocation::No
        });
        if let Some(task) = open.and_then(|index| self.opening_of(index)) {
            return task;
        }
        if self.people.is_empty() {
            self.people.push(Person {
                who: Who {
                    organisation: ORGANISATIONS[0].to_owned(),
                    name: "patient 0".to_owned(),
                },
                attributes: Vec::new(),
                id: None,
            });
        }
        self.enrolment_of(0)
    }

    /// An acknowledged reader, if there is one.
    pub(super) fn first_reader(&self) -> Option<usize> {
        let mut people = self.people.iter();
        people.position(|person| !person.attributes.is_empty() && person.id.is_some())
    }

    pub(super) fn keep_receipt(&mut self, grant: usize, receipt: String) {
        if self.receipts.len() == MOST_RECEIPTS {
            self.receipts.pop_front();
        }
        self.receipts.push_back((grant, receipt));
    }
}

/// One of the indices that fit; the newest more often.
fn one_of(
    rng: &mut ChaCha8Rng,
    indices: std::ops::Range<usize>,
    fits: impl Fn(&usize) -> bool,
) -> Option<usize> {
    let fitting: Vec<usize> = indices.filter(fits).collect();
    if fitting.is_empty() {
        return None;
    }
    let count = fitting.len();
    let first = if rng.random_bool(0.5) {
        count - count.div_ceil(4)
    } else {
        0
    };
    fitting.get(rng.random_range(first..count)).copied()
}

/// From 1 KiB to 4 MiB, mostly short.
fn draw_length(rng: &mut ChaCha8Rng) -> usize {
    let longest = match rng.random_range(0..100) {
        0..60 => 16 << 10,
        60..85 => 256 << 10,
        85..97 => 1 << 20,
        _ => 4 << 20,
    };
    rng.random_range(1_024..=longest)
}
