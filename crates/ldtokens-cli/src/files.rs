//! Files and standard input: reading text, and who else can read a file.

pub(crate) mod private;
pub(crate) mod stdin;
pub(crate) mod text;
