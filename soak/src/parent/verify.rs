//! Everything acknowledged, held against the running consortium.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use futures::{StreamExt as _, stream};
use medshare_sdk::{Receipt, TrustAnchor};

use crate::parent::lists::compare_lists;
use crate::parent::load::perform;
use crate::parent::model::{Model, Revocation, Task};
use crate::parent::world::{Asked, World};
use crate::protocol::{Answer, Call, EventKind, Happened};

/// Calls of a verification in flight at once.
const AT_ONCE: usize = 4;
/// Newest grants that are opened, and as many older ones, unless all are.
const SAMPLE: usize = 25;
/// Time for members to reach a height that was seen before, and to answer at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// Verifies everything on the chain, and the contents of all grants or of a sample.
pub(super) async fn verify(world: &Arc<World>, all: bool) {
    heights(world).await;
    unfinished(world).await;
    history(world).await;
    compare_lists(world).await;
    receipts(world);
    let tasks = {
        let mut model = world.model();
        let mut tasks: Vec<Task> = acknowledged_people(&model);
        tasks.extend(descriptions(&model, all));
        tasks.extend(openings(&mut model, all));
        tasks
    };
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for task in &tasks {
        *counts.entry(task.call.kind()).or_default() += 1;
    }
    let done = stream::iter(tasks.into_iter().map(|task| perform(world, task)));
    let ends: Vec<bool> = done.buffer_unordered(AT_ONCE).collect().await;
    let stopped = ends.iter().filter(|good| !**good).count();
    for (kind, count) in counts {
        world.report().verified(kind, count);
    }
    if stopped > 0 {
        world.say(&format!(
            "{stopped} of {} verifications were stopped",
            ends.len()
        ));
    }
}

