//! Bounds of an account's text: a parser of YAML would follow it into any depth, and repeat what an alias names any number of
//! times.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How long the text may be, in bytes.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

/// How deep it may be nested. An account is nested seven deep.
const DEEPEST: usize = 100;

/// How large what it says may be, its aliases followed: in bytes, and 16 for each value.
const LARGEST: usize = 64 * 1024 * 1024;

const TOO_DEEP: &str = "it is nested too deep; an account is nested seven deep";
const TOO_LARGE: &str = "its aliases make it larger than 64 MiB; write less, or repeat less";

/// Refuses a text that is beyond bounds. What else is wrong with it is for its reader to say.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("it is longer than 16 MiB");
    }
    if is_deep(text) {
        return Err(TOO_DEEP);
    }
    let left = Cell::new(LARGEST);
    let walked = Walk { left: &left }.deserialize(serde_yaml_ng::Deserializer::from_str(text));
    match walked {
        Err(_) if left.get() == 0 => Err(TOO_LARGE),
        _ => Ok(()),
    }
}

/// Whether it surely opens more than it may, without looking at what is text and what is not: a parser takes a time that
/// grows with the square of the depth.
fn is_deep(text: &str) -> bool {
    let mut open = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > 10 * DEEPEST {
            return true;
        }
    }
    let opens_on_line = |line: &str| {
        line.split_ascii_whitespace().take_while(|word| matches!(*word, "-" | "?" | ":")).take(DEEPEST + 1).count()
    };
    text.split(['\n', '\r']).any(|line| opens_on_line(line) > DEEPEST)
}

/// Walks through all that the text says.
#[derive(Clone, Copy)]
struct Walk<'a> {
    left: &'a Cell<usize>,
}

impl Walk<'_> {
    fn take<E: Error>(&self, size: usize) -> Result<(), E> {
        match self.left.get().checked_sub(size + 16) {
            Some(left) => self.left.set(left),
            None => self.left.set(0),
        }
        if self.left.get() == 0 { Err(E::custom(TOO_LARGE)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.take(text.len())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.take(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.take(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.take(0)?;
        while entries.next_entry_seed(self, self)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        for part in ["[", "{", "- ", "? ", "[{", "{a: ", "a: &a [", "[[]", "-\t"] {
            assert_eq!(check(&part.repeat(200_000 / part.len())), Err(super::TOO_DEEP), "{part:?}");
        }
    }

    #[test]
    fn what_its_aliases_make_too_large_is_refused() {
        let long = format!("members: &a {}\ntokens: [{}]", "x".repeat(100_000), "*a, ".repeat(50_000));
        assert_eq!(check(&long), Err(super::TOO_LARGE));
    }

    #[test]
    fn an_account_with_some_aliases_and_many_brackets_is_taken() {
        let policy = "[{effect: allow, actions: ['[[['], resources: ['*']}]";
        let roles: String = (0..200).map(|key| format!("  - {{key: r{key}, policy: *p}}\n")).collect();
        let account = format!(
            "members: [{{email: a@example.com, role: owner}}]\ncustomRoles:\n  - {{key: first, policy: &p {policy}}}\n{roles}"
        );
        assert_eq!(check(&account), Ok(()));
        account.parse::<crate::Account>().unwrap();
    }
}
