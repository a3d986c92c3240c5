//! A consortium whose committee decides heights one by one, as their facts tell it.

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::{Conversion, CreditEvent, EpochRule, HeightFacts, Role};
use medshare_testkit::SimRng;
use medshare_types::committee::Quorum;
use medshare_types::id::{ReplicaId, View};

use super::attack::{Attack, Shown};
use super::ledger::{Decided, Ledger, Turns};

/// Heights of an epoch, the least that the design allows.
pub(crate) const HEIGHTS: u64 = 160;
/// A height without any fault: three message delays of a wide network, milliseconds.
const BLOCK_MS: u64 = 100;
/// The time of view 0 without lost views: eight times the median height.
const VIEW_MS: u64 = 8 * BLOCK_MS;
const MOST_VIEW_MS: u64 = 30_000;
/// Views after which a height counts as stalled.
const MOST_VIEWS: u64 = 64;
/// How often the slow honest member sees a proposal too late, per mille of heights.
const SLOW_PER_MILLE: u64 = 200;

/// The organisations, and what befalls the honest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) pool: u16,
    pub(crate) seats: u16,
    pub(crate) byzantine: u16,
    /// Whether the first committee is drawn; otherwise all liars sit.
    pub(crate) drawn: bool,
    /// How often an honest member is down for an epoch, per mille.
    pub(crate) outages_per_mille: u64,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Share of the seats that liars held.
    pub(crate) liars: f64,
    pub(crate) honest_strikes: usize,
    pub(crate) honest_demotions: usize,
    /// Of the throughput without any fault; 0 once the chain has stopped.
    pub(crate) throughput: f64,
}

pub(crate) struct World {
    setting: Setting,
    attack: Attack,
    rng: SimRng,
    ledger: Ledger,
    liars: BTreeSet<ReplicaId>,
    /// An honest member that sees proposals late now and then.
    slow: ReplicaId,
    /// Honest organisations that are down in the running epoch.
    down: BTreeSet<ReplicaId>,
    time_ms: u64,
    /// Doublings of the view timer.
    doublings: u32,
    stopped: bool,
}

/// The committee at one height.
struct Present {
    quorum: Quorum,
    /// Honest members that are not down.
    up: BTreeSet<ReplicaId>,
    liars: BTreeSet<ReplicaId>,
    /// Members whose commits all see.
    voters: BTreeSet<ReplicaId>,
    /// Liars whose commits liars alone see.
    friends: BTreeSet<ReplicaId>,
    slow_sits: bool,
}

/// The views of one height.
#[derive(Default)]
struct Views {
    proposer: ReplicaId,
    /// The view of the block's header, and the one in which members commit it.
    decided: View,
    committed_in: View,
    late: BTreeMap<View, BTreeSet<ReplicaId>>,
    duration_ms: u64,
    lost: u32,
}

/// What the primary of a view does.
enum Turn {
    /// No proposal: the view is lost.
    Silent,
    /// A proposal in time.
    InTime,
    /// A proposal just before the view would be given up.
    AtTheLast,
    /// A proposal in time, whose view liars and the slow member give up, drawing the others along.
    Framed,
}

impl World {
    pub(crate) fn new(setting: Setting, attack: Attack, seed: u64) -> Self {
        let mut rng = SimRng::new(seed);
        let mut ids: Vec<_> = (0..setting.pool).map(ReplicaId).collect();
        if setting.drawn {
            for left in (1..ids.len()).rev() {
                let other = rng.index(left + 1);
                ids.swap(left, other);
            }
        }
        let liars: BTreeSet<_> = ids.into_iter().take(setting.byzantine.into()).collect();
        let all: Vec<_> = (0..setting.pool).map(ReplicaId).collect();
        let honest = all.iter().find(|id| !liars.contains(id));
        // Liars contribute as much as counts; the honest nearly so.
        let resources = all.iter().map(|id| match liars.contains(id) {
            true => (*id, 1000),
            false => (*id, 900 + (id.0 * 37) % 100),
        });
        let rule = EpochRule {
            heights: HEIGHTS,
            min_ms: 0,
        };
        let ledger = Ledger::new(rule, setting.pool, setting.seats);
        Self {
            setting,
            attack,
            rng,
            ledger: ledger.with_resources(resources.collect()),
            slow: honest.copied().unwrap_or(ReplicaId(0)),
            liars,
            down: BTreeSet::new(),
            time_ms: 0,
            doublings: 0,
            stopped: false,
        }
    }

    /// True while more than f liars sit.
    pub(crate) fn is_overrun(&self) -> bool {
        let seats = self.ledger.seats();
        seats.intersection(&self.liars).count() > Quorum::of(seats.len()).faulty()
    }

    /// Decides the heights of an epoch, and converts nodes at its end.
    pub(crate) fn epoch(&mut self) -> Outcome {
        let seats = self.ledger.seats();
        let liars = seats.intersection(&self.liars).count() as f64 / seats.len() as f64;
        let stalled = Outcome {
            liars,
            ..Outcome::default()
        };
        if self.stopped {
            return stalled;
        }
        self.begin(&seats);
        let begun_ms = self.time_ms;
        let conversion = loop {
            match self.decide() {
                Some(None) => {}
                Some(Some(conversion)) => break conversion,
                None => {
                    self.stopped = true;
                    return stalled;
                }
            }
        };
        self.stopped = conversion.halts();
        Outcome {
            throughput: (HEIGHTS * BLOCK_MS) as f64 / (self.time_ms - begun_ms) as f64,
            ..Outcome::of(&conversion, liars, &self.liars)
        }
    }

