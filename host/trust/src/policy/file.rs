//! The policy's file: what may be written there, and what is said of mistakes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::policy::pattern::Pattern;
use crate::policy::{Demand, Policy, Rule};
use crate::{KeyError, PublicKey};

/// Why a policy cannot be used. Without its policy a host runs nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("the trust policy {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is not TOML, or has a key that there is not, or a value of another kind.
    #[error("the trust policy {path} cannot be used: {detail}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// A key of it cannot be used.
    #[error("the trust policy {path} cannot be used: of the key `{name}`, {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What the key is called there.
        name: String,
        /// What is wrong.
        source: KeyError,
    },
    /// What it says makes no sense.
    #[error("the trust policy {path} cannot be used: {mistake}")]
    Mistake {
        /// The file.
        path: PathBuf,
        /// What does not, and what to write instead.
        mistake: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    #[serde(default)]
    default: Choice,
    #[serde(default)]
    keys: BTreeMap<String, PathBuf>,
    #[serde(default)]
    rules: Vec<RuleSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleSection {
    repository: String,
    keys: Option<Vec<String>>,
    threshold: Option<usize>,
    unsigned: Option<Choice>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Choice {
    #[default]
    Refuse,
    Accept,
}

pub(super) fn read(path: &Path) -> Result<Policy, PolicyError> {
    let syntax = |detail: String| PolicyError::Syntax {
        path: path.to_owned(),
        detail,
    };
    let bytes = crate::file::read(path).map_err(|source| PolicyError::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = str::from_utf8(&bytes).map_err(|error| syntax(error.to_string()))?;
    let file: PolicyFile = toml::from_str(text).map_err(|error| syntax(error.to_string()))?;
    let keys = keys(path, &file.keys)?;
    let rules = rules(&file.rules, &file.keys).map_err(|mistake| PolicyError::Mistake {
        path: path.to_owned(),
        mistake,
    })?;
    Ok(Policy {
        path: path.to_owned(),
        accepts: matches!(file.default, Choice::Accept),
        keys,
        rules,
    })
}

/// The keys, read from beside the policy.
fn keys(
    path: &Path,
    named: &BTreeMap<String, PathBuf>,
) -> Result<Vec<(String, PublicKey)>, PolicyError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut keys: Vec<(String, PublicKey)> = Vec::new();
    for (name, file) in named {
        let key = PublicKey::read(&folder.join(file)).map_err(|source| PolicyError::Key {
            path: path.to_owned(),
            name: name.clone(),
            source,
        })?;
        // Else one who signs once would count twice.
        if let Some((other, _)) = keys.iter().find(|(_, known)| known.id() == key.id()) {
            return Err(PolicyError::Mistake {
                path: path.to_owned(),
                mistake: format!("the keys `{other}` and `{name}` are the same key: name it once"),
            });
        }
        keys.push((name.clone(), key));
    }
    Ok(keys)
}

fn rules(sections: &[RuleSection], keys: &BTreeMap<String, PathBuf>) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for section in sections {
        let of = |mistake: String| format!("the rule for `{}`: {mistake}", section.repository);
        let pattern = Pattern::parse(&section.repository).map_err(|why| of(why.to_owned()))?;
        if rules.iter().any(|rule| rule.pattern == pattern) {
            return Err(of("there are two rules for it: make one of them".to_owned()));
        }
        let demand = demand(section, keys).map_err(of)?;
        rules.push(Rule { pattern, demand });
    }
    Ok(rules)
}

fn demand(section: &RuleSection, known: &BTreeMap<String, PathBuf>) -> Result<Demand, String> {
    let Some(listed) = &section.keys else {
        return match (section.unsigned, section.threshold) {
            (_, Some(_)) => Err("`threshold` counts `keys`, and there are none".to_owned()),
            (Some(Choice::Accept), None) => Ok(Demand::Nothing),
            (Some(Choice::Refuse), None) => Ok(Demand::Impossible),
            (None, None) => Err(
                "it says nothing: name the `keys` that may sign, or write `unsigned = \"accept\"`"
                    .to_owned(),
            ),
        };
    };
    if matches!(section.unsigned, Some(Choice::Accept)) {
        return Err(
            "`keys` asks for a signature and `unsigned = \"accept\"` for none: leave one of them out".to_owned(),
        );
    }
    if listed.is_empty() {
        return Err(
            "`keys` is empty: name one, or write `unsigned = \"refuse\"` if nothing is to be accepted".to_owned(),
        );
    }
    let mut names = BTreeSet::new();
    for name in listed {
        if !known.contains_key(name) {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(match known.is_empty() {
                true => format!("there is no key `{name}`: add it to [keys]"),
                false => format!(
                    "there is no key `{name}` in [keys], only {}",
                    known.join(", ")
                ),
            });
        }
        if !names.insert(name.clone()) {
            return Err(format!("`keys` has `{name}` twice"));
        }
    }
    let threshold = section.threshold.unwrap_or(1);
    if !(1..=names.len()).contains(&threshold) {
        return Err(format!(
            "`threshold` is {threshold}, and must be from 1 to the number of its keys, {}",
            names.len()
        ));
    }
    Ok(Demand::Keys { names, threshold })
}
