//! The user's side of the authorization code grant: cookies, redirects, and one form.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::{
    Method, Request, Response,
    body::Bytes,
    header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE},
};
use url::{Position, Url};

use super::{
    error::Error,
    http::{Connection, FORM, form},
};

/// The most redirects between an authorization request and its response.
const REDIRECTS: usize = 8;

/// The cookies of one user. Their paths are ignored: no two of a server's cookies have the same name.
#[derive(Clone, Default)]
pub(super) struct Browser(BTreeMap<String, String>);

impl Browser {
    /// Sends the authorization request at `url`, and follows redirects to the client's redirect URI. Returns the code.
    pub(super) async fn authorize(
        &mut self,
        connection: &mut Connection,
        mut url: Url,
        redirect_uri: &str,
    ) -> Result<String, Error> {
        for _ in 0..=REDIRECTS {
            let response = self.send(connection, &url, None).await?;
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = url.join(location.ok_or_else(|| Error::unexpected("authorization", &response))?)?;
            if url.as_str().starts_with(redirect_uri) {
                let code = url.query_pairs().find(|(name, _)| name == "code");
                let code = code.map(|(_, code)| code.into_owned());
                return code.ok_or_else(|| Error::NoCode(url.to_string()));
            }
        }
        Err(Error::NoCode(url.to_string()))
    }

    /// Signs in on Jeton's login page.
    pub(super) async fn sign_in(
        &mut self,
        connection: &mut Connection,
        base: &Url,
        user: &str,
        password: &str,
    ) -> Result<(), Error> {
        let page = self.send(connection, &base.join("/login?again")?, None).await?;
        let (action, mut fields) = form_of(&String::from_utf8_lossy(page.body()), "/login");
        fields
            .extend([("username".to_owned(), user.to_owned()), ("password".to_owned(), password.to_owned())]);
        let response = self.send(connection, &base.join(&action)?, Some(form(&fields))).await?;
        if response.status().is_redirection() { Ok(()) } else { Err(Error::unexpected("sign-in", &response)) }
    }

    /// Loads a page, or sends a form.
    async fn send(
        &mut self,
        connection: &mut Connection,
        url: &Url,
        form: Option<String>,
    ) -> Result<Response<Bytes>, Error> {
        let mut call = Request::builder()
            .uri(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, url.authority());
        if !self.0.is_empty() {
            let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            call = call.header(COOKIE, pairs.join("; "));
        }
        let body = match form {
            Some(form) => {
                call = call.method(Method::POST).header(CONTENT_TYPE, FORM);
                form.into()
            }
            None => Bytes::new(),
        };
        let response = connection.send(call.body(Full::new(body))?).await?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.store(&String::from_utf8_lossy(cookie.as_bytes()));
        }
        Ok(response)
    }

    /// Stores a cookie; one without a value is deleted.
    fn store(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        if value.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Returns the form on `page` whose action begins with `action`: its action and its hidden fields.
fn form_of(page: &str, action: &str) -> (String, Vec<(String, String)>) {
    let start = format!("action=\"{action}");
    let mut forms = page.split("<form ").skip(1).filter_map(|form| form.split("</form>").next());
    let form = forms.find(|form| form.contains(&start)).unwrap_or_default();
    let inputs = form.split("<input ").skip(1).filter_map(|input| input.split('>').next());
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    let fields = hidden.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
    (attribute(form, "action"), fields)
}

fn attribute(tag: &str, name: &str) -> String {
    let start = format!("{name}=\"");
    let value = tag.split_once(&start).and_then(|(_, rest)| rest.split('"').next());
    value.unwrap_or_default().replace("&#38;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_s_action_and_hidden_fields() {
        let page = r#"<form method="post" action="/logout"><input type="hidden" name="a" value="1"></form>
            <form method="post" action="/login?x"><input type="hidden" name="csrf" value="2"><input name="username">"#;
        assert_eq!(
            form_of(page, "/login"),
            ("/login?x".to_owned(), vec![("csrf".to_owned(), "2".to_owned())])
        );
    }

    #[test]
    fn cookies_are_replaced_and_deleted() {
        let mut browser = Browser::default();
        browser.store("a=1; Path=/; HttpOnly");
        browser.store("a=2");
        browser.store("b=3");
        browser.store("b=; Max-Age=0");
        assert_eq!(browser.0, BTreeMap::from([("a".to_owned(), "2".to_owned())]));
    }
}
