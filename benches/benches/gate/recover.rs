//! Recovery of a gate factor from good shares, and with one culprit among the first t holders.

use criterion::Criterion;
use medshare_benches::gate::Gate;
use medshare_threshold::recover;

pub(super) fn bench(criterion: &mut Criterion) {
    for n in [4, 16] {
        let gate = Gate::new(n);
        let keys = gate.signing_keys();
        let good = gate.shares(n);
        let mut lied = good.clone();
        lied[0].s = lied[0].a;
        lied[0].signature = gate.holders[0].1.sign(&lied[0].statement());
        let t = gate.key.threshold;
        for (kind, shares) in [("good", good), ("one-lie", lied)] {
            let name = format!("threshold::recover/{kind}/t={t},n={n}");
            let Gate {
                key,
                label,
                ticket,
                session,
                ..
            } = &gate;
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| recover(key, label, ticket, session, &keys, &shares));
            });
        }
    }
}
