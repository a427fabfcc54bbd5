//! `footlight enroll`, `members` and `forget`.

use anyhow::{Context, Result, anyhow, bail};
use footlight_gallery::MemberId;
use serde_json::Value;

use crate::args::{EnrollArgs, ForgetArgs, MembersArgs, PipelineArgs};
use crate::client::{self, Client};
use crate::exit::Outcome;
use crate::photo::Photo;
use crate::problem::Problem;
use crate::{output, table};

/// Makes somebody a member.
pub fn enroll(args: &EnrollArgs) -> Result<Outcome> {
    let path = member_path(&args.name, &args.pipeline)?;
    let photos: Vec<Photo> = args
        .photos
        .iter()
        .map(|path| Photo::read(path))
        .collect::<Result<_, Problem>>()?;
    let text = Client::new(&args.host)?
        .put_photos(&path, &photos)
        .map_err(photo_by_photo)?;
    let member: Value = serde_json::from_str(&text).context("the host's answer is no JSON")?;
    if args.json {
        output::json(&member)?;
    } else {
        let templates = templates(&member).len() as u64;
        output::line(format_args!(
            "{} is a member, known from {}",
            args.name,
            table::plural(templates, "photo", "photos")
        ))?;
    }
    Ok(Outcome::Done)
}

/// A refusal with a line for each photo that was refused.
fn photo_by_photo(error: anyhow::Error) -> anyhow::Error {
    let photos = error.downcast_ref::<Problem>().map(Problem::photos);
    match photos.filter(|photos| !photos.is_empty()) {
        Some(photos) => anyhow!("nobody was enrolled:\n  {}", photos.join("\n  ")),
        None => error,
    }
}

/// Lists the members.
pub fn members(args: &MembersArgs) -> Result<Outcome> {
    let path = of_pipeline("/v1/members", &args.pipeline);
    let members = client::list(&Client::new(&args.host)?.get(&path)?, "members")?;
    if args.json {
        output::json(&members)?;
    } else if members.is_empty() {
        output::line("no members; make somebody one with `footlight enroll NAME PHOTO...`")?;
    } else {
        let headings = [
            "member",
            "photos",
            "enrolled (UTC)",
            "smallest face",
            "most turned",
        ];
        let right = ["photos", "smallest face", "most turned"];
        let rows = members.iter().map(member_cells).collect();
        output::line(table::table(&headings, &right, rows))?;
    }
    Ok(Outcome::Done)
}

/// Removes a member.
pub fn forget(args: &ForgetArgs) -> Result<Outcome> {
    let path = member_path(&args.name, &args.pipeline)?;
    match Client::new(&args.host)?.delete(&path) {
        Ok(_) => output::line(format_args!("{} is forgotten", args.name))?,
        Err(error) => match error.downcast_ref::<Problem>().and_then(Problem::status) {
            Some(404) => bail!("{error}; `footlight members` lists who there is"),
            _ => return Err(error),
        },
    }
    Ok(Outcome::Done)
}

/// The path of a member. The name is checked here, so that no photo is sent in vain.
fn member_path(name: &str, pipeline: &PipelineArgs) -> Result<String> {
    let id: MemberId = name.parse()?;
    let path = format!("/v1/members/{}", client::segment(id.as_str()));
    Ok(of_pipeline(&path, pipeline))
}

/// A path about the members of the pipeline that was named; of the only one, where none was.
fn of_pipeline(path: &str, pipeline: &PipelineArgs) -> String {
    match &pipeline.pipeline {
        Some(name) => format!("{path}?pipeline={}", client::segment(name)),
        None => path.to_owned(),
    }
}

fn templates(member: &Value) -> &[Value] {
    member
        .get("templates")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn member_cells(member: &Value) -> Vec<String> {
    let templates = templates(member);
    let quality = |key: &str| {
        let key = key.to_owned();
        templates
            .iter()
            .filter_map(move |template| template.get("quality")?.get(&key)?.as_f64())
    };
    let text = |number: Option<f64>, decimals: usize| {
        number.map_or_else(|| "-".to_owned(), |number| format!("{number:.decimals$}"))
    };
    let enrolled = templates
        .iter()
        .filter_map(|template| template.get("enrolled")?.as_u64())
        .max();
    vec![
        member
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned(),
        table::count(templates.len() as u64),
        enrolled.map_or_else(|| "-".to_owned(), date),
        text(quality("face-pixels").reduce(f64::min), 0) + " px",
        text(quality("turn").reduce(f64::max), 2),
    ]
}

/// Seconds since 1970-01-01T00:00:00Z as `2026-03-02 14:05`, in UTC.
///
/// The date of a day number in the proleptic Gregorian calendar: years are counted from March, so that the
/// leap day is a year's last; an era is the 146,097 days of 400 years.
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let from_march_of_year_0 = days + 719_468;
    let (era, day_of_era) = (
        from_march_of_year_0 / 146_097,
        from_march_of_year_0 % 146_097,
    );
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 {
        months_from_march + 3
    } else {
        months_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}",
        second / 3_600,
        second / 60 % 60
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert_eq!(date(1_709_251_199), "2024-02-29 23:59");
        assert_eq!(date(1_709_251_200), "2024-03-01 00:00");
        assert_eq!(date(4_102_444_799), "2099-12-31 23:59");
    }

    #[test]
    fn a_name_that_cannot_be_one_is_refused_before_anything_is_sent() {
        let only = PipelineArgs { pipeline: None };
        assert!(member_path("a/b", &only).is_err());
        assert!(member_path("", &only).is_err());
        assert_eq!(
            member_path("anna.smith-2", &only).unwrap(),
            "/v1/members/anna.smith-2"
        );
        let named = PipelineArgs {
            pipeline: Some("a&b".to_owned()),
        };
        assert_eq!(
            member_path("anna", &named).unwrap(),
            "/v1/members/anna?pipeline=a%26b"
        );
    }

    #[test]
    fn a_member_is_shown_with_the_worst_of_its_photos() {
        let member = json!({"id": "anna", "templates": [
            {"enrolled": 10, "quality": {"face-pixels": 120.4, "turn": 0.1}},
            {"enrolled": 951_782_400, "quality": {"face-pixels": 80.0, "turn": 0.25}},
        ]});
        assert_eq!(
            member_cells(&member),
            ["anna", "2", "2000-02-29 00:00", "80 px", "0.25"]
        );
    }
}