/// The highest member must reach the highest block that was seen.
async fn heights(world: &Arc<World>) {
    let begun = Instant::now();
    let tip = world.model().tip;
    loop {
        let Some(members) = world.health().await else {
            return;
        };
        let highest = members.iter().filter_map(|member| member.height).max();
        if highest >= Some(tip) {
            world.model().tip = highest.unwrap_or(tip);
            return;
        }
        if begun.elapsed() > PATIENCE {
            world.find(
                "a height went back",
                &format!("{highest:?} after {tip}: {members:?}"),
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Calls whose end was lost and that can be repeated must end now.
async fn unfinished(world: &Arc<World>) {
    let tasks: Vec<Task> = {
        let model = world.model();
        let people = 0..model.people.len();
        let people = people.filter(|index| model.people[*index].id.is_none());
        let records = 0..model.records.len();
        let records = records.filter(|index| {
            let record = &model.records[*index];
            record.id.is_none() && record.seal.key.is_some()
        });
        let enrolments = people.map(|index| model.enrolment_of(index));
        enrolments
            .chain(records.map(|index| model.seal_of(index)))
            .collect()
    };
    let count = tasks.len();
    for task in tasks {
        perform(world, task).await;
    }
    // An enrolment that had reached its end before is told as such; its pseudonym is looked up.
    let tasks: Vec<Task> = {
        let model = world.model();
        let people = 0..model.people.len();
        let people = people.filter(|index| model.people[*index].id.is_none());
        people.map(|index| model.look_up_of(index)).collect()
    };
    for task in tasks {
        perform(world, task).await;
    }
    world.report().verified("finished after all", count);
}

/// Reads the chain's events and holds the acknowledged things against them.
async fn history(world: &Arc<World>) {
    let begun = Instant::now();
    match world.ask(Call::History).await {
        Asked::Done(Answer::History { events }) => {
            let faults = world.model().compare(&events);
            for fault in faults {
                world.find("the chain", &fault);
            }
            world.report().verified("events", events.len());
            world.model().events = events;
        }
        Asked::Failed(failure) => world.judge_stop("history", begun, &failure),
        Asked::Done(_) | Asked::Lost => {}
    }
}

impl Model {
    /// Differences between the chain's events, those read before, and what was acknowledged.
    fn compare(&self, events: &[Happened]) -> Vec<String> {
        let mut faults = Vec::new();
        if !events.starts_with(&self.events) {
            let same = events
                .iter()
                .zip(&self.events)
                .take_while(|(new, old)| new == old)
                .count();
            let (new, old) = (events.get(same), self.events.get(same));
            faults.push(format!("event {same} was {old:?} and is {new:?}"));
        }
        let mut found: BTreeMap<EventKind, BTreeSet<&str>> = BTreeMap::new();
        for event in events {
            found.entry(event.kind).or_default().insert(&event.of);
        }
        let mut expect = |kind, of: &Option<String>| {
            let known = found.get(&kind);
            if let Some(of) = of
                && !known.is_some_and(|known| known.contains(of.as_str()))
            {
                faults.push(format!("no {kind:?} of {of}"));
            }
        };
        for person in &self.people {
            expect(EventKind::Enrolled, &person.id);
        }
        for record in &self.records {
            expect(EventKind::Registered, &record.id);
        }
        for grant in &self.grants {
            expect(EventKind::Granted, &grant.id);
            if grant.revocation == Revocation::Acknowledged {
                expect(EventKind::Revoked, &grant.id);
            }
        }
        faults.extend(self.compare_tickets(events));
        faults
    }

    /// Tickets beyond the allowed uses, fewer than openings, or after a revocation.
    fn compare_tickets(&self, events: &[Happened]) -> Vec<String> {
        let mut tickets: BTreeMap<&str, u32> = BTreeMap::new();
        let mut revoked = BTreeSet::new();
        let mut faults = Vec::new();
        for Happened { kind, of, height } in events {
            match kind {
                EventKind::Revoked => {
                    revoked.insert(of.as_str());
                }
                EventKind::Ticket => {
                    *tickets.entry(of).or_default() += 1;
                    if revoked.contains(of.as_str()) {
                        faults.push(format!(
                            "a ticket of {of} at {height}, after its revocation"
                        ));
                    }
                }
                _ => {}
            }
        }
        for grant in &self.grants {
            let Some(id) = &grant.id else { continue };
            let issued = tickets.get(id.as_str()).copied().unwrap_or(0);
            if grant.uses.is_some_and(|uses| issued > uses) || issued < grant.opened {
                let allowed = grant.uses;
                faults.push(format!(
                    "{issued} tickets of {id}, {} openings, {allowed:?} allowed",
                    grant.opened
                ));
            }
        }
        faults
    }
}

/// Receipts from before verify against the trust anchor of the founding, with no consortium.
fn receipts(world: &Arc<World>) {
    let model = world.model();
    let mut faults = Vec::new();
    let anchor = model
        .anchor
        .as_deref()
        .and_then(|text| Base64::decode_vec(text).ok());
    let anchor = anchor.and_then(|bytes| TrustAnchor::from_bytes(&bytes).ok());
    let Some(anchor) = anchor else {
        return;
    };
    for (grant, text) in &model.receipts {
        let id = model.grants[*grant].id.as_deref().unwrap_or_default();
        let receipt = Base64::decode_vec(text)
            .ok()
            .and_then(|bytes| Receipt::from_bytes(&bytes).ok());
        match receipt.as_ref().map(|receipt| receipt.verify(&anchor)) {
            Some(Ok(ticket)) if ticket.grant.to_string() == id => {}
            other => faults.push(format!("the receipt of {id}: {other:?}")),
        }
    }
    let count = model.receipts.len();
    drop(model);
    for fault in faults {
        world.find("a receipt", &fault);
    }
    world.report().verified("receipts", count);
}

fn acknowledged_people(model: &Model) -> Vec<Task> {
    let people = 0..model.people.len();
    let people = people.filter(|index| model.people[*index].id.is_some());
    people.map(|index| model.look_up_of(index)).collect()
}

fn descriptions(model: &Model, all: bool) -> Vec<Task> {
    let Some(reader) = model.first_reader() else {
        return Vec::new();
    };
    let records = sample(model.records.len(), all);
    records
        .filter_map(|index| model.description_of(index, reader))
        .collect()
}

/// Openings of grants that can be repeated: unlimited ones, and revoked ones.
fn openings(model: &mut Model, all: bool) -> Vec<Task> {
    let fitting: Vec<usize> = (0..model.grants.len())
        .filter(|index| {
            let grant = &model.grants[*index];
            grant.uses.is_none() || grant.revocation == Revocation::Acknowledged
        })
        .collect();
    let chosen = sample(fitting.len(), all);
    chosen
        .filter_map(|at| model.opening_of(fitting[at]))
        .collect()
}

/// The newest indices and some spread over the older ones, or all.
fn sample(count: usize, all: bool) -> impl Iterator<Item = usize> {
    let newest = if all { 0 } else { count.saturating_sub(SAMPLE) };
    let step = (newest / SAMPLE).max(1);
    (0..newest).step_by(step).chain(newest..count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_the_newest() {
        assert_eq!(sample(10, false).count(), 10);
        assert_eq!(sample(500, true).count(), 500);
        let chosen: Vec<usize> = sample(500, false).collect();
        assert!(chosen.len() <= 2 * SAMPLE + 1 && chosen.ends_with(&[498, 499]));
    }

    fn event(kind: EventKind, of: &str) -> Happened {
        Happened {
            height: 1,
            kind,
            of: of.to_owned(),
        }
    }

    #[test]
    fn a_changed_history_is_found() {
        let mut model = Model {
            events: vec![event(EventKind::Enrolled, "a")],
            ..Model::default()
        };
        assert!(model.compare(&[event(EventKind::Enrolled, "b")]).len() == 1);
        assert!(model.compare(&[]).len() == 1);
        let longer = [
            event(EventKind::Enrolled, "a"),
            event(EventKind::Enrolled, "b"),
        ];
        assert!(model.compare(&longer).is_empty());
        model.events.clear();
        let late = [
            event(EventKind::Revoked, "g"),
            event(EventKind::Ticket, "g"),
        ];
        assert!(model.compare(&late).len() == 1);
    }
}
