//! A consortium whose committee decides heights one by one, as their facts tell it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use medshare_consensus::credit::{
    Boundary, Conversion, CreditEvent, DefaultRule, ExitReason, HeightFacts, OrganisationRecord,
    Role, Term, convert, leaders, lost_turns, seats,
};
use medshare_testkit::SimRng;
use medshare_types::committee::Quorum;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use super::attack::{Attack, Shown};

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

/// A decided height that still takes votes.
struct Open {
    facts: HeightFacts,
    /// The member whose turn each view was.
    primaries: Vec<ReplicaId>,
}

pub(crate) struct World {
    setting: Setting,
    attack: Attack,
    rng: SimRng,
    records: BTreeMap<ReplicaId, OrganisationRecord>,
    liars: BTreeSet<ReplicaId>,
    /// An honest member that sees proposals late now and then.
    slow: ReplicaId,
    /// Honest organisations that are down in the running epoch.
    down: BTreeSet<ReplicaId>,
    term: Term,
    open: VecDeque<Open>,
    epoch: Epoch,
    height: Height,
    /// The seat after which turns go on.
    after: ReplicaId,
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
    primaries: Vec<ReplicaId>,
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
        let all = (0..setting.pool).map(ReplicaId);
        let record = |id: ReplicaId| OrganisationRecord::new(id.0 < setting.seats, Epoch(0));
        let honest = all.clone().find(|id| !liars.contains(id));
        Self {
            setting,
            attack,
            rng,
            records: all.map(|id| (id, record(id))).collect(),
            slow: honest.unwrap_or(ReplicaId(0)),
            liars,
            down: BTreeSet::new(),
            term: Term::default(),
            open: VecDeque::new(),
            epoch: Epoch(0),
            height: Height(0),
            after: ReplicaId(0),
            doublings: 0,
            stopped: false,
        }
    }

    /// True while more than f liars sit.
    pub(crate) fn is_overrun(&self) -> bool {
        let seats = seats(&self.records);
        seats.intersection(&self.liars).count() > Quorum::of(seats.len()).faulty()
    }

    /// Decides the heights of an epoch, and converts nodes at its end.
    pub(crate) fn epoch(&mut self) -> Outcome {
        let seats = seats(&self.records);
        let liars = seats.intersection(&self.liars).count() as f64 / seats.len() as f64;
        if self.stopped {
            return Outcome {
                liars,
                ..Outcome::default()
            };
        }
        self.begin(&seats);
        let mut duration_ms = 0;
        for _ in 0..HEIGHTS {
            match self.decide() {
                Some(height_ms) => duration_ms += height_ms,
                None => {
                    self.stopped = true;
                    return Outcome {
                        liars,
                        ..Outcome::default()
                    };
                }
            }
        }
        let conversion = self.convert(&seats);
        let (honest_strikes, honest_demotions) = self.against_the_honest(&conversion);
        self.stopped = conversion.halts();
        self.records = conversion.records;
        Outcome {
            liars,
            honest_strikes,
            honest_demotions,
            throughput: (HEIGHTS * BLOCK_MS) as f64 / duration_ms as f64,
        }
    }

    fn begin(&mut self, seats: &BTreeSet<ReplicaId>) {
        self.term = Term::default();
        self.open.clear();
        let first = usize::try_from(self.epoch.0).unwrap_or(0) % seats.len();
        self.after = seats.iter().nth(first).copied().unwrap_or_default();
        self.down.clear();
        for id in (0..self.setting.pool).map(ReplicaId) {
            let fails = self.rng.chance(self.setting.outages_per_mille);
            if fails && id != self.slow && !self.liars.contains(&id) {
                self.down.insert(id);
            }
        }
        if self.attack == Attack::Equivocate {
            for liar in seats.intersection(&self.liars) {
                if let Some(record) = self.records.get_mut(liar) {
                    record.note_exit(ExitReason::Proof, self.epoch);
                }
            }
        }
    }

    /// Decides the next height; its duration, or `None` where no quorum votes.
    fn decide(&mut self) -> Option<u64> {
        let present = self.present();
        if present.voters.len() < present.quorum.quorum() {
            return None;
        }
        self.height = self.height.next();
        let all = self.records.keys().copied().collect();
        let leaders = leaders(&self.records, &all, self.height);
        let views = self.views(&leaders, &present)?;
        self.doublings = match views.lost {
            0 => self.doublings.saturating_sub(1),
            more => self.doublings + more,
        };
        let proposer = *views.primaries.last()?;
        self.after = proposer;
        let voters = present.voters.iter();
        let facts = HeightFacts {
            height: self.height,
            proposer,
            view: views.decided,
            commits: voters.map(|id| (*id, views.committed_in)).collect(),
            late: views.late,
        };
        let tip = Open {
            facts,
            primaries: views.primaries,
        };
        self.record(tip, &present);
        Some(views.duration_ms)
    }

    fn present(&self) -> Present {
        let seats = seats(&self.records);
        let strong = self.is_overrun();
        let liars: BTreeSet<_> = seats.intersection(&self.liars).copied().collect();
        let of = |shown: Shown| {
            let epoch = self.epoch.0;
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
    fn views(&mut self, leaders: &BTreeSet<ReplicaId>, present: &Present) -> Option<Views> {
        let mut views = Views::default();
        loop {
            let view = View(views.primaries.len() as u64);
            if view.0 == MOST_VIEWS {
                return None;
            }
            let primary = turn_after(leaders, self.after, view);
            views.primaries.push(primary);
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

    /// The block records votes for open heights; those that close count.
    fn record(&mut self, tip: Open, present: &Present) {
        let quorum = present.quorum;
        let by_a_liar = self.liars.contains(&tip.facts.proposer);
        if by_a_liar {
            for open in &mut self.open {
                let view = open.facts.view;
                let commits = present.friends.iter().map(|id| (*id, view));
                open.facts.commits.extend(commits);
            }
        }
        self.open.push_back(tip);
        let stays = quorum.faulty() as u64 + 9;
        while let Some(open) = self.open.front() {
            if self.height.0 + 1 - open.facts.height.0 <= stays {
                break;
            }
            let Some(Open { facts, primaries }) = self.open.pop_front() else {
                break;
            };
            self.term.count(&facts);
            if let Some(record) = self.records.get_mut(&facts.proposer) {
                record.standing.leading = record.standing.leading.after_block();
            }
            for turn in lost_turns(&facts, quorum) {
                let view = usize::try_from(turn.view.0).unwrap_or(usize::MAX);
                let Some(primary) = primaries.get(view) else {
                    continue;
                };
                self.term.count_lost(*primary);
                if let Some(record) = self.records.get_mut(primary) {
                    let leading = record.standing.leading;
                    record.standing.leading = leading.after_lost_turn(self.height, quorum);
                }
            }
        }
    }

    fn convert(&mut self, seats: &BTreeSet<ReplicaId>) -> Conversion {
        let quorum = Quorum::of(seats.len());
        let crashed = |id: &ReplicaId| self.attack == Attack::Crash && self.liars.contains(id);
        let ready = self.records.keys().copied();
        let ready = ready.filter(|id| !crashed(id) && !self.down.contains(id));
        // Liars contribute as much as counts; the honest nearly so.
        let all = self.records.keys();
        let resources = all.map(|id| match self.liars.contains(id) {
            true => (*id, 1000),
            false => (*id, 900 + (id.0 * 37) % 100),
        });
        let boundary = Boundary {
            epoch: self.epoch,
            height: self.height,
            committee_size: self.setting.seats.into(),
            ready: ready.collect(),
            resources: resources.collect(),
            reports: seats
                .iter()
                .map(|seat| (*seat, self.term.report(*seat, quorum)))
                .collect(),
        };
        self.epoch = self.epoch.next();
        convert(&self.records, &boundary, &DefaultRule::default())
    }

    /// Strikes and demotions of honest organisations.
    fn against_the_honest(&self, conversion: &Conversion) -> (usize, usize) {
        let honest = conversion.events.iter();
        let honest = honest.filter(|event| !self.liars.contains(&event.seat()));
        let strikes = honest.clone().filter(|event| match event {
            CreditEvent::EpochEnded { before, after, .. } => after.strikes > before.strikes,
            _ => false,
        });
        let demotions = honest.clone().filter(|event| match event {
            CreditEvent::RoleChanged { after, .. } => *after == Role::Demoted,
            _ => false,
        });
        (strikes.count(), demotions.count())
    }
}

/// The (view + 1)-th leader, cyclically, after a seat.
fn turn_after(leaders: &BTreeSet<ReplicaId>, after: ReplicaId, view: View) -> ReplicaId {
    let later = leaders.range(after.next()..);
    let cycle: Vec<_> = later.chain(leaders.range(..after.next())).collect();
    let turn = usize::try_from(view.0).unwrap_or(0) % cycle.len().max(1);
    cycle.get(turn).map_or(after, |seat| **seat)
}
