//! Digests as registries write them: `sha256:` and 64 lower-case hexadecimal digits.

/// The text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest: one is `sha256:` and 64 digits of 0-9 and a-f")]
pub struct InvalidDigest(pub String);

/// The bytes of a digest.
pub(crate) fn parse(text: &str) -> Result<[u8; 32], InvalidDigest> {
    let invalid = || InvalidDigest(text.chars().take(100).collect());
    let digits = text.strip_prefix("sha256:").ok_or_else(invalid)?;
    let mut bytes = [0; 32];
    match base16ct::lower::decode(digits, &mut bytes) {
        Ok(all) if all.len() == 32 => Ok(bytes),
        _ => Err(invalid()),
    }
}

/// As [`parse`] reads it.
pub(crate) fn write(bytes: &[u8]) -> String {
    format!("sha256:{}", base16ct::lower::encode_string(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_sha256_digest_in_lower_case_is_one() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(parse(&digest), Ok([0x0f; 32]));
        assert_eq!(write(&[0x0f; 32]), digest);
        for bad in [
            "",
            "sha256:",
            "0f",
            &"0f".repeat(32),
            &digest[..digest.len() - 1],
            &digest[..digest.len() - 2],
            &format!("{digest}0f"),
            &digest.to_uppercase(),
            &format!("sha256:{}", "0F".repeat(32)),
            &format!("sha256:{}", "0g".repeat(32)),
            &format!("sha512:{}", "0f".repeat(64)),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
