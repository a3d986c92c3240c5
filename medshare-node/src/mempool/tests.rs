use std::collections::BTreeSet;

use medshare_types::{ChainId, Digest, Nonce, PersonId, SigningKey};
use proptest::prelude::*;

use super::*;

const HOME: u8 = 1;

fn pool() -> Mempool {
    Mempool::new(4)
}

fn home(n: u8) -> OrganisationId {
    OrganisationId::from_digest(Digest::from_bytes([n; 32]))
}

fn transaction(n: u32, length: usize) -> Transaction {
    transaction_of(1, n, length)
}

fn transaction_of(seed: u32, n: u32, length: usize) -> Transaction {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let key = SigningKey::from_seed(&bytes);
    let mut nonce = [0; 16];
    nonce[..4].copy_from_slice(&n.to_le_bytes());
    let sender = PersonId::of_key(&key.verifying_key()).into();
    let chain = ChainId::from_digest(Digest::ZERO);
    Transaction::sign(chain, sender, Nonce(nonce), vec![0; length], &key)
}

fn add(pool: &mut Mempool, of: u8, transaction: &Transaction) -> Admission {
    pool.add(transaction.clone(), home(of), 1, Heard::Here)
}

#[test]
fn oldest_first_once_each_and_gone_when_ordered() {
    let mut pool = pool();
    let transactions: Vec<_> = (0..3).rev().map(|n| transaction(n, 10)).collect();
    for transaction in &transactions {
        assert_eq!(add(&mut pool, HOME, transaction), Admission::Added);
        assert_eq!(add(&mut pool, HOME, transaction), Admission::Known);
        assert_eq!(add(&mut pool, 2, transaction), Admission::Known);
    }
    assert_eq!(pool.batch(usize::MAX), transactions);
    pool.remove([transactions[0].id(), transactions[2].id()]);
    assert_eq!(pool.batch(usize::MAX), transactions[1..2]);
    assert!(pool.contains(&transactions[1].id()) && !pool.contains(&transactions[0].id()));
}

#[test]
fn a_batch_is_bounded_in_bytes() {
    let mut pool = pool();
    for n in 0..40 {
        add(
            &mut pool,
            (n % 4) as u8,
            &transaction_of(n, n, MAX_CALL_LEN),
        );
    }
    assert_eq!(pool.len(), 40);
    let batch = batch::Batch::new(pool.batch(usize::MAX));
    assert!(batch.transactions().len() > 10 && batch.is_within_limits());
}

#[test]
fn a_key_has_half_of_the_room_of_its_organisation_which_takes_none_of_the_others() {
    let mut pool = pool();
    let mut flood = |of: u8, seed: u32, count: u32, length| -> usize {
        (0..count)
            .map(|n| transaction_of(seed, n, length))
            .filter(|t| add(&mut pool, of, t) == Admission::Added)
            .count()
    };
    assert_eq!(flood(1, 1, 600, 0), 512);
    // Ten thousand pseudonyms of one organisation would be as many: all count for it.
    let pseudonyms: usize = (2..2_000).map(|seed| flood(1, seed, 1, 0)).sum();
    assert_eq!(512 + pseudonyms, 1_024);
    for of in 2..5 {
        let room = [of, 10 + of].map(|seed| flood(of, seed.into(), 20, MAX_CALL_LEN));
        assert_eq!(room, [15, 15], "4 MiB for each of two keys");
    }
    let all: Vec<_> = pool.ids().collect();
    pool.remove(all);
    assert!(pool.homes.is_empty() && pool.is_empty());
}

#[test]
fn many_organisations_have_room_for_a_ceremony_each() {
    let pool = Mempool::new(64);
    assert_eq!(pool.share, LEAST_SHARE);
}

#[test]
fn an_organisation_that_floods_delays_the_others_by_no_block() {
    let mut pool = pool();
    for seed in 0..500 {
        add(&mut pool, 1, &transaction_of(seed, 0, 0));
    }
    let others = [2, 3].map(|of: u32| transaction_of(1_000 + of, 0, 0));
    for (of, transaction) in [2, 3].into_iter().zip(&others) {
        add(&mut pool, of, transaction);
    }
    let block = pool.batch(3);
    assert!(others.iter().all(|transaction| block.contains(transaction)));
    // Blocks of one transaction: the homes take turns over blocks too.
    let mut first = Vec::new();
    for _ in 0..3 {
        let block = pool.batch(1);
        pool.remove(block.iter().map(Transaction::id));
        first.extend(block);
    }
    assert!(others.iter().all(|transaction| first.contains(transaction)));
}

