//! Whether a stop is explained by what the members told of themselves.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol::Failure;

/// Time after a fault's end in which its effects are still expected.
const AFTERMATH: Duration = Duration::from_secs(60);
/// Faults that are remembered.
const REMEMBERED: usize = 64;

/// A fault with a duration, as far as it matters for explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interference {
    /// The whole process was stopped by SIGSTOP, of which its members know nothing.
    Paused,
    /// The members close in order.
    Stopping,
    FullDisk,
    Silence,
    Conduct,
    Clock,
    DamagedObjects,
    DamagedMember,
}

/// The faults of the last minutes.
#[derive(Default)]
pub(super) struct Interferences(VecDeque<(Interference, Option<Instant>)>);

impl Interferences {
    pub(super) fn begin(&mut self, interference: Interference) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((interference, None));
    }

    pub(super) fn end(&mut self, interference: Interference) {
        let open = self
            .0
            .iter_mut()
            .filter(|(kind, end)| *kind == interference && end.is_none());
        for (_, end) in open {
            *end = Some(Instant::now());
        }
    }

    /// Those whose effects a call could meet that was issued then.
    pub(super) fn since(&self, issued: Instant) -> Vec<Interference> {
        let reached = |end: Option<Instant>| end.is_none_or(|end| end + AFTERMATH > issued);
        let met = self.0.iter().filter(|(_, end)| reached(*end));
        met.map(|(kind, _)| *kind).collect()
    }
}

/// The explanation of a stop; `None` if nothing explains it. A cause that members tell without an
/// injected fault is an explanation, with a name of its own.
pub(super) fn explain(failure: &Failure, during: &[Interference]) -> Option<&'static str> {
    let injected = |kind| during.contains(&kind);
    let mut told = failure.text.clone();
    for member in &failure.health {
        told.push_str("; ");
        told.push_str(member.problem.as_deref().unwrap_or_default());
    }
    // A grant that begins now, by the caller's clock.
    if failure.code == "not_yet" && injected(Interference::Clock) {
        return Some("clock");
    }
    let says = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let ended = failure.health.iter().filter(|member| member.ended).count();
    let by = |kind, injected_name, other_name| {
        Some(if injected(kind) {
            injected_name
        } else {
            other_name
        })
    };
    if says(&[
        "the disk of",
        "No space left",
        "StorageFull",
        "storage space",
        "disk is full",
    ]) {
        return by(
            Interference::FullDisk,
            "full disk",
            "full disk, none injected",
        );
    }
    if injected(Interference::Stopping) && says(&["stopped", "no member", "could not be reached"]) {
        return Some("orderly stop");
    }
    if ended > 0 {
        return by(
            Interference::FullDisk,
            "member ended after a full disk",
            "member ended",
        );
    }
    if says(&["does not answer", "silent", "gave no answer", "no answer"]) {
        return by(
            Interference::Silence,
            "silent member",
            "silent member, none injected",
        );
    }
    if says(&["refuses every request", "wrong: ["]) && injected(Interference::Conduct) {
        return Some("holder refused or lied");
    }
    if says(&["behind the last block", "clock"]) {
        return by(Interference::Clock, "clock", "clock, none injected");
    }
    if says(&[
        " is damaged: ",
        "; rebuild the member",
        "; restore the key store",
        "forgot its votes",
    ]) {
        return by(
            Interference::DamagedMember,
            "damaged member",
            "damaged member, none injected",
        );
    }
    if says(&["blocks behind", "is behind"]) {
        return Some("lagging member");
    }
    if failure.code == "busy" {
        return Some("busy");
    }
    injected(Interference::Paused).then_some("process paused from outside")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Member;

    fn failure(code: &str, text: &str, problem: Option<&str>) -> Failure {
        Failure {
            code: code.to_owned(),
            text: text.to_owned(),
            health: vec![Member {
                organisation: "charite".to_owned(),
                height: Some(3),
                ended: false,
                problem: problem.map(str::to_owned),
            }],
        }
    }

    #[test]
    fn a_bare_time_out_is_unexplained_whatever_was_injected() {
        let bare = failure("timed_out", "not within 20000 ms; known causes: []", None);
        for injected in [
            Interference::FullDisk,
            Interference::Silence,
            Interference::Clock,
        ] {
            assert_eq!(explain(&bare, &[injected]), None);
        }
        assert_eq!(explain(&bare, &[]), None);
    }

    #[test]
    fn the_health_of_a_member_explains() {
        let full = failure(
            "timed_out",
            "late",
            Some("the disk of charite has 0 bytes left"),
        );
        assert_eq!(explain(&full, &[Interference::FullDisk]), Some("full disk"));
        assert_eq!(explain(&full, &[]), Some("full disk, none injected"));
        let silent = failure("timed_out", "late", Some("charite does not answer"));
        assert_eq!(
            explain(&silent, &[Interference::Silence]),
            Some("silent member")
        );
    }
}
