//! Files and standard input: reading text, replacing a file, who else can read one, and the folder for what has to be known
//! later.

pub(crate) mod private;
pub(crate) mod replace;
pub(crate) mod state;
pub(crate) mod stdin;
pub(crate) mod text;
