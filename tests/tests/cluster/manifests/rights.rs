//! Who may do what, who may speak with whom, and who gets which key.

use super::{objects, objects_of, of_kind};
use crate::needs::{CannotBeDone, Need, trial};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "manifests: hosts alone get rights, to the least that works, and none to Secrets",
            &[Need::Kubectl],
            least,
        ),
        trial(
            "manifests: hosts speak with each other, and nobody else with them but for frames",
            &[Need::Kubectl],
            between_hosts,
        ),
        trial(
            "manifests: a host gets the identity of its node's zone and no other",
            &[Need::Kubectl],
            own_zone,
        ),
    ]
}

fn least() -> Result<(), CannotBeDone> {
    let objects = objects();
    let hosts = json!([{"kind": "ServiceAccount", "name": "footlight", "namespace": "footlight"}]);
    for kind in ["RoleBinding", "ClusterRoleBinding"] {
        let bindings = of_kind(&objects, kind);
        assert!(!bindings.is_empty());
        for binding in bindings {
            assert_eq!(binding["subjects"], hosts, "{binding}");
        }
    }
    let rules = |kind: &str| {
        let role = of_kind(&objects, kind)[0];
        role["rules"].as_array().unwrap().clone()
    };
    let reads = json!(["get", "list", "watch"]);
    let in_namespace = [
        ("footlight.dev", "pipelines", reads.clone()),
        (
            "footlight.dev",
            "pipelines/status",
            json!(["get", "patch", "update"]),
        ),
        (
            "footlight.dev",
            "members",
            json!([
                "get", "list", "watch", "create", "update", "patch", "delete"
            ]),
        ),
        ("", "pods", reads.clone()),
    ];
    let rule = |(group, resource, verbs): (&str, &str, Value)| json!({"apiGroups": [group], "resources": [resource], "verbs": verbs});
    let in_namespace: Vec<Value> = in_namespace.into_iter().map(rule).collect();
    assert_eq!(rules("Role"), in_namespace);
    assert_eq!(rules("ClusterRole"), [rule(("", "nodes", reads))]);
    // The token is in a pod because the pod asks for it; another pod of the account gets none unasked.
    for account in of_kind(&objects, "ServiceAccount") {
        assert_eq!(account["automountServiceAccountToken"], false);
    }
    for set in of_kind(&objects, "DaemonSet") {
        let pod = &set["spec"]["template"]["spec"];
        assert_eq!(pod["automountServiceAccountToken"], true);
        assert_eq!(pod["serviceAccountName"], "footlight");
    }
    Ok(())
}

fn between_hosts() -> Result<(), CannotBeDone> {
    let objects = objects();
    let hosts = json!({"matchLabels": {"app.kubernetes.io/name": "footlight"}});
    let only_hosts = json!([{"podSelector": hosts}]);
    let mut peers = 0;
    for policy in of_kind(&objects, "NetworkPolicy") {
        let spec = &policy["spec"];
        assert_eq!(spec["podSelector"], hosts);
        assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
        for (way, who) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec[way].as_array().unwrap() {
                // A rule without ports is of all.
                let ports = rule["ports"].as_array().unwrap();
                let of_peers = ports.iter().any(|port| port["port"] == 7421);
                assert_eq!(rule[who] == only_hosts, of_peers, "{rule}");
                assert!(!of_peers || ports.len() == 1, "{rule}");
                peers += usize::from(of_peers);
                let frames = ports.iter().all(|port| port["port"] == 7420);
                assert!(way == "egress" || of_peers || frames, "{rule}");
            }
        }
    }
    // In and out, in every overlay.
    assert_eq!(peers, 14);
    Ok(())
}

fn own_zone() -> Result<(), CannotBeDone> {
    let built = objects_of("across-zones");
    let sets = of_kind(&built, "DaemonSet");
    assert_eq!(sets.len(), 4);
    for set in sets {
        let pod = &set["spec"]["template"]["spec"];
        let zone = pod["nodeSelector"]["footlight.dev/zone"].as_str().unwrap();
        assert_eq!(
            set["spec"]["selector"]["matchLabels"]["footlight.dev/zone"],
            zone
        );
        let volumes = pod["volumes"].as_array().unwrap();
        let secrets: Vec<&Value> = volumes
            .iter()
            .map(|volume| &volume["secret"]["secretName"])
            .filter(|name| !name.is_null())
            .collect();
        let identity = format!("footlight-identity-{zone}");
        assert_eq!(secrets, [identity.as_str(), "footlight-site-key"]);
    }
    Ok(())
}
