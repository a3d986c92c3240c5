//! The components of a key: K_u for every element of its attributes and of its validity.

use std::collections::BTreeMap;

use medshare_curve::{G1Affine, Scalar, mul};
use medshare_policy::element::{Element, Prefix};
use medshare_policy::{AttributeSet, Name, Value};
use zeroize::Zeroize;

use crate::scheme::element::input_of;
use crate::scheme::error::KeyError;
use crate::scheme::points::hash_to_points;
use crate::scheme::validity::Validity;

/// Maximum number of components for the attributes of a key: one for a name, 33 for an integer, 17
/// for any other value. The components of the validity are not counted.
pub const MAX_KEY_COMPONENTS: usize = 1024;

pub(crate) struct Components {
    pub(super) attributes: AttributeSet,
    pub(super) names: BTreeMap<Name, KeyComponent>,
    /// At most one value for each label.
    pub(super) values: BTreeMap<Name, HeldValue>,
    pub(super) validity: Validity,
    /// One component for each prefix of the validity's cover.
    pub(super) days: Vec<(Prefix, KeyComponent)>,
}

pub(crate) struct KeyComponent {
    /// H(u), which decapsulation needs for the rows that it reads.
    pub(crate) point: G1Affine,
    /// K_u = r·H(u).
    pub(crate) secret: G1Affine,
}

pub(super) struct HeldValue {
    pub(super) value: Value,
    /// One component for each prefix, indexed by its length.
    pub(super) components: Vec<KeyComponent>,
}

impl Components {
    /// Makes K_u = r·H(u) for all elements together.
    ///
    /// # Security
    /// As [`mul::mul_regular`].
    pub(crate) fn issue(
        attributes: AttributeSet,
        validity: Validity,
        r: &Scalar,
    ) -> Result<Self, KeyError> {
        let mut components = Self::hashed(attributes, validity, |_| Ok(G1Affine::identity()))?;
        let points: Vec<G1Affine> = components.iter().map(|component| component.point).collect();
        let secrets = mul::mul_regular(&points, r);
        for (component, secret) in components.iter_mut().zip(secrets.iter()) {
            component.secret = *secret;
        }
        Ok(components)
    }

    /// Makes components with the given K_u, hashing all elements together.
    pub(crate) fn hashed(
        attributes: AttributeSet,
        validity: Validity,
        mut secret: impl FnMut(&Element<'_>) -> Result<G1Affine, KeyError>,
    ) -> Result<Self, KeyError> {
        let mut inputs = Vec::new();
        let mut components = Self::new(attributes, validity, |element| {
            inputs.push(input_of(element));
            Ok(KeyComponent {
                point: G1Affine::identity(),
                secret: secret(element)?,
            })
        })?;
        for (component, point) in components.iter_mut().zip(hash_to_points(&inputs)) {
            component.point = point;
        }
        Ok(components)
    }

    /// Makes a component for every element: attributes in their order, then days.
    pub(crate) fn new(
        attributes: AttributeSet,
        validity: Validity,
        mut make: impl FnMut(&Element<'_>) -> Result<KeyComponent, KeyError>,
    ) -> Result<Self, KeyError> {
        check_issuable(&attributes)?;
        let mut components = Self {
            attributes: AttributeSet::default(),
            names: BTreeMap::new(),
            values: BTreeMap::new(),
            validity,
            days: Vec::new(),
        };
        for attribute in &attributes {
            if let Some(name) = attribute.name() {
                let component = make(&Element::Name(name))?;
                components.names.insert(name.clone(), component);
            }
            if let Some((label, value)) = attribute.label().zip(attribute.value()) {
                let elements = Element::of_value(label, value);
                let made = elements.map(|element| make(&element));
                let held = HeldValue {
                    value: value.clone(),
                    components: made.collect::<Result<_, _>>()?,
                };
                components.values.insert(label.clone(), held);
            }
        }
        for prefix in validity.cover() {
            let component = make(&Element::Day(prefix))?;
            components.days.push((prefix, component));
        }
        components.attributes = attributes;
        Ok(components)
    }

    pub(crate) fn get(&self, element: &Element<'_>) -> Option<&KeyComponent> {
        match element {
            Element::Name(name) => self.names.get(*name),
            Element::Prefix { label, prefix, .. } => {
                let held = self.values.get(*label)?;
                let depth = usize::from(prefix.depth);
                let own = Element::of_value(label, &held.value).nth(depth);
                held.components
                    .get(depth)
                    .filter(|_| own.as_ref() == Some(element))
            }
            Element::Day(prefix) => {
                let mut days = self.days.iter();
                days.find_map(|(held, component)| (held == prefix).then_some(component))
            }
        }
    }

    /// All components in the order of [`Self::new`].
    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyComponent> {
        let values = self.values.values().flat_map(|held| &held.components);
        let days = self.days.iter().map(|(_, component)| component);
        self.names.values().chain(values).chain(days)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut KeyComponent> {
        let values = self
            .values
            .values_mut()
            .flat_map(|held| &mut held.components);
        let days = self.days.iter_mut().map(|(_, component)| component);
        self.names.values_mut().chain(values).chain(days)
    }
}

impl Drop for Components {
    fn drop(&mut self) {
        self.iter_mut()
            .for_each(|component| component.secret.zeroize());
    }
}

/// Checks that a key can be issued for the attributes, to be called before asking an issuer.
///
/// # Errors
/// [`KeyError::AttributeCount`], or [`KeyError::ConflictingValues`] for two values of one label.
pub fn check_issuable(attributes: &AttributeSet) -> Result<(), KeyError> {
    let mut count = 0;
    let mut last = None;
    for attribute in attributes {
        count += Element::of_attribute(attribute).count();
        if let Some(label) = attribute.label() {
            // Sets ascend by label, so two values of one label are neighbours.
            if last == Some(label) {
                let label = label.clone();
                return Err(KeyError::ConflictingValues { label });
            }
            last = Some(label);
        }
    }
    if (1..=MAX_KEY_COMPONENTS).contains(&count) {
        Ok(())
    } else {
        Err(KeyError::AttributeCount {
            count,
            limit: MAX_KEY_COMPONENTS,
        })
    }
}
