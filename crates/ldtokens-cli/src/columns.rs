//! Columns of text, aligned.

use unicode_width::UnicodeWidthStr;

/// The rows with each column as wide as its widest cell, two blanks apart.
///
/// What a name holds is anyone's: control characters, which could command the terminal, are shown as `?`.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let cells: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
    let mut widths = [0; N];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |row: &[String; N]| {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ID", "NAME"], ["1", "名前"], ["234", "\u{1b}[31mred"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "ID   NAME\n1    名前\n234  ?[31mred");
    }
}
