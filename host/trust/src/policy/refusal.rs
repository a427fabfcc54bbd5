//! What the policy does not accept.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::signature::list;
use crate::{Flaw, InvalidDigest};

/// Why an artifact is not accepted, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The artifact's digest is none.
    #[error(transparent)]
    Digest(#[from] InvalidDigest),
    /// The repository's name could be written in another way, which other rules may be for.
    #[error("`{repository}` is no repository's name: {reason}")]
    Name {
        /// What was given.
        repository: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No rule is for it.
    #[error(
        "{repository} is refused: no rule of the trust policy {policy} is for it, and the policy refuses what \
         it has no rule for; add one that names the keys that may sign there, or take it from another repository"
    )]
    NoRule {
        /// The repository.
        repository: String,
        /// The policy's file.
        policy: PathBuf,
    },
    /// A rule refuses all of it.
    #[error(
        "{repository} is refused: the rule for `{rule}` of the trust policy {policy} accepts nothing from there; \
         change the rule, or take it from another repository"
    )]
    Rule {
        /// The repository.
        repository: String,
        /// The policy's file.
        policy: PathBuf,
        /// The rule, by what it says of the repository.
        rule: String,
    },
    /// It has no signature.
    #[error(
        "{artifact} is refused: it has no signature, and the rule for `{rule}` of the trust policy {policy} asks \
         for {wanted}; have it signed, with `footlight sign` or `cosign sign --key`"
    )]
    Unsigned {
        /// The repository and the digest.
        artifact: String,
        /// The rule, by what it says of the repository.
        rule: String,
        /// The policy's file.
        policy: PathBuf,
        /// What the rule asks for.
        wanted: String,
    },
    /// It has signatures, but not those that are asked for.
    #[error(
        "{artifact} is refused: the rule for `{rule}` of the trust policy {policy} asks for {wanted}, but \
         {found}; have it signed with such a key, or, if you trust the one that signed, add it to the policy"
    )]
    Untrusted {
        /// The repository and the digest.
        artifact: String,
        /// The rule, by what it says of the repository.
        rule: String,
        /// The policy's file.
        policy: PathBuf,
        /// What the rule asks for.
        wanted: String,
        /// What there is instead.
        found: String,
    },
}

/// What a rule asks for, in words.
pub(super) fn wanted(names: &BTreeSet<String>, threshold: usize) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match threshold {
        1 => format!("a signature by {}", names.join(" or ")),
        all if all == names.len() => format!("signatures by {}", names.join(" and ")),
        some => format!("signatures by {some} of {}", names.join(", ")),
    }
}

/// What was found, in words: keys that may sign, that may not, and signatures that do not count.
pub(super) fn found(may: &[&String], may_not: &[&String], flaws: &BTreeSet<Flaw>) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(may.iter().map(|name| format!("only {name} has signed")));
    parts.extend(
        may_not
            .iter()
            .map(|name| format!("{name}, who signed, may not sign for it")),
    );
    if !flaws.is_empty() {
        parts.push(list(flaws));
    }
    parts.join("; ")
}
