//! Rules about several tokens, and about the account.

use std::collections::HashMap;

use ldtokens::TokenId;

use crate::inventory::{Inventory, is_service};
use crate::rules::{Context, ages};

/// How many service tokens an account can have, unless the vendor raised it (fact 15).
const USUAL_LIMIT: usize = 200;

/// The tokens of each name that several have, and a message. Those that have expired don't count.
pub(crate) fn duplicate_names(context: &Context<'_>, inventory: &Inventory) -> Vec<(Vec<TokenId>, String)> {
    let mut of_name: HashMap<&str, Vec<&TokenId>> = HashMap::with_capacity(inventory.tokens.len());
    let mut names = Vec::new();
    for token in inventory.tokens.iter().filter(|token| ages::expired(context, token).is_none()) {
        let name = token.name.as_deref().unwrap_or_default().trim();
        let same = of_name.entry(name).or_default();
        same.push(&token.id);
        if same.len() == 2 && !name.is_empty() {
            names.push(name);
        }
    }
    let several = names.into_iter().map(|name| {
        let ids: Vec<TokenId> = of_name[name].iter().map(|id| (*id).clone()).collect();
        let message = format!("{} tokens have the name \"{name}\".", ids.len());
        (ids, message)
    });
    several.collect()
}

/// A message if the account has nearly as many service tokens as it can have.
pub(crate) fn near_limit(context: &Context<'_>, inventory: &Inventory) -> Option<String> {
    let count = inventory.tokens.iter().filter(|token| is_service(token)).count();
    let limit = context.thresholds.limit;
    // More than the usual limit show that this account has another one.
    if limit.is_none() && count > USUAL_LIMIT {
        return None;
    }
    let limit = limit.unwrap_or(USUAL_LIMIT);
    (count * 100 >= limit * context.thresholds.percent)
        .then(|| format!("The account has {count} service tokens, and the limit is {limit}."))
}
