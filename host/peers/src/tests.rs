//! What a host does with others that are busy, gone or elsewhere, over real connections.

use hyper::header::HeaderMap;

use crate::Refused;
use crate::harness::{Authority, Other, Sender, feature, frame};
use crate::trace::Trace;

fn trace() -> Trace {
    let mut headers = HeaderMap::new();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.insert("traceparent", parent.parse().unwrap());
    headers.insert("tracestate", "vendor=1".parse().unwrap());
    Trace::of(&headers)
}

fn count(sender: &Sender, name: &str) -> f64 {
    sender.counted().get(name).copied().unwrap_or_default()
}

/// Two of a zone of which the first is asked first, as it is on the sender's node.
async fn two(authority: &Authority) -> (Other, Other, Sender) {
    let near = Other::start(authority, "site", "here").await;
    let far = Other::start(authority, "site", "there").await;
    let sender = Sender::start(authority, &[&near, &far]);
    near.runs(&sender.pipeline, &["detect"]);
    far.runs(&sender.pipeline, &["detect"]);
    sender.until_run("detect", 2).await;
    (near, far, sender)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_along_and_what_others_added_stays_in_its_zone() {
    let authority = Authority::new();
    let site = Other::start(&authority, "site", "gpu").await;
    let cloud = Other::start(&authority, "cloud", "rack").await;
    let sender = Sender::start(&authority, &[&site, &cloud]);
    site.runs(&sender.pipeline, &["detect"]);
    cloud.runs(&sender.pipeline, &["verify"]);
    sender.until_run("detect", 1).await;
    sender.until_run("verify", 1).await;
    let trace = trace();
    sender.send("detect", frame(), &trace).await.unwrap();
    sender.send("verify", feature(), &trace).await.unwrap();
    let seen = |other: &Other| other.stub.traces.lock().unwrap().first().cloned().unwrap();
    let (near, far) = (seen(&site), seen(&cloud));
    for seen in [&near, &far] {
        assert_eq!(seen.id(), trace.id());
        assert_ne!(seen.part_id(), trace.part_id());
    }
    // Equal to itself without what was added: nothing was.
    assert_ne!(near, near.clone().bare());
    assert_eq!(far, far.clone().bare());

    let counted = sender.counted();
    let done = |zone: &str, node: &str| {
        let name =
            format!("footlight_errands_total{{zone=\"{zone}\",node=\"{node}\",outcome=\"done\"}}");
        counted.get(&name).copied()
    };
    assert_eq!(
        (done("site", "gpu"), done("cloud", "rack")),
        (Some(1.0), Some(1.0))
    );
    for some in [
        "footlight_peer_bytes_total{link=\"same-zone\",direction=\"sent\"}",
        "footlight_peer_bytes_total{link=\"other-zone\",direction=\"sent\"}",
        "footlight_peer_bytes_total{link=\"other-zone\",direction=\"received\"}",
        "footlight_errand_items_total{zone=\"cloud\",node=\"rack\"}",
        "footlight_errand_seconds_count{zone=\"cloud\",node=\"rack\"}",
        "footlight_peer_round_trip_seconds_count{zone=\"cloud\",node=\"rack\"}",
        "footlight_peers{zone=\"cloud\",node=\"rack\",state=\"there\"}",
    ] {
        assert!(counted.contains_key(some), "{some} in {counted:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_busy_is_passed_over_and_where_all_are_that_is_said() {
    let authority = Authority::new();
    let (near, far, sender) = two(&authority).await;
    let busy = || Some(Refused::busy("queue-full", "all workers are busy"));
    near.says(busy());
    sender
        .send("detect", frame(), &Trace::default())
        .await
        .unwrap();
    assert_eq!((near.asked(), far.asked()), (1, 1));
    far.says(busy());
    let failure = sender.send("detect", frame(), &Trace::default()).await;
    assert_eq!(failure.unwrap_err().code(), "stage-busy-elsewhere");
    assert_eq!((near.asked(), far.asked()), (2, 2), "each once a frame");
    let errands = |node: &str, outcome: &str| {
        let of = format!("zone=\"site\",node=\"{node}\",outcome=\"{outcome}\"");
        count(&sender, &format!("footlight_errands_total{{{of}}}"))
    };
    assert_eq!(errands("here", "busy"), 2.0);
    assert_eq!(
        (errands("there", "done"), errands("there", "busy")),
        (1.0, 1.0)
    );
    let again = "footlight_errand_retries_total{zone=\"site\",node=\"there\"}";
    assert_eq!(count(&sender, again), 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_has_moved_is_found_where_it_is_now() {
    let authority = Authority::new();
    let (near, far, sender) = two(&authority).await;
    far.runs(&sender.pipeline, &[]);
    sender.until_run("detect", 1).await;
    // It moves from the one to the other at once; that the sender has not heard of it is what makes it ask the first.
    let about = "this host does not run the stage `detect` of `members`";
    near.says(Some(Refused::not_here(about)));
    far.runs(&sender.pipeline, &["detect"]);
    sender
        .send("detect", frame(), &Trace::default())
        .await
        .unwrap();
    assert_eq!(far.asked(), 1);
    // Where it is nowhere, that is said before long.
    near.runs(&sender.pipeline, &["detect"]);
    far.runs(&sender.pipeline, &[]);
    sender.until_run("detect", 1).await;
    let failure = sender.send("detect", frame(), &Trace::default()).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.code(), "stage-not-served");
    assert!(failure.to_string().contains(about), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_in_the_middle_is_opened_again_where_there_is_no_other_host() {
    let authority = Authority::new();
    let mut only = Other::start(&authority, "site", "gpu").await;
    let sender = Sender::start(&authority, &[&only]);
    only.runs(&sender.pipeline, &["detect"]);
    sender.until_run("detect", 1).await;
    only.hangs();
    let trace = Trace::default();
    let cut = async {
        sender.until(|_| only.asked() == 1).await;
        only.cut().await;
    };
    let (sent, ()) = tokio::join!(sender.send("detect", frame(), &trace), cut);
    sent.unwrap();
    assert_eq!(only.asked(), 2);
    let errands = |outcome: &str| {
        let of = format!("zone=\"site\",node=\"gpu\",outcome=\"{outcome}\"");
        count(&sender, &format!("footlight_errands_total{{{of}}}"))
    };
    assert_eq!((errands("gone"), errands("done")), (1.0, 1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_about_to_end_is_asked_no_more() {
    let authority = Authority::new();
    let (near, far, sender) = two(&authority).await;
    near.stub.stops();
    sender.until_run("detect", 1).await;
    sender
        .send("detect", frame(), &Trace::default())
        .await
        .unwrap();
    assert_eq!((near.asked(), far.asked()), (0, 1));
    let state = "footlight_peers{zone=\"site\",node=\"here\",state=\"stopping\"}";
    assert_eq!(count(&sender, state), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_expired_is_why_and_a_new_one_heals() {
    let authority = Authority::new();
    let site = Other::start(&authority, "site", "gpu").await;
    let sender = Sender::start(&authority, &[&site]);
    site.runs(&sender.pipeline, &["detect"]);
    sender.until_run("detect", 1).await;
    let folder = sender.certificate.path();
    authority.write(folder, "site", 2020);
    sender.until_run("detect", 0).await;
    let failure = sender.send("detect", frame(), &Trace::default()).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.code(), "stage-not-served");
    let why = "this host's own certificate is not right: the certificate has expired: it ended at Thu, 31 Dec 2020";
    assert!(failure.to_string().contains(why), "{failure}");
    // The words stay the same, so that they are said once.
    let away = |sender: &Sender| {
        sender
            .peers
            .list()
            .first()
            .and_then(|peer| peer.away.clone())
    };
    sender
        .until(|sender| away(sender).is_some_and(|away| away.starts_with(why)))
        .await;
    let nobody = "footlight_errands_total{zone=\"\",node=\"\",outcome=\"nobody\"}";
    assert_eq!(count(&sender, nobody), 1.0);

    authority.write(folder, "site", 4000);
    sender.until_run("detect", 1).await;
    sender
        .send("detect", frame(), &Trace::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_certificate_has_expired_is_not_spoken_to() {
    let authority = Authority::new();
    let site = Other::start(&authority, "site", "gpu").await;
    let sender = Sender::start(&authority, &[&site]);
    site.runs(&sender.pipeline, &["detect"]);
    sender.until_run("detect", 1).await;
    site.expires(&authority);
    sender.until_run("detect", 0).await;
    let expired = |sender: &Sender| {
        let away = sender
            .peers
            .list()
            .first()
            .and_then(|peer| peer.away.clone());
        away.is_some_and(|away| away.contains("TLS: the certificate has expired: it ended at"))
    };
    sender.until(expired).await;
}
