//! A bytes literal in a Python source file.

use anyhow::{Context, Result, bail};

/// The value of `NAME = b'...'` at the start of a line of a Python source.
///
/// Of the escapes of Python's grammar those are known that `repr(bytes)` writes: `\xNN`, `\n`, `\t`, `\r`, `\'`, `\"`
/// and `\\`.
///
/// # Errors
/// Where there is no such line, it has another escape, or it does not end.
pub fn bytes(source: &[u8], name: &str) -> Result<Vec<u8>> {
    let (quote, literal) = source
        .split(|&byte| byte == b'\n')
        .find_map(
            |line| match line.strip_prefix(name.as_bytes())?.strip_prefix(b" = b")? {
                [quote @ (b'\'' | b'"'), rest @ ..] => Some((*quote, rest)),
                _ => None,
            },
        )
        .with_context(|| format!("there is no line {name} = b'...'"))?;
    let mut value = Vec::with_capacity(literal.len() / 2);
    let mut rest = literal.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            _ if byte == quote => return Ok(value),
            b'\\' => value.push(escape(&mut rest)?),
            _ => value.push(byte),
        }
    }
    bail!("the literal {name} does not end on its line")
}

fn escape(rest: &mut impl Iterator<Item = u8>) -> Result<u8> {
    match rest.next() {
        Some(b'n') => Ok(b'\n'),
        Some(b't') => Ok(b'\t'),
        Some(b'r') => Ok(b'\r'),
        Some(byte @ (b'\\' | b'\'' | b'"')) => Ok(byte),
        Some(b'x') => {
            let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
            let digits = digit().zip(digit()).context("\\x without two digits")?;
            Ok(u8::try_from(digits.0 * 16 + digits.1)?)
        }
        Some(byte) => bail!(
            "an escape that bytes are not printed with: \\{}",
            char::from(byte)
        ),
        None => bail!("a backslash at the end of the line"),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn every_escape_that_python_prints_bytes_with() {
        let source = b"import os\nOTHER = b'no'\nWEIGHTS = b'\\x00a\\xfF\\n\\t\\r\\'\\\\\"'\n";
        assert_eq!(bytes(source, "WEIGHTS").unwrap(), b"\x00a\xff\n\t\r'\\\"");
    }

    #[test]
    fn double_quotes_and_text_after_the_literal() {
        assert_eq!(bytes(b"W = b\"it's\"  # end", "W").unwrap(), b"it's");
    }

    #[test]
    fn what_is_no_such_literal_is_refused() {
        let message = |source: &[u8]| bytes(source, "W").unwrap_err().to_string();
        assert!(message(b"V = b'x'").contains("no line W"));
        assert!(message(b"W = b'x").contains("does not end"));
        assert!(message(b"W = b'\\q'").contains("\\q"));
        assert!(message(b"W = b'\\x4'").contains("two digits"));
    }
}
