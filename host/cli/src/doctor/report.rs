//! What was found, as text.

use super::finding::{Finding, Section, State};
use crate::table;

/// Lines are broken at spaces so that they are no longer than this, in characters.
const WIDTH: usize = 110;

/// Where what is said of something begins.
const MOST_INDENT: usize = 24;

/// Findings below the headings of their sections, and what they come to.
pub fn text(findings: &[Finding], pipeline: Option<&str>) -> String {
    let mut lines = Vec::new();
    let mut section = None;
    for (index, finding) in findings.iter().enumerate() {
        if section != Some(finding.section) {
            section = Some(finding.section);
            lines.push(heading(finding.section, pipeline));
        }
        let mut before = findings.iter().take(index);
        let same =
            before.find(|other| finding.detail.contains('\n') && other.detail == finding.detail);
        lines.extend(entry(finding, same));
    }
    lines.push(String::new());
    lines.push(conclusion(findings, pipeline));
    lines.join("\n").trim_start().to_owned()
}

fn heading(section: Section, pipeline: Option<&str>) -> String {
    let name = match section {
        Section::Machine => "machine",
        Section::Libraries => "inference libraries",
        Section::Devices => "devices",
        Section::Cache => "cache",
        Section::Stages => "stages",
        Section::Pipeline => return format!("\npipeline {}", pipeline.unwrap_or_default()),
    };
    format!("\n{name}")
}

fn mark(state: State) -> char {
    match state {
        State::Ok => '✓',
        State::Warning => '!',
        State::Absent => '·',
        State::Missing => '✗',
    }
}

/// The name, and beside it what was found and what to do. A list that was found already, as devices are of
/// which several models lack the same, is not printed again.
fn entry(finding: &Finding, same: Option<&Finding>) -> Vec<String> {
    let said: Vec<String> = match same {
        None => finding.detail.lines().flat_map(wrapped).collect(),
        Some(same) => {
            let first = finding.detail.lines().next().unwrap_or_default();
            let mut said = wrapped(first);
            said.push(format!("  as at {}", same.name));
            said
        }
    };
    lines_of(
        mark(finding.state),
        &finding.name,
        said,
        finding.remedy.as_deref(),
    )
}

/// A name with its mark, and beside it what is said of it, in lines that are wrapped already, and what to do.
pub fn lines_of(
    mark: char,
    name: &str,
    mut said: Vec<String>,
    remedy: Option<&str>,
) -> Vec<String> {
    if let Some(remedy) = remedy {
        let steps = wrapped(remedy).into_iter().enumerate();
        said.extend(
            steps.map(|(index, line)| format!("{} {line}", if index == 0 { '→' } else { ' ' })),
        );
    }
    let start = format!("  {mark} {name:20}");
    let mut said = said.into_iter();
    let mut lines = Vec::new();
    // A name that leaves no room has a line of its own.
    if start.chars().count() > MOST_INDENT {
        lines.push(start.trim_end().to_owned());
    } else {
        lines.push(format!("{start}{}", said.next().unwrap_or_default()));
    }
    lines.extend(said.map(|line| format!("{:MOST_INDENT$}{line}", "")));
    lines
}

/// A line broken at spaces; what follows the first begins where it began. Words stay whole: a path that is cut
/// cannot be copied.
pub fn wrapped(line: &str) -> Vec<String> {
    if MOST_INDENT + line.chars().count() <= WIDTH {
        return vec![line.to_owned()];
    }
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut lines = vec![indent.clone()];
    for word in line.split_whitespace() {
        let Some(last) = lines.last_mut() else {
            continue;
        };
        let begun = last.len() > indent.len();
        if begun && MOST_INDENT + last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else {
            if begun {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

fn conclusion(findings: &[Finding], pipeline: Option<&str>) -> String {
    let count = |state| {
        findings
            .iter()
            .filter(|finding| finding.state == state)
            .count() as u64
    };
    let missing = count(State::Missing);
    let what = match (missing, pipeline) {
        (0, Some(pipeline)) => format!("All that {pipeline} needs is there."),
        (0, None) => "Models can run here.".to_owned(),
        (1, _) => "1 thing is missing, marked ✗.".to_owned(),
        (count, _) => format!("{} things are missing, marked ✗.", table::count(count)),
    };
    match count(State::Warning) {
        0 => what,
        _ => format!("{what} Look at what is marked with an exclamation mark."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let long = ["/a/path/of/some/length"; 12].join(", ");
        let lines = wrapped(&long);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| MOST_INDENT + line.len() <= WIDTH));
        assert_eq!(lines.join(" "), long);
        assert_eq!(wrapped("  as it is"), ["  as it is"]);
    }

    #[test]
    fn a_list_is_printed_once() {
        let runs = |name| Finding::ok(Section::Pipeline, name, "it lacks:\n  one\n  two");
        let text = text(&[runs("a"), runs("b")], Some("p.toml"));
        assert!(text.contains("✓ b                   it lacks:\n"), "{text}");
        assert!(text.contains("  as at a\n"), "{text}");
        assert_eq!(text.matches("two").count(), 1, "{text}");
    }

    #[test]
    fn what_is_missing_is_marked_with_what_to_do() {
        let findings = [
            Finding::ok(Section::Machine, "memory", "2 GiB"),
            Finding::new(
                Section::Pipeline,
                "[models.fr-feature]",
                State::Missing,
                "is not there",
                Some("fetch it".to_owned()),
            ),
        ];
        let text = text(&findings, Some("p.toml"));
        let expected = "\
machine
  ✓ memory              2 GiB

pipeline p.toml
  ✗ [models.fr-feature] is not there
                        → fetch it

1 thing is missing, marked ✗.";
        assert_eq!(text, expected);
    }
}
