//! The wires between machines: frames get lost, repeated, delayed and reordered.

use std::io;

use bytes::Bytes;
use medshare_node::transport::Outbound;
use medshare_types::ReplicaId;

use crate::frame;
use crate::report::Point;
use crate::world::{Event, Life, State};

/// The sending end of one life.
pub(crate) struct SimOutbound(pub(crate) Life);

impl Outbound for SimOutbound {
    fn send(&self, to: ReplicaId, frame: Bytes) -> bool {
        self.try_send(to, &frame).is_ok()
    }
}

impl SimOutbound {
    fn try_send(&self, to: ReplicaId, frame: &Bytes) -> io::Result<()> {
        let host = self.0.host;
        let mut state = self.0.at(Point::Send, |_, _| {})?;
        let state = &mut *state;
        if state.hosts[host].mischief.is_none() {
            let sender = &state.hosts[host];
            state
                .invariants
                .sent(host, sender.seat, &sender.disk, frame);
        }
        let mut mischief = state.hosts[host].mischief.take();
        let frames = match &mut mischief {
            Some(mischief) => mischief.tamper(to, frame, &mut state.rng),
            None => vec![frame.clone()],
        };
        state.hosts[host].mischief = mischief;
        for frame in frames {
            state.transmit(host, to, &frame);
        }
        self.0.world.changed.notify_one();
        Ok(())
    }
}

impl State {
    /// Carries a frame to every machine of a seat.
    fn transmit(&mut self, from: usize, to: ReplicaId, frame: &Bytes) {
        let now_ms = self.now_ms();
        let faults = self.faults_now();
        let hosts = self.hosts.len();
        for host in 0..hosts {
            if self.hosts[host].seat != to {
                continue;
            }
            self.counts.frames += 1;
            let told = |lost: bool| match (&self.trace.words, lost) {
                (None, _) => String::new(),
                (Some(_), false) => frame::told(frame),
                (Some(_), true) => format!("{} (lost)", frame::told(frame)),
            };
            let lost = self.is_cut_off(from)
                || self.is_cut_off(host)
                || self.rng.chance(faults.drop_per_mille)
                || self
                    .links
                    .is_down((from, host), now_ms, (&faults, hosts), &mut self.rng);
            let told = told(lost);
            self.trace.frame(now_ms, (from, host), frame, &told);
            if lost {
                self.counts.disturbed += 1;
                continue;
            }
            let twice = self.rng.chance(faults.duplicate_per_mille);
            self.counts.disturbed += u64::from(twice);
            for _ in 0..=u64::from(twice) {
                let after_ms = self.rng.between(1, faults.delay_ms);
                let from = self.hosts[from].seat;
                let frame = frame.clone();
                self.schedule(after_ms, host, Event::Frame { from, frame });
            }
        }
    }
}
