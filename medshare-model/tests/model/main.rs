//! The model in small bounds; `cargo run --release -p medshare-model --example model` in larger ones.

use medshare_model::{AGREEMENT, DISAGREEMENT, Mutant, PROVEN, Protocol, VALIDITY};
use stateright::{Checker, HasDiscoveries, Model as _};

fn explored(protocol: Protocol) -> impl Checker<Protocol> {
    let failures = HasDiscoveries::AnyFailures;
    let checker = protocol.checker().finish_when(failures);
    let checker = checker.spawn_bfs().join();
    assert!(checker.is_done());
    println!("{} states", checker.unique_state_count());
    checker
}

fn one_height() -> Protocol {
    Protocol {
        heights: 1,
        views: 2,
        ..Protocol::default()
    }
}

/// Two views, and a member that may crash between any write and its sync.
#[test]
fn a_height_is_agreed_on() {
    explored(one_height()).assert_properties();
}

/// The turns of the second height follow from the first.
#[test]
fn two_heights_are_agreed_on() {
    let protocol = Protocol {
        heights: 2,
        crash: false,
        ..one_height()
    };
    explored(protocol).assert_properties();
}

#[test]
fn heights_may_be_abreast() {
    let protocol = Protocol {
        heights: 2,
        views: 1,
        abreast: true,
        ..one_height()
    };
    explored(protocol).assert_properties();
}

/// The second height is the first of another epoch, with another seat; a Byzantine member sits in each
/// committee, the same or another.
#[test]
fn an_epoch_changes_between_two_heights() {
    let protocol = Protocol {
        heights: 2,
        crash: false,
        epochs: true,
        ..one_height()
    };
    explored(protocol).assert_properties();
}

/// Two Byzantine members of four: wherever honest members disagree, what they received and signed
/// proves two culprits.
#[test]
fn disagreement_is_found_and_proven() {
    let protocol = Protocol {
        byzantine: 2,
        crash: false,
        // The primaries of both views.
        seats: Some(0b0110),
        ..one_height()
    };
    let checker = explored(protocol);
    assert!(checker.discovery(DISAGREEMENT).is_some());
    checker.assert_no_discovery(PROVEN);
}

/// With the fault, two Byzantine members prepare another block in view 1 and sign no view change that
/// could contradict their commits.
#[test]
fn f_plus_1_prepares_without_a_proof_would_leave_no_evidence() {
    let protocol = Protocol {
        byzantine: 2,
        crash: false,
        mutant: Some(Mutant::VouchedUnproven),
        ..one_height()
    };
    let checker = explored(protocol);
    let path = checker.discovery(PROVEN).expect("a disagreement");
    let last = path.last_state();
    assert!(last.disagrees());
    assert_eq!(last.culprits(), 0);
}

/// Each fault of the rules breaks agreement or validity, and not only the argument for it.
#[test]
fn each_mutant_is_caught() {
    let of_agreement = |mutant: &Mutant| *mutant != Mutant::VouchedUnproven;
    for mutant in Mutant::ALL.into_iter().filter(of_agreement) {
        let found = HasDiscoveries::AnyOf([AGREEMENT, VALIDITY].into());
        let epochs = mutant == Mutant::OtherEpoch;
        let checker = Protocol {
            heights: if epochs { 2 } else { 1 },
            epochs,
            views: match mutant {
                Mutant::LowestCertificate => 3,
                Mutant::VoteBeforeSync => 1,
                _ => 2,
            },
            crash: mutant == Mutant::VoteBeforeSync,
            // The first primary; with epochs, the member that leaves and the one that comes.
            seats: Some(if epochs { 0b1_0001 } else { 0b0010 }),
            mutant: Some(mutant),
            ..Protocol::default()
        }
        .checker();
        let checker = checker.finish_when(found).spawn_bfs().join();
        println!("{mutant:?}: {} states", checker.unique_state_count());
        let (agreement, validity) = (checker.discovery(AGREEMENT), checker.discovery(VALIDITY));
        assert!(agreement.or(validity).is_some(), "{mutant:?}");
    }
}
