//! Files of `NAME=value` lines, as far as Docker Compose, systemd, python-dotenv, node and bash agree about them. Where they don't,
//! the file is refused.

use std::ops::Range;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The value of a variable, if it is set.
pub(crate) fn value<'a>(text: &'a [u8], variable: &str) -> Result<Option<&'a [u8]>, String> {
    Ok(find(text, variable)?.map(|range| &text[range]))
}

/// Returns the text with another value, which needs no quotes, of the variable. Nothing else is changed.
pub(crate) fn with_value(text: &[u8], variable: &str, value: &[u8]) -> Result<Vec<u8>, String> {
    let after = match find(text, variable)? {
        Some(Range { start, end }) => [&text[..start], value, &text[end..]].concat(),
        None => {
            let line_end: &[u8] = if text.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
            let separator = if text.is_empty() || text.ends_with(b"\n") { b"" } else { line_end };
            [text, separator, variable.as_bytes(), b"=", value, line_end].concat()
        }
    };
    match self::value(&after, variable)? {
        Some(read) if read == value => Ok(after),
        _ => Err(uncertain(variable)),
    }
}

fn uncertain(variable: &str) -> String {
    format!("programs that read it would not agree on the value of {variable}")
}

/// Where the value of the variable is, without quotes.
fn find(text: &[u8], variable: &str) -> Result<Option<Range<usize>>, String> {
    if text.contains(&0) {
        return Err("it contains NUL".to_owned());
    }
    let mut at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut found = None;
    // What would end a value that goes on over several lines, in bash at least.
    let mut open = None;
    let mut is_continued = false;
    for line in text[at..].split_inclusive(|byte| *byte == b'\n') {
        let begin = at;
        at += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if open.is_some() {
            if is_set_within(line, variable) || matches!(assignment(line, variable), Ok(Some(_))) {
                return Err(uncertain(variable));
            }
            open = open_after(line, open);
            continue;
        }
        let is_remark = matches!(line.trim_ascii_start(), [] | [b'#' | b';', ..]);
        // To node, the next variable's name begins on a line without `=`.
        let goes_on = line.ends_with(b"\\") || if is_remark { is_continued } else { !line.contains(&b'=') };
        let was_continued = std::mem::replace(&mut is_continued, goes_on);
        if is_remark {
            continue;
        }
        match assignment(line, variable)? {
            Some(_) if found.is_some() => return Err(format!("{variable} is set twice")),
            Some(range) if !was_continued => found = Some(begin + range.start..begin + range.end),
            None if !is_set_within(line, variable) => open = open_after(line, None),
            _ => return Err(uncertain(variable)),
        }
    }
    // A line at the end would belong to the one before.
    if found.is_none() && (open.is_some() || is_continued) {
        return Err(uncertain(variable));
    }
    Ok(found)
}

/// Where the line has the value, if it sets the variable.
fn assignment(line: &[u8], variable: &str) -> Result<Option<Range<usize>>, String> {
    let mut rest = line.trim_ascii_start();
    if let Some(exported) = rest.strip_prefix(b"export")
        && exported.starts_with(b" ") | exported.starts_with(b"\t")
    {
        rest = exported.trim_ascii_start();
    }
    let Some(rest) = rest.strip_prefix(variable.as_bytes()) else { return Ok(None) };
    let rest = match (rest, rest.trim_ascii_start()) {
        (_, [b'=', rest @ ..]) => rest,
        ([byte, ..], _) if byte.is_ascii_alphanumeric() || b"_-.".contains(byte) => return Ok(None),
        _ => return Err(uncertain(variable)),
    };
    let after_equals = line.len() - rest.len();
    let value = rest.trim_ascii_start();
    let start = line.len() - value.len();
    let (range, rest) = match value {
        [] | [b'#', ..] => return Ok(Some(after_equals..after_equals)),
        [quote @ (b'"' | b'\''), inner @ ..] => {
            let end = inner.iter().position(|byte| byte == quote || *byte == b'\\').filter(|end| inner[*end] == *quote);
            let end = end.ok_or_else(|| uncertain(variable))?;
            (start + 1..start + 1 + end, &inner[end + 1..])
        }
        _ => {
            let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=@:%,".contains(byte);
            if !value[..end].iter().all(is_plain) {
                return Err(uncertain(variable));
            }
            (start..start + end, &value[end..])
        }
    };
    if is_end(rest) { Ok(Some(range)) } else { Err(uncertain(variable)) }
}

/// Whether only blanks and a comment follow a value.
fn is_end(rest: &[u8]) -> bool {
    match rest.trim_ascii_start() {
        [] => true,
        [first, ..] => *first == b'#' && rest.len() > rest.trim_ascii_start().len(),
    }
}

/// Whether the variable may be set in the middle of the line.
fn is_set_within(line: &[u8], variable: &str) -> bool {
    let wanted = [variable.as_bytes(), b"="].concat();
    let mut windows = line.windows(wanted.len()).enumerate().skip(1);
    windows.any(|(at, window)| window == wanted && b" \t;&(\"'`".contains(&line[at - 1]))
}

/// What would end a value that the line leaves open, after `open` of the lines before: a quote, or the `)` of `$(`.
fn open_after(line: &[u8], mut open: Option<u8>) -> Option<u8> {
    let (mut before, mut is_escaped) = (b' ', false);
    for byte in line.iter().copied() {
        match (open, byte) {
            _ if is_escaped => {}
            (None, b'#') if before.is_ascii_whitespace() => break,
            (None, b'"' | b'\'' | b'`') => open = Some(byte),
            (None, b'(') if before == b'$' => open = Some(b')'),
            (Some(end), _) if byte == end => open = None,
            _ => {}
        }
        is_escaped = byte == b'\\' && !is_escaped && open != Some(b'\'');
        before = byte;
    }
    open
}

#[cfg(test)]
#[path = "../../tests/unit/env.rs"]
mod tests;
