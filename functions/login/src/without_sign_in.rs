//! Removes the demand for a sign-in from an authorization request, once the user has signed in.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Returns the authorization request `query` without the sign-in that it demands. Only the values of `prompt` and
/// `max_age` and the name of `id_token_hint` change, and only get shorter; all other bytes stay as the client sent them.
pub(crate) fn without_sign_in(query: &str) -> String {
    let parameters: Vec<_> = query.split('&').map(parameter_without_sign_in).collect();
    parameters.join("&")
}

/// Removes the demand from one parameter. A value becomes empty, which counts as absent (RFC 6749 §3.1), so a repeated
/// parameter stays repeated.
fn parameter_without_sign_in(parameter: &str) -> Cow<'_, str> {
    let Some((name, value)) = parameter.split_once('=') else { return parameter.into() };
    match decoded(name).as_ref() {
        // If the user is another one than it names, the response is an error now (OpenID Connect Core §3.1.2.1).
        "id_token_hint" => format!("sign_in_hint={value}").into(),
        "max_age" if is_zero(&decoded(value)) => format!("{name}=").into(),
        "prompt" => {
            prompt_without_sign_in(value).map_or(parameter.into(), |rest| format!("{name}={rest}").into())
        }
        _ => parameter.into(),
    }
}

/// Returns the words of a `prompt` that remain; `None` if none of them demands a sign-in.
fn prompt_without_sign_in(value: &str) -> Option<String> {
    let demands_sign_in = |word: &&str| ["login", "select_account"].contains(&decoded(word).as_ref());
    let words = value.replace("%20", "+");
    if !words.split('+').any(|word| demands_sign_in(&word)) {
        return None;
    }
    let rest: Vec<_> = words.split('+').filter(|word| !demands_sign_in(word)).collect();
    Some(rest.join("+"))
}

fn is_zero(age: &str) -> bool {
    !age.is_empty() && age.bytes().all(|byte| byte == b'0')
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}
