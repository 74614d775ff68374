//! The command `ldtokens`.

fn main() {}
