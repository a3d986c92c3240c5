//! Appending to the lists of the state.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::DecodeError;

use crate::keys;
use crate::overlay::Overlay;
use crate::state::{LIST_PAGE_LEN, List, ListPage, ListState};
use crate::view::{StateError, StateView};

/// Adds an entry at the end. Cost: at most two reads and two writes.
pub(super) fn append<V: StateView, T: BorshSerialize + BorshDeserialize>(
    state: &mut Overlay<'_, V>,
    list: &List<T>,
    entry: T,
) -> Result<(), StateError<V::Error>> {
    let counter = keys::list(list);
    let length = state
        .read::<ListState>(&counter)?
        .map_or(0, |counter| counter.length);
    let key = keys::list_page(list, length / LIST_PAGE_LEN);
    let mut page = match length % LIST_PAGE_LEN {
        0 => ListPage { entries: vec![] },
        _ => state
            .read::<ListPage<T>>(&key)?
            .ok_or(StateError::Missing { key })?,
    };
    if page.entries.len() as u64 != length % LIST_PAGE_LEN {
        let reason = format!("a page of {} entries", page.entries.len());
        let source = DecodeError::Malformed { reason };
        return Err(StateError::Corrupt { key, source });
    }
    page.entries.push(entry);
    state.put(key, &page);
    let length = length + 1;
    state.put(counter, &ListState { length });
    Ok(())
}
