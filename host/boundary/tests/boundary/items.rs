//! Items that leave and arrive, and those that do not.

use crate::members::{layout, pipeline, zone};
use footlight_boundary::{
    Arrival, Content, Departure, Element, Frame, Item, Labels, Packed, Parcel, Payload, Plan,
    Refusal, Sent, Value, check,
};
use std::sync::Arc;
use std::time::Duration;

struct Members;

impl Labels for Members {
    fn place(&self, model: &str, label: &str) -> Option<u64> {
        (model == "gallery" && label == "ann").then_some(0)
    }
}

fn plan() -> Arc<Plan> {
    Arc::new(check(&pipeline(), &layout()).into_plan().unwrap())
}

fn departure(from: &str) -> Departure {
    Departure::new(plan(), zone(from)).unwrap()
}

fn feature() -> Vec<u8> {
    let number = |place: u16| (f32::from(place) * 0.7).sin() / 16.0;
    (0..512)
        .flat_map(|place| number(place).to_le_bytes())
        .collect()
}

fn tensor<'a>(data: &'a [u8], shape: &'a [u32]) -> Item<'a> {
    let element = Element::F32;
    Item {
        class: "feature",
        payload: Payload::Tensor {
            element,
            shape,
            data,
        },
        attributes: &[("note", Value::Text("a face, in base64"))],
    }
}

/// What a departure from the site for the cloud says of an item.
fn sent(item: &Item) -> Result<Parcel, Refusal> {
    departure("site").admit(
        &mut Frame::default(),
        item,
        &zone("cloud"),
        &Members,
        Duration::ZERO,
    )
}

fn verdict<'a>(fields: &'a [(&'a str, Value<'a>)]) -> Item<'a> {
    Item {
        class: "verdict",
        payload: Payload::Document(fields),
        attributes: &[],
    }
}

fn told(item: &Item) -> Result<Parcel, Refusal> {
    departure("cloud").admit(
        &mut Frame::default(),
        item,
        &zone("site"),
        &Members,
        Duration::ZERO,
    )
}

#[test]
fn a_feature_leaves_rounded_and_alone_and_arrives_as_its_class_says() {
    let data = feature();
    let parcel = sent(&tensor(&data, &[1, 512])).unwrap();
    assert!(matches!(&parcel.content, Packed::Tensor(bytes) if bytes.len() == 512));
    assert!(parcel.attributes.is_empty(), "{:?}", parcel.attributes);
    let arrival = Arrival::new(plan(), zone("cloud")).unwrap();
    let Content::Tensor {
        element,
        shape,
        data,
    } = arrival.admit("site", &parcel).unwrap().content
    else {
        panic!("a tensor was sent")
    };
    assert_eq!(
        (element, shape.as_slice(), data.len()),
        (Element::F32, [1, 512].as_slice(), 2048)
    );
}

#[test]
fn five_ways_to_get_a_face_out() {
    let data = feature();
    let long = vec![7; 3 * 112 * 112];
    let text = [
        ("member", Value::Flag(true)),
        ("id", Value::Text("/9j/4AAQSkZJRg")),
    ];
    let more = [("pixels", Value::Other("numbers"))];
    let image = Item {
        class: "feature",
        payload: Payload::Image,
        attributes: &[],
    };
    let crop = Item {
        class: "crop",
        payload: Payload::Image,
        attributes: &[],
    };
    // Said to be something else than it is: its class is an image's all the same.
    let disguised = Item {
        class: "crop",
        ..tensor(&data, &[1, 512])
    };
    for (refused, code, words) in [
        (
            sent(&crop),
            "boundary-image",
            "`crop` is an image: it does not leave `site` for `cloud`",
        ),
        (sent(&image), "boundary-image", "no image leaves its zone"),
        (sent(&disguised), "boundary-image", "`crop`"),
        (
            sent(&tensor(&long, &[1, 3, 112, 112])),
            "boundary-form",
            "f32 [1, 3, 112, 112]",
        ),
        (
            sent(&tensor(&long, &[1, 512])),
            "boundary-form",
            "37632 bytes",
        ),
        (
            sent(&verdict(&[])),
            "boundary-no-way",
            "no rule of the pipeline lets it",
        ),
        (
            told(&verdict(&text)),
            "boundary-form",
            "`id` is a text that is not one of the first 1000 labels",
        ),
        (
            told(&verdict(&more)),
            "boundary-form",
            "`pixels` is not a field that the rule names",
        ),
    ] {
        let refusal = refused.unwrap_err();
        assert_eq!(refusal.code(), code, "{refusal}");
        assert!(refusal.to_string().contains(words), "{refusal}");
        assert!(
            !refusal.to_string().contains("/9j/"),
            "what a stage wrote is in no log: {refusal}"
        );
    }
    let unlike = vec![0xff; 2048];
    assert!(
        sent(&tensor(&unlike, &[1, 512]))
            .unwrap_err()
            .to_string()
            .contains("not finite")
    );
}

