//! A browser at the local server: it stores cookies, reads forms, and follows no redirect by itself.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, header};

use super::{Error, event::form, http::Connection};

/// The cookies of one browser.
#[derive(Default)]
pub(crate) struct Browser(BTreeMap<String, String>);

/// A form on a page, as a browser would send it.
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Browser {
    /// Returns the cookies, each as `name=value`.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    pub(crate) async fn get(&mut self, server: &Connection, path: &str) -> Result<Response<Bytes>, Error> {
        self.send(server, Request::get(path).body(Full::default())?).await
    }

    /// Sends a form with `more` fields.
    pub(crate) async fn submit(
        &mut self,
        server: &Connection,
        page: &Form,
        more: &[(&str, &str)],
    ) -> Result<Response<Bytes>, Error> {
        let body = form(&page.with(more));
        let request = Request::post(&page.action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))?;
        self.send(server, request).await
    }

    async fn send(
        &mut self,
        server: &Connection,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Error> {
        if !self.0.is_empty() {
            let cookies = self.cookies().join("; ").parse();
            request.headers_mut().insert(
                header::COOKIE,
                cookies.map_err(|_| Error::unexpected("a cookie that no header can hold"))?,
            );
        }
        let response = server.send(request).await?;
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
            let (name, value) = pair.ok_or_else(|| Error::unexpected("a malformed cookie"))?;
            self.0.insert(name.to_owned(), value.to_owned());
        }
        Ok(response)
    }
}

impl Form {
    /// Returns the form on `page` whose action begins with `action`.
    pub(crate) fn of(page: &Response<Bytes>, action: &str) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(page.body()).into_owned();
        let start = format!("action=\"{action}");
        let form = text.split("<form ").skip(1).filter_map(|form| form.split("</form>").next());
        let form = form.into_iter().find(|form| form.contains(&start)).and_then(Self::read);
        form.ok_or_else(|| {
            Error::unexpected(format!("{} without a form for {action}: {text}", page.status()))
        })
    }

    fn read(form: &str) -> Option<Self> {
        let inputs = form.split("<input ").skip(1).filter_map(|input| input.split('>').next());
        let inputs = inputs.filter(|input| input.contains("type=\"hidden\"") || input.contains(" checked"));
        let fields = inputs.map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
        Some(Self { action: attribute(form, "action")?, fields: fields.collect::<Option<_>>()? })
    }

    /// Returns the fields and `more`.
    pub(crate) fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        fields.chain(more.iter().copied()).collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!("{name}=\""))?.1.split('"').next()?;
    let escapes = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    Some(escapes.iter().fold(value.to_owned(), |value, (escaped, plain)| value.replace(escaped, plain)))
}

/// Returns a parameter of the URL that a response redirects to.
pub(crate) fn redirected(response: &Response<Bytes>, parameter: &str) -> Result<String, Error> {
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let query = location.and_then(|location| location.split_once('?')).map(|(_, query)| query);
    let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let value = parameters.find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned());
    value.filter(|_| response.status() == StatusCode::SEE_OTHER).ok_or_else(|| {
        let text = String::from_utf8_lossy(response.body());
        Error::unexpected(format!("{} to {location:?} without {parameter}: {text}", response.status()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_hidden_and_checked_fields() {
        let page = "<form method=\"post\" action=\"/logout\"></form><form method=\"post\" action=\"/login?a&#38;b\">\
                    <input type=\"hidden\" name=\"csrf\" value=\"1&#34;2\"><input name=\"username\"></form>";
        let form = Form::of(&Response::new(Bytes::from(page)), "/login").unwrap();
        assert_eq!(form.action, "/login?a&b");
        assert_eq!(form.with(&[("username", "ada")]), [("csrf", "1\"2"), ("username", "ada")]);
    }
}
