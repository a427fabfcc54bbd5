//! What was found of a cluster, as text.

use footlight_cluster::check::{Finding, Section, State};

use crate::doctor::report::{lines_of, wrapped};
use crate::table;

/// Findings below the headings of their sections, and what they come to.
pub fn text(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    let mut section = None;
    for finding in findings {
        if section != Some(finding.section) {
            section = Some(finding.section);
            lines.push(format!("\n{}", heading(finding.section)));
        }
        let said = finding.detail.lines().flat_map(wrapped).collect();
        let remedy = finding.remedy.as_deref();
        lines.extend(lines_of(mark(finding.state), &finding.name, said, remedy));
    }
    lines.push(String::new());
    lines.push(conclusion(findings));
    lines.join("\n").trim_start().to_owned()
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::Server => "cluster",
        Section::Hosts => "hosts",
        Section::Nodes => "nodes",
        Section::Identities => "identities and keys",
        Section::Rights => "rights of the hosts",
        Section::Network => "network",
        Section::Pipelines => "pipelines",
    }
}

fn mark(state: State) -> char {
    match state {
        State::Ok => '✓',
        State::Warning => '!',
        State::Absent => '·',
        State::Unchecked => '?',
        State::Missing => '✗',
    }
}

fn conclusion(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|it| it.state == state).count() as u64;
    let mut said = match count(State::Missing) {
        0 => "Nothing that hosts need is missing, as far as was seen.".to_owned(),
        1 => "1 thing is missing, marked ✗.".to_owned(),
        many => format!("{} things are missing, marked ✗.", table::count(many)),
    };
    if count(State::Warning) > 0 {
        said.push_str(" Look at what is marked with an exclamation mark.");
    }
    match count(State::Unchecked) {
        0 => {}
        1 => said.push_str(" 1 thing could not be checked."),
        many => said.push_str(&format!(
            " {} things could not be checked.",
            table::count(many)
        )),
    }
    said
}
