//! Files and standard input: reading text, who else can read a file, and the folder for what has to be known later.

pub(crate) mod private;
pub(crate) mod state;
pub(crate) mod stdin;
pub(crate) mod text;
