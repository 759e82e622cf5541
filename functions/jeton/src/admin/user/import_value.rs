//! The values in one line of an import.

use std::time::Duration;

use serde_json::{Map, Value};
use shared::time::Timestamp;
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known};

use super::import_error::BadLine;

pub(super) type Object = Map<String, Value>;

pub(super) fn kind(name: &str, expected: &'static str) -> BadLine {
    BadLine::Kind(name.to_owned(), expected)
}

/// Returns the text at `name`; `None` if it is absent or null.
pub(super) fn optional_text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, BadLine> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| kind(name, "a text")),
    }
}

pub(super) fn text<'a>(object: &'a Object, name: &str) -> Result<&'a str, BadLine> {
    optional_text(object, name)?.ok_or_else(|| BadLine::Missing(name.to_owned()))
}

/// Returns the boolean at `name`. Some databases write 1 and 0.
pub(super) fn flag(object: &Object, name: &str) -> Result<Option<bool>, BadLine> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err(kind(name, "true or false")),
        },
    }
}

/// Returns whether an attribute of Cognito is true. Most exports write it as a text.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Returns the time at `name`: seconds since the Unix epoch, or ISO 8601; without an offset it is UTC.
pub(super) fn time(object: &Object, name: &str) -> Result<Option<Timestamp>, BadLine> {
    let millis = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => {
            let with_offset = || OffsetDateTime::parse(text, &well_known::Iso8601::PARSING).ok();
            // PostgreSQL and Python write a space between date and time.
            let iso = text.replacen(' ', "T", 1);
            let utc = || PrimitiveDateTime::parse(&iso, &well_known::Iso8601::PARSING).ok();
            let parsed =
                with_offset().or_else(|| OffsetDateTime::parse(&iso, &well_known::Iso8601::PARSING).ok());
            let parsed = parsed.or_else(|| utc().map(PrimitiveDateTime::assume_utc));
            parsed.and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok())
        }
        Some(value) => {
            let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            // Half a millisecond more: a fraction such as 0.005 is stored as a little less.
            seconds.and_then(|since| u64::try_from((since + Duration::from_micros(500)).as_millis()).ok())
        }
    };
    millis
        .map(|millis| Some(Timestamp::from_millis(millis)))
        .ok_or_else(|| kind(name, "seconds since 1970 or ISO 8601"))
}
