//! The photos of an enrolment: a multipart body.

use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, header};
use footlight_gallery::MAX_TEMPLATES;
use footlight_media::Image;

use crate::kind::Kind;
use crate::options::PHOTOS_PIXELS;
use crate::photo;
use crate::problem::{Problem, RefusedPhoto};

/// A photo as it came.
pub(crate) struct Photo {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Refuses a request that does not say that its body is multipart.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes());
    let wanted = b"multipart/form-data";
    let given = value.and_then(|value| value.get(..wanted.len()));
    if given.is_some_and(|given| given.eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    Err(Problem::new(
        Kind::UnsupportedMediaType,
        "unsupported-media-type",
        "send the photos as multipart/form-data, each as a file of its own",
    ))
}

/// The photos in a body that was received with these headers. Each part is one, whatever it is called.
pub(crate) async fn photos(headers: HeaderMap, bytes: Vec<u8>) -> Result<Vec<Photo>, Problem> {
    if bytes.is_empty() {
        let detail = "no photo was sent (0 bytes); send at least one JPEG or PNG";
        return Err(Problem::new(Kind::EmptyBody, "empty-body", detail));
    }
    let mut request = Request::new(Body::from(bytes));
    *request.headers_mut() = headers;
    // Its size was checked when it was received.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|error| malformed(&error.body_text()))?;
    let broken = |error: MultipartError| malformed(&error.body_text());
    let mut photos = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let number = photos.len() + 1;
        if number > MAX_TEMPLATES {
            return Err(Problem::new(
                Kind::TooLarge,
                "too-many-photos",
                format!(
                    "there are more than {MAX_TEMPLATES} photos, the most that a member can have"
                ),
            ));
        }
        let name = part.file_name().filter(|name| !name.is_empty());
        let name = name.map_or_else(
            || format!("photo {number}"),
            |name| name.chars().take(120).collect(),
        );
        let bytes = part.bytes().await.map_err(broken)?.into();
        photos.push(Photo { name, bytes });
    }
    if photos.is_empty() {
        let detail = "the form has no part; send each photo as a file of its own";
        return Err(Problem::new(Kind::EmptyBody, "no-photos", detail));
    }
    Ok(photos)
}

fn malformed(why: &str) -> Problem {
    let detail =
        format!("the multipart body cannot be read: {why}; send each photo as a file of its own");
    Problem::new(Kind::MalformedRequest, "malformed-multipart", detail)
}

/// All photos decoded, or all that are no pictures refused.
pub(crate) fn decode(photos: Vec<Photo>, max_pixels: u64) -> Result<Vec<(String, Image)>, Problem> {
    let mut left = max_pixels.saturating_mul(PHOTOS_PIXELS);
    let (mut images, mut refused) = (Vec::new(), Vec::new());
    for Photo { name, bytes } in photos {
        match photo::decode(&bytes, max_pixels.min(left)) {
            Ok(image) => {
                left = left.saturating_sub(u64::from(image.width()) * u64::from(image.height()));
                images.push((name, image));
            }
            Err(problem) => refused.push(RefusedPhoto {
                name,
                reason: problem.reason,
                detail: problem.detail,
            }),
        }
    }
    if refused.is_empty() {
        Ok(images)
    } else {
        Err(refusal(refused))
    }
}

/// The refusal of an enrolment for these photos.
pub(crate) fn refusal(photos: Vec<RefusedPhoto>) -> Problem {
    let each: Vec<String> = photos
        .iter()
        .map(|photo| format!("{}: {}", photo.name, photo.detail))
        .collect();
    let mut problem = Problem::new(
        Kind::EnrolmentRefused,
        "enrolment-refused",
        format!("nothing was enrolled. {}", each.join("; ")),
    );
    problem.photos = photos;
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> HeaderMap {
        let value = "multipart/form-data; boundary=edge".parse().unwrap();
        HeaderMap::from_iter([(header::CONTENT_TYPE, value)])
    }

    fn part(head: &str, bytes: &[u8]) -> Vec<u8> {
        let head = format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        [head.as_bytes(), bytes, b"\r\n"].concat()
    }

    #[tokio::test]
    async fn every_part_is_a_photo_with_the_name_it_came_with() {
        let body = [
            part("name=\"photo\"; filename=\"a.jpg\"", b"one"),
            part("name=\"photo\"", b"two"),
            b"--edge--\r\n".to_vec(),
        ];
        let photos = photos(typed(), body.concat()).await.unwrap();
        let names: Vec<&str> = photos.iter().map(|photo| photo.name.as_str()).collect();
        assert_eq!(names, ["a.jpg", "photo 2"]);
        assert_eq!(photos[1].bytes, b"two");
    }

    #[tokio::test]
    async fn bodies_without_photos_are_refused_each_in_its_words() {
        let cut = part("name=\"photo\"", b"one");
        for (body, reason) in [
            (Vec::new(), "empty-body"),
            (b"--edge--\r\n".to_vec(), "no-photos"),
            (cut, "malformed-multipart"),
            (b"hello".to_vec(), "malformed-multipart"),
        ] {
            let problem = photos(typed(), body).await.err().unwrap();
            assert_eq!((problem.status, problem.reason.as_str()), (400, reason));
        }
    }

    #[test]
    fn only_multipart_is_taken() {
        assert!(check_media_type(&typed()).is_ok());
        let jpeg = HeaderMap::from_iter([(header::CONTENT_TYPE, "image/jpeg".parse().unwrap())]);
        for headers in [jpeg, HeaderMap::new()] {
            assert_eq!(check_media_type(&headers).unwrap_err().status, 415);
        }
    }

    #[test]
    fn each_photo_that_is_no_picture_is_named_and_together_they_are_bounded() {
        let png = Image::new(2, 2, vec![1; 12]).unwrap().encode_png().unwrap();
        let photo = |name: &str, bytes: &[u8]| Photo {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        };
        let problem = decode(vec![photo("a", &png), photo("b", b"text")], 4).unwrap_err();
        assert_eq!(problem.status, 422);
        assert_eq!(
            (problem.photos.len(), problem.photos[0].name.as_str()),
            (1, "b")
        );
        assert_eq!(problem.photos[0].reason, "not-an-image");

        let many = |n: usize| (0..n).map(|_| photo("x", &png)).collect();
        assert_eq!(decode(many(4), 4).unwrap().len(), 4);
        let problem = decode(many(5), 4).unwrap_err();
        assert_eq!(problem.photos[0].reason, "image-too-large");
    }
}
