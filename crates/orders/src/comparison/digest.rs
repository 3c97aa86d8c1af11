//! The short form of an order for comparing. Pure.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use shared_models::canonical::canonical;
use shared_models::comparison::{FacetState, OrderState};
use shared_models::order::{Facet, Shared};
use uuid::Uuid;

use super::set_aside::SetAside;

/// The bytes of a digest. It distinguishes two values of one revision, of which there should be
/// one.
const BYTES: usize = 8;

/// The format of the digests, see [`FacetState::digest`].
const FORMAT: &str = "1-";

/// Returns the state of an order: its revisions and digests.
pub(super) fn state(id: Uuid, shared: &Shared, set_aside: &SetAside) -> OrderState {
    let (delivery, progress) = (of(&shared.delivery), of(&shared.progress));
    let (parked, dropped) = (set_aside.is_parked(id), set_aside.is_dropped(id, shared));
    OrderState { id, delivery, progress, parked, dropped }
}

/// Returns the state of a facet. The digest is that of the value's canonical text, as two values
/// are compared when facets are merged; a change of that text needs another format.
fn of<V: Serialize>(facet: &Facet<V>) -> FacetState {
    let mut digest = String::with_capacity(FORMAT.len() + 2 * BYTES);
    digest.push_str(FORMAT);
    for byte in &Sha256::digest(canonical(&facet.value))[..BYTES] {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    FacetState { revision: facet.revision, digest }
}

#[cfg(test)]
mod tests {
    use shared_models::order::Delivery;
    use shared_models::revision::Revision;

    use super::*;

    fn facet(json: &str, store: u32) -> Facet<Delivery> {
        let value = serde_json::from_str::<Delivery>(json).unwrap();
        Facet::unmarked(Revision { store, warehouse: 0 }, value)
    }

    #[test]
    fn equal_values_have_one_digest_and_others_have_another() {
        let plain = of(&facet(r#"{"company":"A","address":"B","lines":[]}"#, 1));
        let same = of(&facet(r#"{"lines":[],"comment":null,"address":"B","company":"A"}"#, 2));
        assert_eq!(plain.digest, same.digest);
        assert_eq!(plain.digest.len(), FORMAT.len() + 2 * BYTES);
        let of_later_version = |weight: &str| {
            let json = r#"{"company":"A","address":"B","lines":[],"weight":"#;
            of(&facet(&format!("{json}{weight}}}"), 1)).digest
        };
        assert_eq!(of_later_version("1e19"), of_later_version("10000000000000000000"));
        assert_eq!(of_later_version("null"), plain.digest);
        for other in [
            r#"{"company":"A","address":"C","lines":[]}"#,
            r#"{"company":"A","address":"B","lines":[],"comment":""}"#,
            r#"{"company":"A","address":"B","lines":[],"priority":1}"#,
        ] {
            assert_ne!(plain.digest, of(&facet(other, 1)).digest, "{other}");
        }
    }
}
