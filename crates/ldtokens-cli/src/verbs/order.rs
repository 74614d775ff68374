//! `--sort`: the order in which tokens are listed.

use std::cmp::Ordering;

use serde_json::Value;

use crate::terminal::output::field::{Field, plain};

/// One field to sort by.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    field: Field,
    is_reversed: bool,
}

impl Order {
    /// Reads the name of a field; a leading `-` reverses the order.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let (name, is_reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok(Self { field: Field::new(name)?, is_reversed })
    }

    /// Compares numbers by size and texts without regard to case. Absent values come last.
    pub(crate) fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let (a, b) = (self.field.value(a), self.field.value(b));
        let (Some(a), Some(b)) = (&a, &b) else { return a.is_none().cmp(&b.is_none()) };
        let order = match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => plain(a).to_lowercase().cmp(&plain(b).to_lowercase()),
        };
        if self.is_reversed { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Order;

    #[test]
    fn an_order_puts_what_is_absent_last() {
        let mut tokens = [json!({"name": "b"}), json!({}), json!({"name": "A"})];
        tokens.sort_by(|a, b| Order::new("name").unwrap().compare(a, b));
        assert_eq!(tokens, [json!({"name": "A"}), json!({"name": "b"}), json!({})]);
        tokens.sort_by(|a, b| Order::new("-name").unwrap().compare(a, b));
        assert_eq!(tokens, [json!({"name": "b"}), json!({"name": "A"}), json!({})]);
    }
}
