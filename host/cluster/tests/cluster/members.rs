//! Members on a cluster, as hosts have them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use base64ct::{Base64, Encoding};
use footlight_cluster::ClusterMembers;
use footlight_gallery::{Gallery, Gate, Quality, SealedMember, Template};
use footlight_pipeline::{Members, MembersError};
use footlight_trust::SiteKey;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::api::{Api, until};

const MEMBERS: &str = "members";

/// A host, with what it was told.
struct Host {
    all: Arc<ClusterMembers>,
    members: Arc<dyn Members>,
    told: Arc<Mutex<Vec<String>>>,
    follows: JoinHandle<()>,
}

impl Host {
    fn new(api: &Api, cache: Option<&Path>) -> Self {
        let cache = cache.map(Path::to_owned);
        let all = ClusterMembers::new(api.client(), "footlight", Handle::current(), cache);
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let tell = told.clone();
        let follows = all
            .clone()
            .follow(move |pipeline| tell.lock().unwrap().push(pipeline.to_owned()));
        Self {
            members: all.of("members"),
            follows: tokio::spawn(follows),
            all,
            told,
        }
    }

    fn names(&self) -> Vec<String> {
        let all = self.members.all();
        let mut names: Vec<_> = all.iter().map(|member| member.name.clone()).collect();
        names.sort();
        names
    }

    /// When the members that it knows were sealed.
    fn when(&self) -> Vec<u64> {
        let all = self.members.all();
        let all = all.iter().map(|member| member.about().unwrap().sealed);
        all.collect()
    }

    async fn put(&self, member: &SealedMember) -> Result<(), MembersError> {
        let (members, member) = (self.members.clone(), member.clone());
        spawn_blocking(move || members.put(member)).await.unwrap()
    }

    async fn remove(&self, member: &SealedMember) -> Result<bool, MembersError> {
        let (members, name) = (self.members.clone(), member.name.clone());
        spawn_blocking(move || members.remove(&name)).await.unwrap()
    }

