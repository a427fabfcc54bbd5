//! The trust policy: who may sign for what, and what needs no signature.

mod file;
mod pattern;
mod refusal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::policy::pattern::{Pattern, Repository};
use crate::{KeyId, PublicKey, Signature, digest, signature};

pub use file::PolicyError;
pub use refusal::Refusal;

/// A trust policy, read from its file:
///
/// ```toml
/// # For what no rule matches; "refuse" where this line is not there.
/// default = "refuse"
///
/// # Public keys, and what they are called here. Paths start at this file.
/// [keys]
/// alice = "alice.pub"
/// bob = "bob.pub"
///
/// # One of these keys must have signed.
/// [[rules]]
/// repository = "registry.example/footlight/*"
/// keys = ["alice", "bob"]
///
/// # Both must have.
/// [[rules]]
/// repository = "registry.example/footlight/face-detection"
/// keys = ["alice", "bob"]
/// threshold = 2
///
/// # What is brought here on a disk: a layout folder or archive, by its full path. Signatures are in it.
/// [[rules]]
/// repository = "oci:/srv/stages/*"
/// keys = ["alice"]
///
/// # Nothing from here, not even if it is signed.
/// [[rules]]
/// repository = "registry.example/footlight/retired/*"
/// unsigned = "refuse"
/// ```
///
/// A rule is for one repository, or with `*` at its end for all whose names begin so. Of those that match,
/// the longest one is the one that counts, and no other. Names are compared letter by letter, but for the
/// registry's, in which upper and lower case are the same. Plain files are not judged: who may write them decides what
/// they are.
#[derive(Debug)]
pub struct Policy {
    path: PathBuf,
    /// Whether what no rule is for is accepted.
    accepts: bool,
    /// The keys of all rules, and what they are called.
    keys: Vec<(String, PublicKey)>,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    demand: Demand,
}

/// What a rule asks for.
#[derive(Debug)]
enum Demand {
    /// Signatures by as many of these keys.
    Keys {
        names: BTreeSet<String>,
        threshold: usize,
    },
    Nothing,
    Impossible,
}

/// Why an artifact is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The names of the keys that signed it and may, in alphabetical order. None where it needs no signature.
    pub by: Vec<String>,
    /// The rule, by what it says of the repository; none where the policy's default was followed.
    pub rule: Option<String>,
}

impl Policy {
    /// Reads a policy, with the keys that it names.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names the first mistake.
    pub fn read(path: &Path) -> Result<Policy, PolicyError> {
        file::read(path)
    }

    /// Whether signatures matter for this repository. Where they do not, they need not be fetched.
    ///
    /// # Errors
    ///
    /// [`Refusal::Name`], [`Refusal::NoRule`], [`Refusal::Rule`].
    pub fn needs_signatures(&self, repository: &str) -> Result<bool, Refusal> {
        let rule = self.rule(repository)?;
        Ok(rule.is_some_and(|rule| matches!(rule.demand, Demand::Keys { .. })))
    }

    /// Whether a rule is for this repository, whatever it says. Where none is, the policy's default is followed.
    pub fn has_rule(&self, repository: &str) -> bool {
        let name = Repository::parse(repository);
        name.is_ok_and(|name| self.rules.iter().any(|rule| rule.pattern.matches(&name)))
    }

    /// Whether the artifact with this digest from this repository is accepted, having these signatures.
    ///
    /// `repository` is a name without tag and digest, such as `registry.example/footlight/face-detection`, or
    /// for a layout, `oci:` and the full path, with links followed: rules are compared with what
    /// is given here, and not with the disk.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says which rule refuses it, and why.
    pub fn judge(
        &self,
        repository: &str,
        digest: &str,
        signatures: &[Signature],
    ) -> Result<Judgement, Refusal> {
        digest::parse(digest)?;
        let Some(rule) = self.rule(repository)? else {
            let (by, rule) = (Vec::new(), None);
            return Ok(Judgement { by, rule });
        };
        let accepted = |by| Judgement {
            by,
            rule: Some(rule.pattern.to_string()),
        };
        let Demand::Keys { names, threshold } = &rule.demand else {
            return Ok(accepted(Vec::new()));
        };
        // With all keys, so that the refusal can name one that may not sign here.
        let keys: Vec<&PublicKey> = self.keys.iter().map(|(_, key)| key).collect();
        let (by, flaws) = signature::sort(signatures, &keys, digest);
        let signed = |id: KeyId| by.contains(&id);
        let (may, may_not): (Vec<&String>, Vec<&String>) = self
            .keys
            .iter()
            .filter(|(_, key)| signed(key.id()))
            .map(|(name, _)| name)
            .partition(|name| names.contains(*name));
        if may.len() >= *threshold {
            return Ok(accepted(may.into_iter().cloned().collect()));
        }
        let artifact = format!("{repository}@{digest}");
        let (rule, policy) = (rule.pattern.to_string(), self.path.clone());
        let wanted = refusal::wanted(names, *threshold);
        Err(if signatures.is_empty() {
            Refusal::Unsigned {
                artifact,
                rule,
                policy,
                wanted,
            }
        } else {
            Refusal::Untrusted {
                artifact,
                rule,
                policy,
                wanted,
                found: refusal::found(&may, &may_not, &flaws),
            }
        })
    }

    /// The rule that counts; none where nothing is asked for without one.
    fn rule(&self, repository: &str) -> Result<Option<&Rule>, Refusal> {
        let name = Repository::parse(repository).map_err(|reason| Refusal::Name {
            repository: repository.to_owned(),
            reason,
        })?;
        let rule = self
            .rules
            .iter()
            .filter(|rule| rule.pattern.matches(&name))
            .max_by_key(|rule| rule.pattern.weight());
        let (repository, policy) = (repository.to_owned(), self.path.clone());
        match rule {
            None if self.accepts => Ok(None),
            None => Err(Refusal::NoRule { repository, policy }),
            Some(rule) if matches!(rule.demand, Demand::Impossible) => Err(Refusal::Rule {
                repository,
                policy,
                rule: rule.pattern.to_string(),
            }),
            Some(rule) => Ok(Some(rule)),
        }
    }
}
