//! What a call's end means for the model: whether it agrees with everything acknowledged before.

use crate::parent::model::{About, Grant, Model, Revocation};
use crate::parent::world::Asked;
use crate::protocol::{Answer, Failure};

/// Codes that tell of something acknowledged as absent, altered or never given. No fault of at most
/// f members makes them true.
const NEVER: [&str; 18] = [
    "unknown_grant",
    "unknown_record",
    "unknown_person",
    "unknown_sender",
    "not_grantee",
    "not_authorised",
    "expired",
    "label_mismatch",
    "policy_unsatisfied",
    "undecipherable",
    "segment_mismatch",
    "object_truncated",
    "object_extended",
    "object_unavailable",
    "invalid_proof",
    "damaged",
    "internal",
    "idempotency_conflict",
];

/// What a call's end is, where it contradicts nothing.
pub(super) enum Settled {
    AsExpected,
    /// The consortium did not do what it was asked for; something must explain that.
    Stopped(Failure),
    /// The child ended first.
    Lost,
}

/// The end of a call contradicts what was acknowledged before.
pub(super) type Contradiction = String;

impl Model {
    /// Takes a call's end into the model.
    ///
    /// # Errors
    /// The contradiction, as text.
    pub(super) fn settle(&mut self, about: About, asked: Asked) -> Result<Settled, Contradiction> {
        let settled = match about {
            About::Enrol(index) => self.settle_enrolment(index, asked),
            About::Person(index) => self.settle_person(index, asked),
            About::Seal(index) => self.settle_seal(index, asked),
            About::Grant(index) => self.settle_grant(index, asked),
            About::Revoke(index) => self.settle_revocation(index, asked),
            About::Open { grant, revoked } => self.settle_opening(grant, revoked, asked),
            About::Describe(index) => self.settle_description(index, asked),
        };
        settled.map_err(|text| format!("{}: {text}", self.named(about)))
    }

    fn named(&self, about: About) -> String {
        match about {
            About::Enrol(index) | About::Person(index) => {
                let person = &self.people[index];
                format!("{about:?} {:?} acknowledged as {:?}", person.who, person.id)
            }
            About::Seal(index) | About::Describe(index) => {
                format!("{about:?} acknowledged as {:?}", self.records[index].id)
            }
            About::Grant(index) | About::Revoke(index) | About::Open { grant: index, .. } => {
                let Grant {
                    id,
                    revocation,
                    uses,
                    opened,
                    uncertain,
                    ..
                } = &self.grants[index];
                format!(
                    "{about:?} {id:?}, revocation {revocation:?}, opened {opened} \
                     (and perhaps {uncertain}) of {uses:?}"
                )
            }
        }
    }

    fn settle_enrolment(&mut self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        match asked {
            Asked::Failed(failure) if failure.code == "already_enrolled" => Ok(Settled::AsExpected),
            asked => self.settle_person(index, asked),
        }
    }

    fn settle_person(&mut self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        let known = &mut self.people[index].id;
        match asked {
            Asked::Done(Answer::Person { id }) => same_or_first(known, id),
            // This enrolment was never acknowledged.
            Asked::Failed(failure) if failure.code == "unknown_person" && known.is_none() => {
                Ok(Settled::AsExpected)
            }
            asked => stopped(asked),
        }
    }

    fn settle_seal(&mut self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        match asked {
            Asked::Done(Answer::Sealed { record }) => {
                same_or_first(&mut self.records[index].id, record)
            }
            asked => stopped(asked),
        }
    }

    fn settle_grant(&mut self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        match asked {
            Asked::Done(Answer::Granted { grant }) => {
                same_or_first(&mut self.grants[index].id, grant)
            }
            asked => stopped(asked),
        }
    }

    fn settle_revocation(&mut self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        let grant = &mut self.grants[index];
        match asked {
            Asked::Done(Answer::Nothing) => {
                grant.revocation = Revocation::Acknowledged;
                Ok(Settled::AsExpected)
            }
            // An earlier call, whose end was lost, or one beside this one withdrew it.
            Asked::Failed(failure) if failure.code == "revoked" => {
                grant.revocation = Revocation::Acknowledged;
                Ok(Settled::AsExpected)
            }
            asked => stopped(asked),
        }
    }

    fn settle_opening(
        &mut self,
        index: usize,
        revoked: bool,
        asked: Asked,
    ) -> Result<Settled, Contradiction> {
        let digest = self.records[self.grants[index].record].digest.clone();
        let length = self.records[self.grants[index].record].seal.length as u64;
        let grant = &mut self.grants[index];
        grant.in_flight -= 1;
        match asked {
            Asked::Done(Answer::Opened {
                digest: found,
                length: found_length,
                receipt,
            }) => {
                grant.opened += 1;
                if revoked {
                    return Err("opened after its revocation was acknowledged".to_owned());
                }
                if found != digest || found_length != length {
                    return Err(format!("other content: {found}, {found_length} bytes"));
                }
                if grant.uses.is_some_and(|uses| grant.opened > uses) {
                    return Err("opened more often than allowed".to_owned());
                }
                self.keep_receipt(index, receipt);
                Ok(Settled::AsExpected)
            }
            Asked::Failed(failure) if failure.code == "revoked" => match grant.revocation {
                Revocation::No => Err("denied as revoked, and was never".to_owned()),
                _ => {
                    // The revocation may have overtaken the shares of a ticket.
                    grant.uncertain += u32::from(!revoked);
                    Ok(Settled::AsExpected)
                }
            },
            Asked::Failed(failure) if failure.code == "uses_exhausted" => {
                let most = grant.opened + grant.uncertain + grant.in_flight;
                match grant.uses {
                    Some(uses) if most >= uses => Ok(Settled::AsExpected),
                    _ => Err("denied as used up, and is not".to_owned()),
                }
            }
            asked => {
                grant.uncertain += 1;
                stopped(asked)
            }
        }
    }

