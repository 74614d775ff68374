//! Columns of text, aligned.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::terminal::visible::visible;

/// The minimum width of a column that shrinks.
const NARROWEST: usize = 6;
const GAP: usize = 2;

/// The widths of a table's columns, and whether wider cells are cut, as on a terminal.
#[derive(Debug)]
pub(crate) struct Columns(Vec<(usize, bool)>);

impl Columns {
    /// As wide as the widest cells, and at least as wide as `minimum`. If there is too little `room`, the columns that
    /// `may_shrink` become narrower, the widest first.
    pub(crate) fn new(rows: &[Vec<String>], minimum: &[usize], room: Option<usize>, may_shrink: &[bool]) -> Self {
        let count = rows.first().map_or(0, Vec::len);
        let widest = |column: usize| rows.iter().map(|row| visible(&row[column]).width()).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            (0..count).map(|at| widest(at).max(minimum.get(at).copied().unwrap_or(0))).collect();
        if let Some(room) = room {
            while widths.iter().sum::<usize>() + GAP * count.saturating_sub(1) > room {
                let shrinkable = (0..count).filter(|at| may_shrink[*at] && widths[*at] > NARROWEST);
                let Some(at) = shrinkable.max_by_key(|at| widths[*at]) else { break };
                widths[at] -= 1;
            }
        }
        let is_cut = |at: usize| room.is_some() && may_shrink[at];
        Self(widths.into_iter().enumerate().map(|(at, width)| (width, is_cut(at))).collect())
    }

    /// Gives the rest of `room` to a column, for longer cells in later rows.
    pub(crate) fn widen(&mut self, at: usize, room: usize) {
        let left = room.saturating_sub(self.width());
        self.0[at].0 += left;
    }

    /// The width of a line. Later rows can be wider if they have cells that may not be cut.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(width, _)| width).sum::<usize>() + GAP * self.0.len().saturating_sub(1)
    }

    /// The row as a line of text. Invisible characters are escaped.
    pub(crate) fn line(&self, row: &[String]) -> String {
        let padded = row.iter().zip(&self.0).map(|(cell, (width, is_cut))| {
            let cell = if *is_cut { cut(&visible(cell), *width) } else { visible(cell) };
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            cell + &padding
        });
        padded.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

/// The rows as an aligned table. Nothing is cut.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = Columns::new(rows, &[], None, &[]);
    rows.iter().map(|row| columns.line(row)).collect::<Vec<_>>().join("\n")
}

/// The text, or, if it is wider than `width`, its beginning and an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |letter: &char| {
        let wide = letter.width().unwrap_or(0);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    let mut beginning: String = text.chars().take_while(fits).collect();
    beginning.push('…');
    beginning
}

#[cfg(test)]
mod tests {
    use super::{Columns, aligned};

    fn rows(rows: &[[&str; 2]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = rows(&[["ID", "NAME"], ["1", "名前"], ["234", "\u{1b}[31mred"]]);
        assert_eq!(aligned(&rows), "ID   NAME\n1    名前\n234  \\u{1b}[31mred");
    }

    #[test]
    fn without_enough_room_only_columns_that_may_shrink_are_cut() {
        let rows = rows(&[["0123456789", "a long name that goes on"], ["1", "名前名前名前名前"]]);
        let columns = Columns::new(&rows, &[], Some(22), &[false, true]);
        assert_eq!(columns.line(&rows[0]), "0123456789  a long na…");
        assert_eq!(columns.line(&rows[1]), "1           名前名前…");
    }
}
