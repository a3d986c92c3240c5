//! Recovering a gate factor: all shares good, and one holder lying among the first t.

use criterion::{Criterion, criterion_group, criterion_main};
use medshare_benches::gate::Setting;
use medshare_threshold::recover;

fn recovering(criterion: &mut Criterion) {
    for n in [4, 16] {
        let setting = Setting::new(n);
        let keys = setting.signing_keys();
        let good = setting.shares(n);
        let mut lied = good.clone();
        lied[0].s = lied[0].a;
        lied[0].signature = setting.holders[0].1.sign(&lied[0].statement());
        let t = setting.key.threshold;
        for (kind, shares) in [("good", good), ("one-lie", lied)] {
            let name = format!("threshold::recover/{kind}/t={t},n={n}");
            let Setting {
                key,
                label,
                ticket,
                session,
                ..
            } = &setting;
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| recover(key, label, ticket, session, &keys, &shares));
            });
        }
    }
}

criterion_group!(benches, recovering);
criterion_main!(benches);