#[test]
fn every_home_is_in_a_block_that_is_full() {
    let mut pool = pool();
    let small = (0..15).map(|n| transaction_of(n, 0, MAX_CALL_LEN));
    for (n, transaction) in (0..).zip(small) {
        add(&mut pool, 1 + n % 2, &transaction);
    }
    let large = transaction_of(99, 0, MAX_CALL_LEN);
    add(&mut pool, 3, &large);
    let late = transaction_of(100, 0, MAX_CALL_LEN);
    add(&mut pool, 4, &late);
    let block = pool.batch(usize::MAX);
    assert!(block.contains(&large) && block.contains(&late));
    pool.remove(block.iter().map(Transaction::id));
    let rest = pool.batch(usize::MAX);
    assert_eq!(block.len() + rest.len(), 17);
}

#[test]
fn transactions_that_were_not_ordered_are_due_again_later() {
    let mut pool = pool();
    pool.add(transaction(1, 1), home(HOME), 10, Heard::Here);
    assert!(pool.due(10, 20).is_empty());
    assert_eq!(pool.due(11, 20).len(), 1);
    assert!(pool.due(11, 21).is_empty());
}

#[test]
fn a_rebroadcast_is_bounded_and_all_get_their_turn() {
    let mut pool = pool();
    let all: Vec<_> = (0..150).map(|n| transaction(n, 1)).collect();
    for transaction in &all {
        pool.add(transaction.clone(), home(HOME), 10, Heard::Here);
    }
    let sent = [20, 21, 22].map(|now| pool.due(1_000, now));
    assert_eq!(sent.concat()[..150], all);
    assert_eq!(sent.map(|sent| sent.len()), [64; 3]);
    let other = transaction_of(7, 0, 1);
    pool.add(other.clone(), home(9), 30, Heard::Here);
    assert!(
        pool.due(1_000, 40).contains(&other),
        "beside 150 of another"
    );
    for n in 200..210 {
        pool.add(transaction(n, MAX_CALL_LEN), home(HOME), 0, Heard::Here);
    }
    assert_eq!(pool.due(10, 50).len(), 3);
}

#[derive(Clone, Debug)]
enum Step {
    Add { of: u8, key: u32, n: u32 },
    Remove(usize),
    Batch(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8, 0..6_u32, 0..40_u32).prop_map(|(of, key, n)| Step::Add { of, key, n }),
        1 => any::<usize>().prop_map(Step::Remove),
        1 => (0..8_usize).prop_map(Step::Batch),
    ]
}

proptest! {
    /// Accounts stay what counting anew gives, also where a key's home changes while it waits.
    #[test]
    fn accounts_are_what_is_there(steps in prop::collection::vec(step(), 1..120)) {
        let mut pool = pool();
        let mut held = Vec::new();
        for step in steps {
            match step {
                Step::Add { of, key, n } => {
                    let transaction = transaction_of(key, n, 3);
                    if add(&mut pool, of, &transaction) == Admission::Added {
                        held.push(transaction.id());
                    }
                }
                Step::Remove(which) if !held.is_empty() => {
                    let id = held.swap_remove(which % held.len());
                    pool.remove([id]);
                }
                Step::Remove(_) => {}
                Step::Batch(most) => {
                    let batch = pool.batch(most);
                    let distinct: BTreeSet<_> = batch.iter().map(Transaction::id).collect();
                    prop_assert_eq!(distinct.len(), batch.len());
                    prop_assert_eq!(batch.len(), most.min(held.len()));
                }
            }
            let ids: BTreeSet<_> = pool.ids().collect();
            prop_assert_eq!(&ids, &held.iter().copied().collect());
            for home in pool.homes.values() {
                let mut loads: BTreeMap<_, Load> = BTreeMap::new();
                let mut all = Load::default();
                for Waiting { transaction, .. } in home.waiting.values() {
                    let load = loads.entry(transaction.key).or_default();
                    *load = load.with(transaction);
                    all = all.with(transaction);
                }
                prop_assert!(!home.waiting.is_empty());
                prop_assert_eq!(home.load, all);
                prop_assert_eq!(&home.loads, &loads);
            }
        }
    }
}
