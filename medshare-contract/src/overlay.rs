//! Changes laid over a state: those of earlier transactions, not yet written.

use medshare_types::{Digest, Wire};

use crate::view::{Changes, StateView};

/// A view of `base` after some changes. It is itself a [`StateView`], so overlays stack.
///
/// An executor opens one a block, passes it to [`apply()`](crate::apply()) as the view, and absorbs
/// the changes of each transaction; in the end it holds the changes of the block.
#[derive(Debug)]
pub struct Overlay<'a, V> {
    base: &'a V,
    changes: Changes,
}

impl<'a, V: StateView> Overlay<'a, V> {
    /// A view equal to `base`, without changes.
    #[must_use]
    pub const fn new(base: &'a V) -> Self {
        Self {
            base,
            changes: Changes::new(),
        }
    }

    /// Adds later changes, which override earlier ones of the same key.
    pub fn absorb(&mut self, later: Changes) {
        self.changes.extend(later);
    }

    /// All changes relative to `base`.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// All changes relative to `base`, for writing.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }

    pub(crate) fn put<T: Wire>(&mut self, key: Digest, value: &T) {
        self.changes.insert(key, Some(value.to_wire()));
    }
}

impl<V: StateView> StateView for Overlay<'_, V> {
    type Error = V::Error;

    fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, V::Error> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use medshare_types::hash::digest;

    use super::*;

    #[test]
    fn later_changes_hide_earlier_ones_and_removals_hide_the_base() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|name| digest("test", &[name]));
        let base = BTreeMap::from([(a, vec![1]), (b, vec![2])]);
        let mut block = Overlay::new(&base);
        block.absorb(Changes::from([(a, None), (c, Some(vec![3]))]));
        let mut call = Overlay::new(&block);
        call.absorb(Changes::from([(a, Some(vec![4]))]));

        assert_eq!(block.get(&a), Ok(None));
        assert_eq!(block.get(&b), Ok(Some(vec![2])));
        assert_eq!(call.get(&a), Ok(Some(vec![4])));
        assert_eq!(call.get(&c), Ok(Some(vec![3])));
        assert_eq!(
            call.into_changes(),
            Changes::from([(a, Some(vec![4]))]),
            "an overlay holds only its own changes"
        );
    }
}
