//! What hosts may do with the API server: what k8s/base/site/access.yaml has, and no Secrets.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};

use super::{Finding, INSTALL, NAME, Section, State, ask};

const READ: &[&str] = &["get", "list", "watch"];
const STATUS: &[&str] = &["get", "patch", "update"];
const ALL: &[&str] = &[
    "get", "list", "watch", "create", "update", "patch", "delete",
];

/// Group, resource, part of it, verbs, and whether it is in the namespace.
const NEEDED: [(&str, &str, &str, &[&str], bool); 5] = [
    ("footlight.dev", "pipelines", "", READ, true),
    ("footlight.dev", "pipelines", "status", STATUS, true),
    ("footlight.dev", "members", "", ALL, true),
    ("", "pods", "", READ, true),
    ("", "nodes", "", READ, false),
];

/// Whether hosts may do all that they need, and not read Secrets. The API server is asked about them, which takes the right
/// to ask.
pub async fn findings(client: &Client, namespace: &str) -> Vec<Finding> {
    let name = format!("account {NAME}");
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    let mut lacking = Vec::new();
    for (group, resource, part, verbs, inside) in NEEDED {
        for verb in verbs {
            let attributes = ResourceAttributes {
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource: Some(part.to_owned()).filter(|part| !part.is_empty()),
                verb: Some((*verb).to_owned()),
                namespace: inside.then(|| namespace.to_owned()),
                ..ResourceAttributes::default()
            };
            match may(&api, namespace, attributes).await {
                Err(why) => return vec![Finding::unchecked(Section::Rights, name, &why)],
                Ok(true) => {}
                Ok(false) => lacking.push(if part.is_empty() {
                    format!("{verb} {resource}")
                } else {
                    format!("{verb} {resource}/{part}")
                }),
            }
        }
    }
    let mut findings = vec![if lacking.is_empty() {
        let detail = "may read pipelines, pods and nodes, keep members, and say how pipelines are";
        Finding::ok(Section::Rights, name, detail)
    } else {
        let detail = format!("may not: {}", lacking.join(", "));
        Finding::missing(Section::Rights, name, detail, INSTALL)
    }];
    let secrets = ResourceAttributes {
        resource: Some("secrets".to_owned()),
        verb: Some("get".to_owned()),
        namespace: Some(namespace.to_owned()),
        ..ResourceAttributes::default()
    };
    let name = "Secrets";
    findings.push(match may(&api, namespace, secrets).await {
        Err(why) => Finding::unchecked(Section::Rights, name, &why),
        Ok(false) => Finding::ok(
            Section::Rights,
            name,
            "hosts may not read them through the API server",
        ),
        Ok(true) => Finding::new(
            Section::Rights,
            name,
            State::Warning,
            "hosts may read them through the API server, those of other zones too",
            Some("find the binding of the service account that is not of k8s/base/site/access.yaml, and take it away".to_owned()),
        ),
    });
    findings
}

/// Whether the hosts' service account may do something.
async fn may(
    api: &Api<SubjectAccessReview>,
    namespace: &str,
    what: ResourceAttributes,
) -> Result<bool, String> {
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{namespace}:{NAME}")),
            groups: Some(vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ]),
            resource_attributes: Some(what),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let answer = api.create(&PostParams::default(), &review).await;
    let answer = answer.map_err(|error| ask::why(&error))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
