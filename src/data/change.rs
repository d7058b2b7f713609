//! What can happen to the events of a model that lives.

use super::{Event, ItemIx, UserIx};

/// One change of who touched what: of dense indices as it stands, or of raw ids, `Change<String, u64>`.
///
/// | change | the pair before | afterwards |
/// |---|---|---|
/// | [`Add`](Self::Add) | must not be there | this event |
/// | [`Replace`](Self::Replace) | may be there | this event: the last word wins |
/// | [`Remove`](Self::Remove) | must be there | none |
/// | [`RemoveUser`](Self::RemoveUser) | | no event of the user, and nothing that tells they existed |
/// | [`RemoveItem`](Self::RemoveItem) | | no event with the item, and nothing that tells it existed |
///
/// An event of somebody new, or with something new, makes room for them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change<U = UserIx, I = ItemIx> {
    /// An event that was not there.
    Add(Event<U, I>),
    /// An event, in place of the one that may be there.
    Replace(Event<U, I>),
    /// No event of this pair.
    Remove {
        /// Who.
        user: U,
        /// What.
        item: I,
    },
    /// Somebody asks to be forgotten.
    RemoveUser {
        /// Who.
        user: U,
    },
    /// Something leaves the catalogue.
    RemoveItem {
        /// What.
        item: I,
    },
}
