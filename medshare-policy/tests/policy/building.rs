//! Policies built from values equal parsed ones, and have the same limits.

use medshare_policy::{
    AccessPolicy, Attribute, Comparison, Condition, Date, MAX_DEPTH, MAX_POLICY_LEN, MAX_ROWS,
    Operands, PolicyError, PolicyNode, SyntaxError, Value,
};
use proptest::prelude::*;

use crate::{lists, name};

/// A formula before canonicalisation.
#[derive(Clone, Debug)]
enum Formula {
    Leaf(Condition),
    All(Vec<Self>),
    Any(Vec<Self>),
    AtLeast(usize, Vec<Self>),
}

impl Formula {
    fn build(&self) -> Result<AccessPolicy, PolicyError> {
        let build = |operands: &[Self]| {
            operands
                .iter()
                .map(Self::build)
                .collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self::Leaf(condition) => Ok(condition.clone().into()),
            Self::All(operands) => AccessPolicy::all(build(operands)?),
            Self::Any(operands) => AccessPolicy::any(build(operands)?),
            Self::AtLeast(needed, operands) => AccessPolicy::at_least(*needed, build(operands)?),
        }
    }

    /// The text with parentheses around every gate.
    fn text(&self) -> String {
        let join = |operands: &[Self], word: &str| {
            let texts: Vec<_> = operands.iter().map(Self::text).collect();
            format!("({})", texts.join(word))
        };
        match self {
            Self::Leaf(condition) => condition.to_string(),
            Self::All(operands) => join(operands, " and "),
            Self::Any(operands) => join(operands, " or "),
            Self::AtLeast(needed, operands) => format!("{needed} of {}", join(operands, ", ")),
        }
    }

    /// The formula that [`PolicyNode`] shows.
    fn of_node(node: &PolicyNode<'_>) -> Self {
        let all = |operands: &Operands<'_>| {
            assert!(operands.len() >= 2);
            operands.clone().map(|node| Self::of_node(&node)).collect()
        };
        match node {
            PolicyNode::Condition(condition) => Self::Leaf((*condition).clone()),
            PolicyNode::All(operands) => Self::All(all(operands)),
            PolicyNode::Any(operands) => Self::Any(all(operands)),
            PolicyNode::AtLeast { needed, operands } => {
                assert!((2..operands.len()).contains(needed));
                Self::AtLeast(*needed, all(operands))
            }
        }
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    let day = || any::<u16>().prop_map(Date::from_days);
    let hospital = || prop::sample::select(vec!["a", "b", "3", "new one"]);
    prop_oneof![
        prop::sample::select(vec!["a", "b or c", "and", "é", "2", "x\"y"])
            .prop_map(|text| name(text).into()),
        (any::<u32>(), any::<u32>()).prop_map(|(a, b)| Condition::integer(
            name("n"),
            a.min(b)..=a.max(b)
        )
        .unwrap()),
        (0..u32::MAX).prop_map(|a| Condition::integer(name("m > 3"), a + 1..).unwrap()),
        (1..u32::MAX).prop_map(|a| Condition::integer(name("n"), ..a).unwrap()),
        (day(), day()).prop_map(|(a, b)| Condition::date(name("d"), a.min(b)..=a.max(b)).unwrap()),
        hospital().prop_map(|value| {
            let lists = lists();
            let list = lists.of(&name("hospital")).unwrap();
            list.equal_to(&name(value)).unwrap()
        }),
        hospital().prop_map(|value| {
            let lists = lists();
            let list = lists.of(&name("hospital")).unwrap();
            list.other_than(&name(value)).unwrap()
        }),
    ]
}

fn formulas() -> impl Strategy<Value = Formula> {
    conditions()
        .prop_map(Formula::Leaf)
        .prop_recursive(4, 12, 4, |inner| {
            let some = || prop::collection::vec(inner.clone(), 1..4);
            prop_oneof![
                some().prop_map(Formula::All),
                some().prop_map(Formula::Any),
                (some(), any::<prop::sample::Index>()).prop_map(|(operands, index)| {
                    Formula::AtLeast(1 + index.index(operands.len()), operands)
                }),
            ]
        })
}