    fn settle_description(&self, index: usize, asked: Asked) -> Result<Settled, Contradiction> {
        match asked {
            Asked::Done(Answer::Described { title }) => {
                let sealed = &self.records[index].seal.title;
                if title == *sealed {
                    Ok(Settled::AsExpected)
                } else {
                    Err(format!("titled {title:?}, and was sealed as {sealed:?}"))
                }
            }
            asked => stopped(asked),
        }
    }
}

/// The first identifier holds for ever.
fn same_or_first(known: &mut Option<String>, found: String) -> Result<Settled, Contradiction> {
    match known {
        Some(known) if *known != found => Err(format!("found as {found}")),
        _ => {
            *known = Some(found);
            Ok(Settled::AsExpected)
        }
    }
}

fn stopped(asked: Asked) -> Result<Settled, Contradiction> {
    match asked {
        Asked::Lost => Ok(Settled::Lost),
        Asked::Failed(failure) if NEVER.contains(&failure.code.as_str()) => {
            let members = failure.health.iter();
            let told: Vec<_> = members
                .filter_map(|member| member.problem.as_ref())
                .collect();
            Err(format!(
                "{}: {}; health: {told:?}",
                failure.code, failure.text
            ))
        }
        Asked::Failed(failure) => Ok(Settled::Stopped(failure)),
        Asked::Done(answer) => Err(format!("answered with {answer:?}")),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::protocol::Call;

    /// A model with one acknowledged grant of one use.
    fn model() -> Model {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut model = Model::default();
        loop {
            let task = model.draw(&mut rng);
            let answer = match &task.call {
                Call::Enrol { who, .. } => Answer::Person {
                    id: who.name.clone(),
                },
                Call::Seal(seal) => Answer::Sealed {
                    record: seal.title.clone(),
                },
                Call::Grant { .. } => Answer::Granted {
                    grant: "g".to_owned(),
                },
                _ => continue,
            };
            assert!(model.settle(task.about, Asked::Done(answer)).is_ok());
            if let Some(grant) = model.grants.first_mut() {
                grant.uses = Some(1);
                grant.revocation = Revocation::No;
                grant.in_flight = 0;
                return model;
            }
        }
    }

    fn opened(model: &Model) -> Asked {
        let record = &model.records[model.grants[0].record];
        Asked::Done(Answer::Opened {
            digest: record.digest.clone(),
            length: record.seal.length as u64,
            receipt: String::new(),
        })
    }

    fn denied(code: &str) -> Asked {
        Asked::Failed(Failure {
            code: code.to_owned(),
            text: String::new(),
            health: Vec::new(),
        })
    }

    fn open(model: &mut Model, asked: impl Fn(&Model) -> Asked) -> Result<Settled, Contradiction> {
        let task = model.opening_of(0).unwrap();
        let asked = asked(model);
        model.settle(task.about, asked)
    }

    #[test]
    fn a_use_too_many_is_found() {
        let mut model = model();
        assert!(
            open(&mut model, |_| denied("uses_exhausted")).is_err(),
            "none was taken"
        );
        assert!(open(&mut model, opened).is_ok());
        assert!(open(&mut model, |_| denied("uses_exhausted")).is_ok());
        assert!(open(&mut model, opened).is_err());
    }

    #[test]
    fn an_opening_after_a_revocation_is_found() {
        let mut model = model();
        assert!(
            open(&mut model, |_| denied("revoked")).is_err(),
            "never asked for"
        );
        model.grants[0].revocation = Revocation::Asked;
        assert!(open(&mut model, opened).is_ok());
        assert!(open(&mut model, |_| denied("revoked")).is_ok());
        model.grants[0].revocation = Revocation::Acknowledged;
        model.grants[0].uses = None;
        assert!(open(&mut model, opened).is_err());
    }

    #[test]
    fn absence_other_content_and_other_identifiers_are_found() {
        let mut model = model();
        assert!(open(&mut model, |_| denied("unknown_grant")).is_err());
        let other = |_: &Model| {
            Asked::Done(Answer::Opened {
                digest: "0".to_owned(),
                length: 1,
                receipt: String::new(),
            })
        };
        assert!(open(&mut model, other).is_err());
        let id = || Answer::Person {
            id: "other".to_owned(),
        };
        assert!(model.settle(About::Person(0), Asked::Done(id())).is_err());
        assert!(
            model
                .settle(About::Person(0), denied("unknown_person"))
                .is_err()
        );
    }
}
