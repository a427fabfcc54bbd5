//! Tables and numbers for people.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A line below the headings and no other.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with headings; columns named in `right` are aligned to the right, as numbers are.
///
/// It is as wide as its text: what is cut or wrapped cannot be copied, and a terminal scrolls.
pub fn table(headings: &[&str], right: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for (index, heading) in headings.iter().enumerate() {
        if let Some(column) = table.column_mut(index).filter(|_| right.contains(heading)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .to_string()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A whole number with its thousands apart: 12,345.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 photo`, `2 photos`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A rate as per cent, with as many decimals as it takes to tell small ones from zero.
pub fn percent(rate: f64) -> String {
    let value = rate * 100.0;
    if value == 0.0 || value >= 99.995 {
        format!("{value:.0} %")
    } else if value >= 10.0 {
        format!("{value:.1} %")
    } else if value >= 0.01 {
        format!("{value:.2} %")
    } else {
        format!("{value:.4} %")
    }
}

/// A size in bytes, in the unit that suits it.
pub fn size(bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    if bytes < 1024 {
        plural(bytes, "byte", "bytes")
    } else if kib < 1024.0 {
        format!("{kib:.1} KiB")
    } else if kib < 1024.0 * 1024.0 {
        format!("{:.1} MiB", kib / 1024.0)
    } else {
        format!("{:.1} GiB", kib / 1024.0 / 1024.0)
    }
}

/// The first 12 characters of a digest, which tell models and stages apart.
pub fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(plural(1, "photo", "photos"), "1 photo");
        assert_eq!(plural(0, "photo", "photos"), "0 photos");
        assert_eq!(size(1023), "1,023 bytes");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(3 * 1024 * 1024), "3.0 MiB");
        assert_eq!(size(5 << 30), "5.0 GiB");
    }

    #[test]
    fn a_small_rate_does_not_read_as_zero() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.00005), "0.0050 %");
        assert_eq!(percent(0.0022), "0.22 %");
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(percent(1.0), "100 %");
    }

    #[test]
    fn a_table_has_its_headings_and_numbers_to_the_right() {
        let text = table(
            &["name", "score"],
            &["score"],
            vec![
                vec!["a".into(), "1".into()],
                vec!["b".into(), "1000".into()],
            ],
        );
        assert!(text.contains("name"));
        assert!(
            text.lines()
                .any(|line| line.trim_start().starts_with('a') && line.ends_with("   1"))
        );
    }
}
