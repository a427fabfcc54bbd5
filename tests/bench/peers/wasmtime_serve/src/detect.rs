//! From the bytes of a photo to its faces.

use face_detection::decode::{Outputs, decode};
use face_detection::letterbox::Letterbox;
use face_detection::nms;
use face_detection::settings::Size;
use footlight_media::{
    Affine, Channels, DecodeLimits, Encoding, Filter, Image, Region as Part, View,
};
use footlight_stage as stage;
use serde_json::{Value, json};
use stage::{Tensor, TensorType};

use crate::infer;

// As the pipeline file of the comparison sets them.
const INPUT: Size = Size {
    width: 320,
    height: 320,
};
const MIN_SCORE: f32 = 0.6;
const IOU: f32 = 0.4;
const MAX_FACES: usize = 64;

/// The faces in a photo, as JSON.
pub fn faces(photo: &[u8]) -> Result<String, String> {
    let limits = DecodeLimits::default();
    let frame = Image::decode(photo, &limits).map_err(|error| error.to_string())?;
    let letterbox = Letterbox::new((frame.width(), frame.height()), INPUT);
    let encoding = Encoding {
        channels: Channels::Bgr,
        mean: [104.0, 117.0, 127.0],
        ..Encoding::default()
    };
    let pixels = frame
        .tensor(&view(letterbox.view())?, &encoding)
        .map_err(|error| error.to_string())?;
    drop(frame);

    let given = infer::run(Tensor::new(&pixels.shape, TensorType::Fp32, &pixels.data))?;
    let outputs = Outputs {
        loc: &given.loc,
        conf: &given.conf,
        landmarks: &given.landmarks,
    };
    let seen = decode(INPUT, &outputs, MIN_SCORE)?;
    let seen = seen
        .into_iter()
        .filter_map(|seen| letterbox.in_frame(seen))
        .collect();
    let faces: Vec<Value> = nms::keep_best(seen, IOU, MAX_FACES)
        .iter()
        .map(|face| {
            let bounds = face.bounds;
            json!({
                "box": [bounds.x, bounds.y, bounds.width, bounds.height],
                "score": face.score,
            })
        })
        .collect();
    Ok(json!({ "faces": faces }).to_string())
}

/// A stage asks its host for a view; here it is made in the guest.
fn view(asked: stage::View) -> Result<View, String> {
    let stage::Region::Affine(map) = asked.region else {
        return Err("the letterbox is no affine map".to_owned());
    };
    Ok(View {
        region: Part::Affine(Affine {
            a: map.a,
            b: map.b,
            c: map.c,
            d: map.d,
            e: map.e,
            f: map.f,
        }),
        filter: match asked.filter {
            stage::Filter::Nearest => Filter::Nearest,
            stage::Filter::Bilinear => Filter::Bilinear,
            stage::Filter::Area => Filter::Area,
        },
        ..View::whole(asked.width, asked.height)
    })
}
