//! The code that is generated from a document, before it is written.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use anyhow::{Result, anyhow};
use syn::File;

use crate::api::Document;
use crate::{client, items, operations_table};

/// All code that is generated from `document`, by the paths below the workspace's root.
///
/// # Errors
/// The generator does not support `document`.
pub(crate) fn code(document: &Document) -> Result<[(&'static str, File); 4]> {
    caught(|| {
        let code = [
            ("crates/ldtokens-client/src/generated.rs", client::code(document)?),
            ("crates/ldtokens-client/src/operation/table.rs", operations_table::routes(document)?),
            ("crates/ldtokens-operations/src/spec/table.rs", operations_table::table(document)?),
            ("crates/ldtokens-client/tests/it/derived_schemas.rs", client::derived_schemas(document)?),
        ];
        code.iter().try_for_each(|(_, code)| items::check(code))?;
        Ok(code)
    })
}

/// Runs the generator, which panics on what it does not support.
pub(crate) fn caught<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                usual(panic)
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(before);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(anyhow!("{}", text.unwrap_or("it panics").lines().next().unwrap_or_default()))
    })
}
