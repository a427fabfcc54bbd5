//! Who hosts are for each other, and what members are encrypted with: Secrets.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use rustls::pki_types::UnixTime;

use super::ask::{self, Answer};
use super::certificate::{self, Certificate};
use super::{Finding, Section, Seen, State, ZONE};

const SITE_KEY: &str = "footlight-site-key";
const MANUAL: &str = "docs/run-on-a-cluster.md says how it is made";

/// A Secret with an identity, as a DaemonSet wants it.
struct Wanted {
    zone: Option<String>,
    optional: bool,
}

/// The identity that each DaemonSet mounts, and the site's key.
pub async fn findings(client: &Client, seen: &Seen) -> Vec<Finding> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &seen.namespace);
    let mut findings = Vec::new();
    let sets = match &seen.sets {
        Answer::Is(sets) => sets.as_slice(),
        _ => &[],
    };
    for (name, wanted) in wanted(sets) {
        let secret = ask::get(&api, &name).await;
        findings.push(of_identity(&name, &wanted, &secret, UnixTime::now()));
    }
    findings.push(of_site_key(&ask::get(&api, SITE_KEY).await));
    findings
}

/// The Secrets with identities, by name.
fn wanted(sets: &[DaemonSet]) -> BTreeMap<String, Wanted> {
    let pods = sets
        .iter()
        .filter_map(|set| set.spec.as_ref()?.template.spec.as_ref());
    let secrets = pods.filter_map(|pod| {
        let volumes = pod.volumes.as_ref()?;
        let volume = volumes.iter().find(|volume| volume.name == "identity")?;
        let secret = volume.secret.as_ref()?;
        let selector = pod.node_selector.as_ref();
        let zone = selector.and_then(|selector| selector.get(ZONE)).cloned();
        let optional = secret.optional.unwrap_or(false);
        Some((secret.secret_name.clone()?, Wanted { zone, optional }))
    });
    secrets.collect()
}

fn of_identity(name: &str, wanted: &Wanted, secret: &Answer<Secret>, now: UnixTime) -> Finding {
    let section = Section::Identities;
    let shown = format!("Secret {name}");
    let secret = match secret.told(section, &shown) {
        Err(unchecked) => return unchecked,
        Ok(None) if wanted.optional => {
            let detail =
                "is not there: each host is one by itself, and runs whole pipelines without zones";
            let remedy = Some(format!("for hosts that work together: {MANUAL}"));
            return Finding::new(section, shown, State::Absent, detail, remedy);
        }
        Ok(None) => {
            let detail = "is not there, and its hosts' pods wait for it";
            return Finding::missing(section, shown, detail, MANUAL);
        }
        Ok(Some(secret)) => secret,
    };
    let empty = BTreeMap::new();
    let data = secret.data.as_ref().unwrap_or(&empty);
    let part = |key: &str| data.get(key).map(|bytes| bytes.0.as_slice());
    let (Some(chain), Some(_), Some(authority)) =
        (part("tls.crt"), part("tls.key"), part("ca.crt"))
    else {
        let there: Vec<&str> = data.keys().map(String::as_str).collect();
        let detail = format!(
            "has {}, and hosts need tls.crt, tls.key and ca.crt",
            if there.is_empty() {
                "nothing".to_owned()
            } else {
                there.join(", ")
            }
        );
        return Finding::missing(section, shown, detail, MANUAL);
    };
    match certificate::examine(chain, authority, now) {
        Err(why) => Finding::missing(section, shown, why, MANUAL),
        Ok(Certificate { zone, .. }) if wanted.zone.as_ref().is_some_and(|it| *it != zone) => {
            let wanted = wanted.zone.as_deref().unwrap_or_default();
            let detail = format!(
                "its certificate is of the zone `{zone}`, and the nodes that mount it are in `{wanted}`: \
                 hosts refuse to serve with it"
            );
            Finding::missing(section, shown, detail, MANUAL)
        }
        Ok(Certificate {
            zone,
            ends: Some(ends),
        }) => {
            let detail = format!("of the zone `{zone}`; it ends at {ends}, in less than a week");
            let remedy = "renew it: hosts take a new one from the Secret without being restarted";
            Finding::new(
                section,
                shown,
                State::Warning,
                detail,
                Some(remedy.to_owned()),
            )
        }
        Ok(Certificate { zone, ends: None }) => {
            let detail = format!("of the zone `{zone}`, for more than a week still");
            Finding::ok(section, shown, detail)
        }
    }
}

