//! What is saved is what is loaded, to the bit.

mod persist_toy;

use foldin::persist::{model_from_bytes, model_to_bytes};
use persist_toy::Toy;

#[test]
fn a_model_alone() {
    for toy in [Toy::small(), Toy::empty()] {
        let bytes = model_to_bytes(&toy).unwrap();
        assert_eq!(model_from_bytes::<Toy>(&bytes).unwrap(), toy);
        assert_eq!(model_to_bytes(&toy).unwrap(), bytes);
    }
}