#[test]
fn a_verdict_leaves_with_known_ids_and_in_steps() {
    let fields = [
        ("member", Value::Flag(true)),
        ("id", Value::Text("ann")),
        ("similarity", Value::Number(0.123_456_789)),
    ];
    let parcel = told(&verdict(&fields)).unwrap();
    let arrived = Arrival::new(plan(), zone("site"))
        .unwrap()
        .admit("cloud", &parcel)
        .unwrap();
    let Content::Document(fields) = arrived.content else {
        panic!("a document was sent")
    };
    assert_eq!(fields["id"], Sent::Label("ann".to_owned()));
    assert!(matches!(fields["similarity"], Sent::Number(number) if (number - 0.12).abs() < 1e-9));
}

#[test]
fn no_more_leave_than_the_rule_says() {
    let (data, mut departure) = (feature(), departure("site"));
    let item = tensor(&data, &[1, 512]);
    let mut admit = |frame: &mut Frame, ms| {
        departure.admit(
            frame,
            &item,
            &zone("cloud"),
            &Members,
            Duration::from_millis(ms),
        )
    };
    let mut first = Frame::default();
    for _ in 0..3 {
        admit(&mut first, 0).unwrap();
    }
    let refusal = admit(&mut first, 0).unwrap_err();
    assert_eq!(refusal.code(), "boundary-per-frame");
    assert!(
        refusal.to_string().contains("3 of this frame have left"),
        "{refusal}"
    );
    // Seven more of other frames, which makes ten; then one each tenth of a second.
    for _ in 0..7 {
        admit(&mut Frame::default(), 0).unwrap();
    }
    let refusal = admit(&mut Frame::default(), 0).unwrap_err();
    assert_eq!(refusal.code(), "boundary-per-second");
    assert!(
        refusal.to_string().contains("no more than 10 a second"),
        "{refusal}"
    );
    assert!(admit(&mut Frame::default(), 99).is_err());
    assert!(admit(&mut Frame::default(), 101).is_ok());
    assert!(admit(&mut Frame::default(), 102).is_err());
}

#[test]
fn where_nothing_takes_it_nothing_goes_though_a_rule_would_let_it() {
    let mut layout = layout();
    layout.zones.names.insert(zone("edge"));
    layout
        .boundary
        .get_mut("feature")
        .unwrap()
        .to
        .insert(zone("edge"));
    let plan = Arc::new(check(&pipeline(), &layout).into_plan().unwrap());
    let data = feature();
    let item = tensor(&data, &[1, 512]);
    let mut departure = Departure::new(plan, zone("site")).unwrap();
    let mut admit = |to| {
        departure.admit(
            &mut Frame::default(),
            &item,
            &zone(to),
            &Members,
            Duration::ZERO,
        )
    };
    assert!(admit("cloud").is_ok());
    let refusal = admit("edge").unwrap_err().to_string();
    assert!(
        refusal.contains("nothing of the pipeline that is there takes it"),
        "{refusal}"
    );
}

#[test]
fn a_host_believes_no_sender() {
    let data = feature();
    let parcel = sent(&tensor(&data, &[1, 512])).unwrap();
    let cloud = Arrival::new(plan(), zone("cloud")).unwrap();
    let unknown = cloud.admit("moon", &parcel).unwrap_err();
    assert!(
        unknown.to_string().contains("there is no zone `moon`"),
        "{unknown}"
    );
    // The way back is not open, nor that to oneself.
    for (at, sender) in [("site", "cloud"), ("cloud", "cloud")] {
        let refusal = Arrival::new(plan(), zone(at))
            .unwrap()
            .admit(sender, &parcel)
            .unwrap_err();
        assert!(
            refusal
                .to_string()
                .contains("no rule of the pipeline lets it"),
            "{refusal}"
        );
    }
    let wrong = |content: Packed| {
        let parcel = Parcel {
            content,
            ..parcel.clone()
        };
        cloud.admit("site", &parcel).unwrap_err().to_string()
    };
    assert!(wrong(Packed::Tensor(vec![0; 2048])).contains("its 2048 bytes"));
    assert!(wrong(Packed::Tensor(vec![77; 512])).contains("its 512 bytes"));
    assert!(wrong(Packed::Document(Default::default())).contains("it holds a document"));
    let mut more = parcel.clone();
    more.attributes
        .insert("note".to_owned(), Sent::Label("x".to_owned()));
    assert!(
        cloud
            .admit("site", &more)
            .unwrap_err()
            .to_string()
            .contains("attribute `note`")
    );
    let crop = Parcel {
        class: "crop".to_owned(),
        ..parcel.clone()
    };
    assert_eq!(
        cloud.admit("site", &crop).unwrap_err().code(),
        "boundary-no-way"
    );
    let exact = Packed::Document([("similarity".to_owned(), Sent::Number(0.123_456))].into());
    let verdict = Parcel {
        class: "verdict".to_owned(),
        content: exact,
        attributes: Default::default(),
    };
    let site = Arrival::new(plan(), zone("site")).unwrap();
    assert!(
        site.admit("cloud", &verdict)
            .unwrap_err()
            .to_string()
            .contains("in 200 steps")
    );
}
