//! Ages and last uses, as SVG: an overview, and a line for each token.

use ldtokens::{Token, UnixMillis};

use crate::date::{DAY, day};
use crate::inventory::Inventory;
use crate::rules::ages::last_used;

/// The length of a token's line, in pixels.
const LINE: i64 = 120;

/// The greatest number of bars.
const BARS: usize = 60;

/// The time from the creation of the oldest token to now.
pub(crate) struct Scale {
    start: i64,
    length: i64,
    now: UnixMillis,
}

impl Scale {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let now = inventory.taken_at;
        let created = inventory.tokens.iter().map(|token| token.creation_date.get());
        // A token without a readable date would make all others a point at the end.
        let start = created.filter(|created| *created > 0 && *created < now.get()).min().unwrap_or(now.get() - DAY);
        Self { start, length: (now.get() - start).max(DAY), now }
    }

    /// Where the moment is on a token's line.
    fn place(&self, moment: UnixMillis) -> i64 {
        (moment.get().saturating_sub(self.start).saturating_mul(LINE) / self.length).clamp(0, LINE)
    }

    /// The bar of a moment.
    fn bar(&self, moment: UnixMillis, bars: usize) -> usize {
        let part = moment.get().saturating_sub(self.start).clamp(0, self.length - 1);
        usize::try_from(i128::from(part) * bars as i128 / i128::from(self.length)).unwrap_or(0).min(bars - 1)
    }

    /// A token's line: thick from its creation to its last use, thin from then on.
    pub(crate) fn line(&self, token: &Token) -> String {
        let end = token.expiry.filter(|end| *end < self.now).unwrap_or(self.now);
        let (from, to) = (self.place(token.creation_date), self.place(end));
        let used = last_used(token).map_or(from, |used| self.place(used).clamp(from, to.max(from)));
        // As one path: a page has thousands of these.
        let thick = last_used(token).map(|_| format!("M{from} 7h{}v6H{from}z", (used - from).max(3)));
        let (thick, thin) = (thick.unwrap_or_default(), (to - used).max(1));
        format!("<svg aria-hidden=true><path d=\"{thick}M{used} 9h{thin}v2H{used}z\"/></svg>")
    }
}

/// The overview: how many tokens were created, upwards, and last used, downwards, in each stretch of time.
pub(crate) fn overview(inventory: &Inventory) -> String {
    let scale = Scale::of(inventory);
    let bars = (usize::try_from(scale.length / DAY).unwrap_or(BARS) / 7).clamp(1, BARS);
    let (mut created, mut used) = (vec![0_usize; bars], vec![0_usize; bars]);
    let mut never = 0;
    for token in &inventory.tokens {
        created[scale.bar(token.creation_date, bars)] += 1;
        match last_used(token) {
            Some(moment) => used[scale.bar(moment, bars)] += 1,
            None => never += 1,
        }
    }
    let most = |counts: &[usize]| counts.iter().copied().max().unwrap_or(0);
    let (most_created, most_used) = (most(&created), most(&used));
    let middle = day(UnixMillis::new(scale.start + scale.length / 2));
    let (first, last) = (day(UnixMillis::new(scale.start)), day(scale.now));
    let (total, width) = (inventory.tokens.len(), bars * 10);
    let rects = created.iter().zip(&used).enumerate().map(|(bar, (made, used))| {
        let x = bar * 10 + 1;
        let (up, down) = ((made * 98).div_ceil(most_created.max(1)), (used * 98).div_ceil(most_used.max(1)));
        let made = format!("<rect class=made x={x} y={} width=8 height={up} />", 99 - up);
        let used = format!("<rect class=used x={x} y=101 width=8 height={down} />");
        [(up > 0).then_some(made), (down > 0).then_some(used)].into_iter().flatten().collect::<String>()
    });
    let rects: String = rects.collect();
    format!(
        "<p class=soft><span class=key></span>created, up to {most_created} in a bar&ensp; <span class=\"key idle\"></span>last used, up to {most_used}&ensp; {never} of {total} were never used.</p>\n\
         <svg class=chart role=img aria-label=\"Tokens by when they were created and when they were last used, from {first} to {last}. \
         {never} of {total} were never used.\" viewBox=\"0 0 {width} 200\" preserveAspectRatio=none>{rects}\
         <line x1=0 x2={width} y1=100 y2=100 /></svg>\n<p class=axis><span>{first}</span><span>{middle}</span><span>{last}</span></p>\n"
    )
}