proptest! {
    #[test]
    fn built_policies_print_and_traverse_as_built(formula in formulas()) {
        let lists = lists();
        let built = match formula.build() {
            Ok(built) => built,
            Err(error) => {
                // Only the limit of rows is within reach.
                prop_assert_eq!(error, PolicyError::TooManyRows { limit: MAX_ROWS });
                let parsed = AccessPolicy::parse(&formula.text(), &lists);
                let too_many = matches!(parsed, Err(SyntaxError::TooManyRows { .. }));
                prop_assert!(too_many);
                return Ok(());
            }
        };
        prop_assert!(built.agrees_with(&lists));
        let parsed = AccessPolicy::parse(&built.to_string(), &lists);
        prop_assert_eq!(parsed.as_ref(), Ok(&built));
        prop_assert_eq!(&AccessPolicy::parse(&formula.text(), &lists).unwrap(), &built);
        let read = AccessPolicy::from_bytes(&built.to_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&built));
        prop_assert_eq!(Formula::of_node(&built.node()).build(), Ok(built));
    }
}

#[test]
fn names_do_not_inject_policies() {
    let typed = "x or role:admin";
    let policy = AccessPolicy::all([
        name("role:nurse").into(),
        name(&format!("ward:{typed}")).into(),
    ])
    .unwrap();
    assert_eq!(
        policy.to_string(),
        "role:nurse and \"ward:x or role:admin\""
    );
    let injected: AccessPolicy = format!("role:nurse and ward:{typed}").parse().unwrap();
    assert!(injected.is_satisfied_by(&"role:admin".parse().unwrap()));
    assert!(!policy.is_satisfied_by(&"role:admin".parse().unwrap()));

    let either: AccessPolicy = "a or b".parse().unwrap();
    let both = AccessPolicy::all([either.clone(), name("c").into()]).unwrap();
    assert_eq!(both.to_string(), "(a or b) and c");
    assert_ne!(format!("{either} and c").parse(), Ok(both));
}

#[test]
fn conditions_print_their_ranges() {
    let n = || name("n");
    let printed = |condition: Result<Condition, PolicyError>| condition.map(|c| c.to_string());
    let is = |text: &str| Ok(text.to_owned());
    assert_eq!(printed(Condition::integer(n(), 3..)), is("n >= 3"));
    assert_eq!(printed(Condition::integer(n(), ..3)), is("n <= 2"));
    assert_eq!(printed(Condition::integer(n(), ..=3)), is("n <= 3"));
    assert_eq!(printed(Condition::integer(n(), 3..5)), is("n in 3..4"));
    assert_eq!(printed(Condition::integer(n(), 3..=3)), is("n == 3"));
    assert_eq!(printed(Condition::integer(n(), ..)), is("n >= 0"));
    let last = Date::from_days(u16::MAX);
    assert_eq!(printed(Condition::date(n(), last..)), is("n == 2149-06-06"));
    assert_eq!(printed(Condition::date(n(), ..last)), is("n <= 2149-06-05"));
    use core::ops::Bound::{Excluded, Unbounded};
    let empty = Err(PolicyError::EmptyRange);
    assert_eq!(Condition::integer(n(), 3..3), empty);
    assert_eq!(Condition::integer(n(), ..0), empty);
    assert_eq!(
        Condition::integer(n(), (Excluded(u32::MAX), Unbounded)),
        empty
    );
    assert_eq!(Condition::date(n(), (Excluded(last), Unbounded)), empty);
    assert_eq!(Condition::date(n(), ..Date::from_days(0)), empty);
}