    fn begin(&mut self, seats: &BTreeSet<ReplicaId>) {
        self.down.clear();
        for id in (0..self.setting.pool).map(ReplicaId) {
            let fails = self.rng.chance(self.setting.outages_per_mille);
            if fails && id != self.slow && !self.liars.contains(&id) {
                self.down.insert(id);
            }
        }
        let crashed = |id: &ReplicaId| self.attack == Attack::Crash && self.liars.contains(id);
        let ready = (0..self.setting.pool).map(ReplicaId);
        let ready = ready.filter(|id| !crashed(id) && !self.down.contains(id));
        self.ledger.prepare(ready.collect());
        if self.attack == Attack::Equivocate {
            for liar in seats.intersection(&self.liars) {
                self.ledger.prove(*liar);
            }
        }
    }

    /// Decides the next height; `None` where no quorum votes, and the conversion after the last.
    fn decide(&mut self) -> Option<Option<Conversion>> {
        let present = self.present();
        if present.voters.len() < present.quorum.quorum() {
            return None;
        }
        let turns = self.ledger.turns();
        let views = self.views(&turns, &present)?;
        self.doublings = match views.lost {
            0 => self.doublings.saturating_sub(1),
            more => self.doublings + more,
        };
        self.time_ms += views.duration_ms;
        if self.liars.contains(&views.proposer) {
            self.ledger.record_for_all(&present.friends);
        }
        let voters = present.voters.iter();
        let facts = HeightFacts {
            height: self.ledger.height.next(),
            proposer: views.proposer,
            view: views.decided,
            commits: voters.map(|id| (*id, views.committed_in)).collect(),
            late: views.late,
        };
        let time_ms = self.time_ms;
        let end = self.ledger.add(Decided { facts, time_ms });
        self.ledger.learn(&[]);
        Some(end)
    }

    fn present(&self) -> Present {
        let seats = self.ledger.seats();
        let strong = self.is_overrun();
        let liars: BTreeSet<_> = seats.intersection(&self.liars).copied().collect();
        let of = |shown: Shown| {
            let epoch = self.ledger.epoch.0;
            let liars = liars.iter().copied();
            liars.filter(move |id| self.attack.commits(*id, epoch, strong) == shown)
        };
        let honest = seats.difference(&liars);
        let up: BTreeSet<_> = honest
            .filter(|id| !self.down.contains(id))
            .copied()
            .collect();
        Present {
            quorum: Quorum::of(seats.len()),
            voters: up.iter().copied().chain(of(Shown::All)).collect(),
            friends: of(Shown::Friends).collect(),
            slow_sits: seats.contains(&self.slow),
            up,
            liars,
        }
    }

    /// One view after the other, until a block is decided.
    fn views(&mut self, turns: &Turns, present: &Present) -> Option<Views> {
        let mut views = Views::default();
        for view in (0..MOST_VIEWS).map(View) {
            let primary = turns.primary(view);
            views.proposer = primary;
            (views.decided, views.committed_in) = (view, view);
            let view_ms = self.view_ms(view);
            match self.turn(primary, present) {
                Turn::Silent => {
                    views.late.insert(view, present.up.clone());
                    views.duration_ms += view_ms;
                    views.lost += 1;
                    continue;
                }
                Turn::InTime => views.duration_ms += BLOCK_MS,
                Turn::AtTheLast => {
                    views.late.insert(view, present.up.clone());
                    views.duration_ms += view_ms;
                }
                Turn::Framed => {
                    let blames = present.liars.iter().chain([&self.slow]);
                    views.late.insert(view, blames.copied().collect());
                    views.duration_ms += view_ms + BLOCK_MS;
                    views.lost += 1;
                    views.committed_in = view.next();
                }
            }
            return Some(views);
        }
        None
    }

    fn view_ms(&self, view: View) -> u64 {
        let doublings = u64::from(self.doublings) + view.0;
        VIEW_MS
            .saturating_mul(1 << doublings.min(32))
            .min(MOST_VIEW_MS)
    }

    fn turn(&mut self, primary: ReplicaId, present: &Present) -> Turn {
        let is_liar = self.liars.contains(&primary);
        match self.attack {
            _ if self.down.contains(&primary) => Turn::Silent,
            Attack::Crash if is_liar => Turn::Silent,
            Attack::Slow if is_liar => Turn::AtTheLast,
            Attack::Grief if !is_liar && primary != self.slow => {
                let helps = present.slow_sits && self.rng.chance(SLOW_PER_MILLE);
                let against = present.liars.len() + usize::from(helps);
                // f + 1 view changes draw the others along.
                if against > present.quorum.faulty() {
                    Turn::Framed
                } else {
                    Turn::InTime
                }
            }
            _ => Turn::InTime,
        }
    }
}

impl Outcome {
    /// Strikes and demotions of honest organisations, beside the seats that liars held.
    pub(crate) fn of(conversion: &Conversion, liars: f64, all_liars: &BTreeSet<ReplicaId>) -> Self {
        let honest = conversion.events.iter();
        let honest = honest.filter(|event| !all_liars.contains(&event.seat()));
        let strikes = honest.clone().filter(|event| match event {
            CreditEvent::EpochEnded { before, after, .. } => after.strikes > before.strikes,
            _ => false,
        });
        let demotions = honest.clone().filter(|event| match event {
            CreditEvent::RoleChanged { after, .. } => *after == Role::Demoted,
            _ => false,
        });
        Self {
            liars,
            honest_strikes: strikes.count(),
            honest_demotions: demotions.count(),
            throughput: 0.0,
        }
    }
}