fn of_site_key(secret: &Answer<Secret>) -> Finding {
    let section = Section::Identities;
    let shown = format!("Secret {SITE_KEY}");
    match secret.told(section, &shown) {
        Err(unchecked) => unchecked,
        Ok(None) => Finding::new(
            section,
            shown,
            State::Absent,
            "is not there: members are each host's own, and lost with its pod",
            Some(format!("for members that all hosts have: {MANUAL}")),
        ),
        Ok(Some(secret)) => {
            let data = secret.data.as_ref();
            let key = data.and_then(|data| data.get("site.key"));
            if key.is_some_and(|key| !key.0.is_empty()) {
                let detail = "there; members are objects, encrypted with it";
                return Finding::ok(section, shown, detail);
            }
            let detail = "has no `site.key`";
            Finding::missing(section, shown, detail, MANUAL)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
    use std::time::Duration;

    const DAY: u64 = 24 * 60 * 60;

    /// A Secret with a certificate that names this and is good for some days from the beginning of 2026 on.
    fn secret(uri: &str, days: i64) -> Answer<Secret> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut host = CertificateParams::default();
        host.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        host.not_before = rcgen::date_time_ymd(2026, 1, 1);
        let ends = host.not_before + Duration::from_secs(days.unsigned_abs() * DAY);
        host.not_after = ends;
        let host = host.signed_by(&key, &authority).unwrap();
        let data = [
            ("tls.crt", host.pem()),
            ("tls.key", key.serialize_pem()),
            ("ca.crt", authority.pem()),
        ];
        let data = data.map(|(name, text)| (name.to_owned(), ByteString(text.into_bytes())));
        Answer::Is(Secret {
            data: Some(data.into()),
            ..Secret::default()
        })
    }

    fn found(secret: &Answer<Secret>) -> Finding {
        let wanted = Wanted {
            zone: Some("site".to_owned()),
            optional: false,
        };
        // The 11th of January 2026.
        let now = UnixTime::since_unix_epoch(Duration::from_secs(20_464 * DAY));
        of_identity("footlight-identity-site", &wanted, secret, now)
    }

    #[test]
    fn a_certificate_of_its_zone_that_lasts_is_right() {
        let finding = found(&secret("spiffe://example.org/zone/site", 90));
        assert_eq!(finding.state, State::Ok, "{finding:?}");
    }

    #[test]
    fn one_of_another_zone_or_of_none_is_not() {
        let finding = found(&secret("spiffe://example.org/zone/cloud", 90));
        assert_eq!(finding.state, State::Missing);
        assert!(finding.detail.contains("`cloud`"), "{finding:?}");
        let finding = found(&secret("spiffe://example.org/host/a", 90));
        assert_eq!(finding.state, State::Missing);
        assert!(finding.detail.contains("names no zone"), "{finding:?}");
    }

    #[test]
    fn one_that_ends_soon_is_looked_at_and_one_that_ended_is_missing() {
        let finding = found(&secret("spiffe://example.org/zone/site", 12));
        assert_eq!(finding.state, State::Warning);
        assert!(finding.detail.contains("2026-01-13"), "{finding:?}");
        let finding = found(&secret("spiffe://example.org/zone/site", 9));
        assert_eq!(finding.state, State::Missing);
        assert!(finding.detail.contains("2026-01-10"), "{finding:?}");
    }

    #[test]
    fn one_of_another_authority_is_not_trusted() {
        let mut one = secret("spiffe://example.org/zone/site", 90);
        let other = secret("spiffe://example.org/zone/site", 90);
        if let (Answer::Is(one), Answer::Is(other)) = (&mut one, other) {
            let ca = other.data.unwrap().remove("ca.crt").unwrap();
            one.data.as_mut().unwrap().insert("ca.crt".to_owned(), ca);
        }
        let finding = found(&one);
        assert_eq!(finding.state, State::Missing);
        assert!(finding.detail.contains("ca.crt"), "{finding:?}");
    }

    #[test]
    fn what_may_not_be_read_is_not_said_to_be_missing() {
        let finding = found(&Answer::Untold("you may not: no".to_owned()));
        assert_eq!(finding.state, State::Unchecked);
        assert_eq!(found(&Answer::Nothing).state, State::Missing);
        let keys = Answer::Is(Secret::default());
        assert!(found(&keys).detail.contains("tls.crt, tls.key and ca.crt"));
    }
}
