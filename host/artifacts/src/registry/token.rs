//! The answer to a registry that wants to know who asks.

use serde::Deserialize;
use ureq::Body;
use ureq::http::{HeaderValue, Response, StatusCode, header};

use super::credentials::Credentials;
use super::link::{Link, Request, Right, failure};
use crate::Error;
use crate::place::read_up_to;

/// No token is longer.
const LIMIT: u64 = 1 << 20;

#[derive(Deserialize)]
struct Granted {
    #[serde(alias = "access_token")]
    token: String,
}

/// The `Authorization` that a registry's 401 asks for; none where there is nothing to say.
pub(super) fn prove(
    link: &Link,
    request: &Request<'_>,
    refused: &Response<Body>,
) -> Result<Option<HeaderValue>, Error> {
    let credentials = link.credentials(request.host)?;
    let challenges = refused
        .headers()
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| http_auth::parse_challenges(value.to_str().ok()?).ok())
        .flatten();
    for challenge in challenges {
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            let parameter = |wanted: &str| {
                let found = challenge
                    .params
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| value.to_unescaped())
            };
            let Some(realm) = parameter("realm") else {
                return Err(bad(request, "it wants a token and does not say from where"));
            };
            let token = fetch(link, request, &credentials, &realm, parameter("service"))?;
            return header_value(request, &format!("Bearer {token}")).map(Some);
        }
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return match credentials.basic() {
                Some(basic) => header_value(request, &basic).map(Some),
                None => Ok(None),
            };
        }
    }
    Ok(None)
}

/// Asks for a token, as the account or as nobody.
fn fetch(
    link: &Link,
    request: &Request<'_>,
    credentials: &Credentials,
    realm: &str,
    service: Option<String>,
) -> Result<String, Error> {
    // A registry with TLS could have our password sent without.
    let plain_realm = !realm.starts_with("https://");
    if plain_realm && !(realm.starts_with("http://") && link.is_plain(request.host)) {
        return Err(bad(
            request,
            &format!("it sends for a token to `{realm}`, where a password would go unencrypted"),
        ));
    }
    let actions = match request.right {
        Right::Pull => "pull",
        Right::Push => "pull,push",
    };
    let scope = format!("repository:{}:{actions}", request.repository);
    let agent = link.agent()?;
    let answer = if let Some(identity) = credentials.identity_token() {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "footlight"),
            ("service", service.as_deref().unwrap_or_default()),
            ("scope", &scope),
            ("refresh_token", identity),
        ];
        agent.post(realm).send_form(form)
    } else {
        let mut get = agent.get(realm).query("scope", &scope);
        if let Some(service) = &service {
            get = get.query("service", service);
        }
        if let Some(basic) = credentials.basic() {
            get = get.header(header::AUTHORIZATION, basic);
        }
        get.call()
    };
    let answer = answer.map_err(|error| failure(request.place, &error))?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(Error::Unauthorized {
                place: request.place.to_owned(),
                host: request.host.to_owned(),
                used: credentials.used().to_owned(),
            });
        }
        status => return Err(super::answer::refusal(request, answer, status, credentials)),
    }
    let body = read_up_to(answer.into_body().into_reader(), LIMIT)
        .map_err(|error| bad(request, &format!("its token broke off ({error})")))?
        .unwrap_or_default();
    let granted: Granted = serde_json::from_slice(&body).map_err(|error| {
        bad(
            request,
            &format!("what should be a token is none ({error})"),
        )
    })?;
    Ok(granted.token)
}

fn header_value(request: &Request<'_>, text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| bad(request, "its token has characters that none may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn bad(request: &Request<'_>, detail: &str) -> Error {
    Error::BadAnswer {
        place: request.place.to_owned(),
        detail: detail.to_owned(),
    }
}