    fn told(&self) -> usize {
        self.told.lock().unwrap().len()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

fn sealed(key: &SiteKey, id: &str, when: u64) -> SealedMember {
    let gallery = Gallery::in_memory("8f2c", 4).unwrap();
    let template = Template {
        feature: vec![1.0, 0.0, when as f32, 0.0],
        quality: Quality {
            face_pixels: 90.0,
            turn: 0.1,
            sharpness: 100.0,
            score: 0.9,
        },
        enrolled: when,
    };
    let enrolled = gallery
        .admit(&id.parse().unwrap(), &[template], &Gate::default())
        .unwrap();
    gallery
        .seal_member(&enrolled, key, "members", Some("site"), when)
        .unwrap()
}

fn opens(member: &SealedMember, key: &SiteKey) -> bool {
    member.open(key, "members", "8f2c", 4).is_ok()
}

fn object(member: &SealedMember) -> Value {
    json!({
        "apiVersion": "footlight.dev/v1alpha1",
        "kind": "Member",
        "metadata": {"name": format!("members-{}", member.name)},
        "spec": {
            "pipeline": "members",
            "about": member.about,
            "sealed": Base64::encode_string(&member.sealed),
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_host_enrols_and_forgets_all_have_within_a_second() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let (one, other) = (Host::new(&api, None), Host::new(&api, None));
    let ada = sealed(&key, "ada.lovelace", 1);
    one.put(&ada).await.unwrap();
    assert_eq!(one.names(), [ada.name.clone()], "known here at once");
    assert_eq!(api.names(MEMBERS), [format!("members-{}", ada.name)]);
    let began = Instant::now();
    until("at the other", || other.names() == [ada.name.clone()]).await;
    until("the other is told", || other.told() > 0).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    // What comes is what was sealed, to the last byte.
    assert!(opens(&other.members.all()[0], &key));
    let stored = api.with(|stored| stored.objects.values().next().unwrap().to_string());
    assert!(!stored.contains("ada.lovelace"), "{stored}");
    assert_eq!(other.all.of("visitors").all(), []);
    let told = one.told();
    assert_eq!(other.remove(&ada).await, Ok(true));
    assert!(other.names().is_empty() && api.names(MEMBERS).is_empty());
    until("forgotten", || one.names().is_empty() && one.told() > told).await;
    assert_eq!(one.remove(&ada).await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_are_told_together() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let host = Host::new(&api, None);
    api.with(|stored| {
        for n in 0..200 {
            stored.create(MEMBERS, object(&sealed(&key, &format!("m{n}"), 1)));
        }
    });
    until("all", || host.names().len() == 200 && host.told() > 0).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.told() < 20, "{}", host.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_overtaken_tries_again_and_not_for_ever() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let host = Host::new(&api, None);
    // Somebody else makes it first, and changes it in between.
    api.with(|stored| stored.overtaken = 2);
    let ada = sealed(&key, "ada", 5);
    host.put(&ada).await.unwrap();
    assert_eq!(api.with(|stored| stored.overtaken), 0);
    assert!(opens(&host.members.all()[0], &key));
    api.with(|stored| stored.overtaken = 1000);
    let error = host.put(&ada).await.unwrap_err();
    assert!(matches!(error, MembersError::Changed(_)), "{error:?}");
    api.with(|stored| stored.overtaken = 0);
    // Another host has enrolled the same one later, and this one does not know.
    let error = host.put(&sealed(&key, "ada", 4)).await.unwrap_err();
    assert!(matches!(error, MembersError::Changed(_)), "{error:?}");
    assert_eq!(host.when(), [5]);
    host.put(&sealed(&key, "ada", 6)).await.unwrap();
    assert_eq!(host.when(), [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_behind_brings_nothing_back() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let host = Host::new(&api, None);
    // Something to see that it watches.
    api.with(|stored| stored.create(MEMBERS, object(&sealed(&key, "eve", 2))));
    until("it watches", || host.told() > 0).await;
    let (ada, bob) = (sealed(&key, "ada", 1), sealed(&key, "bob", 1));
    let now = api.with(|stored| {
        stored.up_to = Some(stored.version);
        stored.version
    });
    host.put(&ada).await.unwrap();
    host.put(&bob).await.unwrap();
    host.put(&sealed(&key, "bob", 2)).await.unwrap();
    host.remove(&ada).await.unwrap();
    assert_eq!(host.when(), [2, 2]);
    // It tells of the one who was forgotten, and of the other as before; and only then of the rest.
    for up_to in [Some(now + 2), None] {
        api.with(|stored| stored.up_to = up_to);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(host.when(), [2, 2], "{up_to:?}");
    }
    host.put(&sealed(&key, "ada", 2)).await.unwrap();
    assert_eq!(host.when(), [2, 2, 2], "enrolled anew under the same name");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_api_server_away_members_stay_and_changes_say_so() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ada = sealed(&key, "ada", 1);
    {
        let host = Host::new(&api, Some(folder.path()));
        host.put(&ada).await.unwrap();
        let file = folder.path().join("members.json");
        until("remembered", || file.exists()).await;
        api.with(|stored| stored.away = Some(StatusCode::SERVICE_UNAVAILABLE));
        let error = host.put(&sealed(&key, "bob", 1)).await.unwrap_err();
        assert!(matches!(error, MembersError::Away(_)), "{error:?}");
        let error = host.remove(&ada).await.unwrap_err();
        assert!(matches!(error, MembersError::Away(_)), "{error:?}");
        assert_eq!(host.names(), [ada.name.clone()]);
    }
    // One that starts now goes by what was last known; and takes what there is when the API server is back.
    let host = Host::new(&api, Some(folder.path()));
    assert!(opens(&host.members.all()[0], &key));
    api.with(|stored| {
        stored.away = None;
        stored.objects.clear();
    });
    until("what there is", || {
        host.names().is_empty() && host.told() > 0
    })
    .await;
    api.with(|stored| stored.away = Some(StatusCode::FORBIDDEN));
    let error = host.put(&ada).await.unwrap_err();
    let says = |word: &str| matches!(&error, MembersError::Failed(why) if why.contains(word));
    assert!(says("Role"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_no_member_takes_no_other_with_it() {
    let (api, key) = (Api::default(), SiteKey::generate().unwrap());
    let ada = sealed(&key, "ada", 1);
    api.with(|stored| {
        for (name, spec) in [
            (
                "members-1",
                json!({"pipeline": "members", "about": "", "sealed": "%"}),
            ),
            ("members-2", json!({"pipeline": 7})),
            (
                "members-3",
                json!({"pipeline": "visitors", "about": "", "sealed": ""}),
            ),
            ("members-4", Value::Null),
        ] {
            stored.create(MEMBERS, json!({"metadata": {"name": name}, "spec": spec}));
        }
    });
    let host = Host::new(&api, None);
    host.put(&ada).await.unwrap();
    until("told", || host.told() > 0).await;
    assert_eq!(host.names(), [ada.name]);
    assert_eq!(host.all.of("visitors").all(), []);
}
