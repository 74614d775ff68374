//! Columns of text, aligned.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How narrow a column may become.
const NARROWEST: usize = 6;

/// The widths of a table's columns.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    widths: Vec<usize>,
    /// Whether what is wider than its column is cut, as on a terminal.
    cut: bool,
}

impl Columns {
    /// As wide as the widest cells; within `room`, if there is one, for which the columns that `may_shrink` give way, the
    /// widest first.
    pub(crate) fn new(rows: &[Vec<String>], room: Option<usize>, may_shrink: &[bool]) -> Self {
        let count = rows.first().map_or(0, Vec::len);
        let widest = |column: usize| rows.iter().map(|row| printable(&row[column]).width()).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..count).map(widest).collect();
        if let Some(room) = room {
            while widths.iter().sum::<usize>() + 2 * count.saturating_sub(1) > room {
                let shrinkable = (0..count).filter(|at| may_shrink[*at] && widths[*at] > NARROWEST);
                let Some(at) = shrinkable.max_by_key(|at| widths[*at]) else { break };
                widths[at] -= 1;
            }
        }
        Self { widths, cut: room.is_some() }
    }

    /// A line, its cells two blanks apart.
    ///
    /// What a name holds is anyone's: control characters, which could command the terminal, are shown as `?`.
    pub(crate) fn line(&self, row: &[String]) -> String {
        let padded = row.iter().zip(&self.widths).map(|(cell, width)| {
            let mut cell = printable(cell);
            if self.cut && cell.width() > *width {
                cell = cut(&cell, *width);
            }
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            cell + &padding
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

/// The rows as lines of one table, nothing cut.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = Columns::new(rows, None, &[]);
    rows.iter().map(|row| columns.line(row)).collect::<Vec<_>>().join("\n")
}

/// The text's beginning, with an ellipsis, no wider than `width`.
fn cut(text: &str, width: usize) -> String {
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

pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
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
        assert_eq!(aligned(&rows), "ID   NAME\n1    名前\n234  ?[31mred");
    }

    #[test]
    fn where_there_is_no_room_what_may_shrink_is_cut() {
        let rows = rows(&[["0123456789", "a long name that goes on"], ["1", "名前名前名前名前"]]);
        let columns = Columns::new(&rows, Some(22), &[false, true]);
        assert_eq!(columns.line(&rows[0]), "0123456789  a long na…");
        assert_eq!(columns.line(&rows[1]), "1           名前名前…");
    }
}