#[test]
fn conditions_and_attributes_have_accessors() {
    let lists = lists();
    let a: Attribute = "a".parse().unwrap();
    assert_eq!(
        (a.name(), a.label(), a.value()),
        (Some(&name("a")), None, None)
    );
    let n: Attribute = "n = 3".parse().unwrap();
    let three = Value::Integer(3);
    assert_eq!(
        (n.name(), n.label(), n.value()),
        (None, Some(&name("n")), Some(&three))
    );
    let hospital = Attribute::parse("hospital = b", &lists).unwrap();
    let Some(Value::Enum(value)) = hospital.value() else {
        panic!("a value of the enumeration");
    };
    let list = lists.of(&name("hospital")).unwrap();
    assert_eq!((value.enumeration(), value.number()), (list.id(), 1));
    assert_eq!(value.name(), &name("b"));
    for (attribute, text) in [(a, "a"), (n, "n == 3"), (hospital, "hospital == b")] {
        assert_eq!(Condition::from(attribute.clone()).to_string(), text);
        let policy = AccessPolicy::from(attribute.clone());
        assert!(policy.is_satisfied_by(&[attribute].into_iter().collect()));
    }
    let condition = Condition::integer(name("n"), 3..).unwrap();
    assert_eq!(
        (condition.name(), condition.label()),
        (None, Some(&name("n")))
    );
    let to = u32::MAX;
    assert_eq!(
        condition.comparison(),
        Some(&Comparison::Integer { from: 3, to })
    );
    let other = list.other_than(&name("b")).unwrap();
    assert!(matches!(other.comparison(), Some(Comparison::IsNot(value)) if value.number() == 1));
    assert_eq!(list.equal_to(&name("c")), None);
    let bare = Condition::from(name("a"));
    assert_eq!(
        (bare.name(), bare.label(), bare.comparison()),
        (Some(&name("a")), None, None)
    );
}

#[test]
fn built_policies_keep_the_limits() {
    let a = || AccessPolicy::from(name("a"));
    let none: [AccessPolicy; 0] = [];
    assert_eq!(
        AccessPolicy::all(none.clone()),
        Err(PolicyError::NoOperands)
    );
    assert_eq!(
        AccessPolicy::any(none.clone()),
        Err(PolicyError::NoOperands)
    );
    for (needed, operands) in [(0, 2), (3, 2), (0, 0), (usize::MAX, 2)] {
        let built = AccessPolicy::at_least(needed, vec![a(); operands]);
        assert_eq!(
            built,
            Err(PolicyError::InvalidThreshold { needed, operands })
        );
    }
    assert_eq!(AccessPolicy::all([a()]), Ok(a()));
    assert_eq!(AccessPolicy::at_least(1, [a()]), Ok(a()));

    let limit = MAX_ROWS;
    assert!(AccessPolicy::all(vec![a(); limit]).is_ok());
    let endless = AccessPolicy::any(std::iter::repeat_with(a));
    assert_eq!(endless, Err(PolicyError::TooManyRows { limit }));
    let expensive = AccessPolicy::from(Condition::integer(name("n"), 1..u32::MAX).unwrap());
    assert!(AccessPolicy::any(vec![expensive.clone(); limit / 62]).is_ok());
    let too_many = AccessPolicy::any(vec![expensive; limit / 62 + 1]);
    assert_eq!(too_many, Err(PolicyError::TooManyRows { limit }));

    let long = AccessPolicy::any(vec![name(&"x".repeat(250)).into(); 300]);
    assert!(matches!(
        long,
        Err(PolicyError::TooLong {
            limit: MAX_POLICY_LEN,
            ..
        })
    ));

    let deeper = |policy: AccessPolicy| AccessPolicy::at_least(2, [a(), a(), policy]);
    let deepest = (0..MAX_DEPTH)
        .try_fold(a(), |policy, _| deeper(policy))
        .unwrap();
    assert_eq!(deepest.to_string().parse(), Ok(deepest.clone()));
    let limit = MAX_DEPTH;
    assert_eq!(deeper(deepest), Err(PolicyError::TooDeep { limit }));
}
