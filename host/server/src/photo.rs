//! Pictures as clients send them.

use axum::http::{HeaderMap, header};
use footlight_media::{DecodeError, DecodeLimits, Image};

use crate::kind::Kind;
use crate::problem::Problem;

/// The media types that a picture may have.
const ACCEPTED: [&str; 2] = ["image/jpeg", "image/png"];

/// Refuses a request that does not say that its body is a picture of a kind that is read. Which of
/// the kinds it is, the picture itself says: cameras and browsers go by file names, and err.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |said: &str| {
        Err(Problem::new(
            Kind::UnsupportedMediaType,
            "unsupported-media-type",
            format!("{said}; send a picture as {}", ACCEPTED.join(" or ")),
        ))
    };
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return refuse("the request has no Content-Type");
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text.split(';').next().unwrap_or_default().trim();
    if ACCEPTED
        .iter()
        .any(|accepted| essence.eq_ignore_ascii_case(accepted))
    {
        return Ok(());
    }
    let shown: String = essence.chars().take(80).collect();
    refuse(&format!("the Content-Type is {shown:?}"))
}

/// The picture in a body, if it has no more pixels than that.
pub(crate) fn decode(bytes: &[u8], max_pixels: u64) -> Result<Image, Problem> {
    Image::decode(bytes, &DecodeLimits { max_pixels }).map_err(|error| problem(&error))
}

/// What to say of bytes that are no picture that can be worked on.
pub(crate) fn problem(error: &DecodeError) -> Problem {
    let (kind, reason) = match error {
        DecodeError::Empty => (Kind::EmptyBody, "empty-body"),
        DecodeError::Unsupported(_) => (Kind::UnsupportedMediaType, error.code()),
        DecodeError::TooLarge { .. } => (Kind::TooLarge, "image-too-large"),
        _ => (Kind::UnreadableImage, error.code()),
    };
    Problem::new(kind, reason, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, text.parse().unwrap())])
    }

    #[test]
    fn jpeg_and_png_are_taken_and_all_else_is_told_so() {
        for good in ["image/jpeg", "image/png", "IMAGE/JPEG; q=1"] {
            assert!(check_media_type(&typed(good)).is_ok(), "{good}");
        }
        let bad = [
            "image/gif",
            "text/plain",
            "application/octet-stream",
            "image/jpegx",
            "",
        ];
        for headers in bad.map(typed).into_iter().chain([HeaderMap::new()]) {
            let problem = check_media_type(&headers).unwrap_err();
            assert_eq!(problem.status, 415);
            assert!(
                problem.detail.contains("image/jpeg or image/png"),
                "{}",
                problem.detail
            );
        }
    }

    #[test]
    fn each_kind_of_bad_body_has_its_status_and_reason() {
        let png = Image::new(3, 2, vec![9; 18]).unwrap().encode_png().unwrap();
        let cut = png.get(..png.len() - 20).unwrap();
        let cases: [(&[u8], u64, u16, &str); 4] = [
            (b"", 100, 400, "empty-body"),
            (b"a letter, not a picture", 100, 422, "not-an-image"),
            (cut, 100, 422, "truncated-image"),
            (&png, 5, 413, "image-too-large"),
        ];
        for (bytes, max_pixels, status, reason) in cases {
            let problem = decode(bytes, max_pixels).unwrap_err();
            assert_eq!((problem.status, problem.reason.as_str()), (status, reason));
        }
        let image = decode(&png, 6).unwrap();
        assert_eq!((image.width(), image.height()), (3, 2));
    }

    #[test]
    fn a_picture_that_is_too_large_is_told_the_limit() {
        let png = Image::new(3, 2, vec![9; 18]).unwrap().encode_png().unwrap();
        let detail = decode(&png, 5).unwrap_err().detail;
        assert!(
            detail.contains("3 x 2") && detail.contains(" 5 "),
            "{detail}"
        );
    }
}
