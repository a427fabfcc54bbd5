//! Which host gets an errand.

use footlight_boundary::Zone;

/// What a choice is made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate<T> {
    pub(crate) peer: T,
    pub(crate) zone: Zone,
    pub(crate) node: String,
    /// What it has to do: what it says, and what it was sent since.
    pub(crate) load: u64,
}

/// How far away a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    SameNode,
    SameZone,
    Elsewhere,
}

/// Candidates in the order in which to try them: the nearest first, and of those that are as near, the one with the
/// least to do. `turn` decides between equals; it counts up.
pub(crate) fn rank<T>(
    mut candidates: Vec<Candidate<T>>,
    zone: &Zone,
    node: &str,
    turn: usize,
) -> Vec<Candidate<T>> {
    if !candidates.is_empty() {
        let turn = turn % candidates.len();
        candidates.rotate_left(turn);
    }
    candidates.sort_by_key(|candidate| (distance(candidate, zone, node), candidate.load));
    candidates
}

fn distance<T>(candidate: &Candidate<T>, zone: &Zone, node: &str) -> Distance {
    if candidate.zone != *zone {
        return Distance::Elsewhere;
    }
    match !node.is_empty() && candidate.node == node {
        true => Distance::SameNode,
        false => Distance::SameZone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(peer: &'static str, zone: &str, node: &str, load: u64) -> Candidate<&'static str> {
        Candidate {
            peer,
            zone: zone.parse().unwrap(),
            node: node.to_owned(),
            load,
        }
    }

    fn order(candidates: &[Candidate<&'static str>], node: &str, turn: usize) -> Vec<&'static str> {
        let zone = "site".parse().unwrap();
        let ranked = rank(candidates.to_vec(), &zone, node, turn);
        ranked.into_iter().map(|candidate| candidate.peer).collect()
    }

    #[test]
    fn the_nearest_comes_first_and_then_the_least_loaded() {
        let all = [
            candidate("cloud", "cloud", "c", 0),
            candidate("busy", "site", "b", 9),
            candidate("idle", "site", "a", 1),
            candidate("here", "site", "me", 30),
        ];
        assert_eq!(order(&all, "me", 0), ["here", "idle", "busy", "cloud"]);
        assert_eq!(order(&all, "", 0), ["idle", "busy", "here", "cloud"]);
        // A node of that name in another zone is another node.
        let named = [
            candidate("far", "cloud", "me", 0),
            candidate("near", "site", "a", 5),
        ];
        assert_eq!(order(&named, "me", 0), ["near", "far"]);
    }

    #[test]
    fn equals_take_turns() {
        let all = [
            candidate("a", "site", "1", 2),
            candidate("b", "site", "2", 2),
        ];
        assert_eq!(order(&all, "", 0), ["a", "b"]);
        assert_eq!(order(&all, "", 1), ["b", "a"]);
        assert_eq!(order(&all, "", usize::MAX), ["b", "a"]);
        assert!(order(&[], "", 3).is_empty());
    }
}
