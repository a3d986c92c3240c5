//! What the chain lists, held against what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::parent::model::{Grant, Model, ORGANISATIONS, Revocation};
use crate::parent::world::{Asked, World};
use crate::protocol::{Answer, Call, ListedGrant};

/// Compares the lists of all patients and of all organisations' people.
pub(super) async fn compare_lists(world: &Arc<World>) {
    let patients = {
        let model = world.model();
        let is_patient = |index: &usize| {
            let person = &model.people[*index];
            person.attributes.is_empty() && person.id.is_some()
        };
        let patients: Vec<usize> = (0..model.people.len()).filter(is_patient).collect();
        patients
    };
    for patient in &patients {
        let who = world.model().people[*patient].who.clone();
        ask(world, Call::Patient { who }, |model, answer| match answer {
            Answer::Patient { records, grants } => {
                model.compare_patient(*patient, &records, &grants)
            }
            other => vec![format!("{other:?}")],
        })
        .await;
    }
    for organisation in ORGANISATIONS {
        let call = Call::People {
            organisation: organisation.to_owned(),
        };
        ask(world, call, |model, answer| match answer {
            Answer::People { ids } => model.compare_people(organisation, &ids),
            other => vec![format!("{other:?}")],
        })
        .await;
    }
    let count = patients.len() + ORGANISATIONS.len();
    world.report().verified("lists", count);
}

async fn ask(world: &World, call: Call, compare: impl Fn(&Model, Answer) -> Vec<String>) {
    let issued = Instant::now();
    match world.ask(call).await {
        Asked::Done(answer) => {
            let faults = compare(&world.model(), answer);
            for fault in faults {
                world.find("a list", &fault);
            }
        }
        Asked::Failed(failure) => world.judge_stop("list", issued, &failure),
        Asked::Lost => {}
    }
}

impl Model {
    fn compare_patient(
        &self,
        patient: usize,
        records: &[String],
        grants: &[ListedGrant],
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let about: Vec<_> = self
            .records
            .iter()
            .filter(|record| record.subject == patient)
            .collect();
        let listed: BTreeSet<_> = records.iter().collect();
        for id in about.iter().filter_map(|record| record.id.as_ref()) {
            if !listed.contains(id) {
                faults.push(format!("no record {id} about person {patient}"));
            }
        }
        let given = self
            .grants
            .iter()
            .filter(|grant| self.records[grant.record].subject == patient);
        let given: Vec<_> = given.collect();
        if records.len() > about.len() || grants.len() > given.len() {
            let (records, grants) = (records.len(), grants.len());
            let (sealed, granted) = (about.len(), given.len());
            faults.push(format!(
                "{records} records of {sealed} and {grants} grants of {granted} of person {patient}"
            ));
        }
        let listed: BTreeMap<_, _> = grants
            .iter()
            .map(|grant| (grant.id.as_str(), grant))
            .collect();
        for grant in given {
            let Some(id) = &grant.id else { continue };
            match listed.get(id.as_str()) {
                Some(listed) if agree(grant, listed) => {}
                listed => faults.push(format!(
                    "grant {id} is listed as {listed:?}, and was {:?}, opened {} (and perhaps {}) of {:?}",
                    grant.revocation, grant.opened, grant.uncertain, grant.uses
                )),
            }
        }
        faults
    }

    fn compare_people(&self, organisation: &str, ids: &[String]) -> Vec<String> {
        let of = self
            .people
            .iter()
            .filter(|person| person.who.organisation == organisation);
        let of: Vec<_> = of.collect();
        let mut faults = Vec::new();
        for id in of.iter().filter_map(|person| person.id.as_ref()) {
            if !ids.contains(id) {
                faults.push(format!("no person {id} of {organisation}"));
            }
        }
        if ids.len() > of.len() {
            faults.push(format!(
                "{} people of {organisation}, of {}",
                ids.len(),
                of.len()
            ));
        }
        faults
    }
}

/// Whether the state of a grant that is listed can be the one that was acknowledged, with no call in
/// flight.
fn agree(grant: &Grant, listed: &ListedGrant) -> bool {
    let revoked = match grant.revocation {
        Revocation::No => !listed.revoked,
        Revocation::Asked => true,
        Revocation::Acknowledged => listed.revoked,
    };
    let (opened, uncertain) = (u64::from(grant.opened), u64::from(grant.uncertain));
    let tickets = listed.tickets >= opened && listed.tickets <= opened + uncertain;
    let left = grant
        .uses
        .map(|uses| u64::from(uses).checked_sub(listed.tickets));
    let left = left == listed.uses_left.map(|left| Some(u64::from(left)));
    revoked && tickets && left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_grant_agrees_or_does_not() {
        let grant = Grant {
            record: 0,
            reader: 0,
            uses: Some(3),
            id: None,
            revocation: Revocation::Acknowledged,
            opened: 1,
            uncertain: 1,
            in_flight: 0,
        };
        let listed = |revoked, left, tickets| ListedGrant {
            id: String::new(),
            revoked,
            uses_left: Some(left),
            tickets,
        };
        assert!(agree(&grant, &listed(true, 2, 1)) && agree(&grant, &listed(true, 1, 2)));
        let wrong = [
            listed(false, 2, 1),
            listed(true, 3, 0),
            listed(true, 0, 3),
            listed(true, 2, 2),
        ];
        assert!(wrong.iter().all(|listed| !agree(&grant, listed)));
    }
}
