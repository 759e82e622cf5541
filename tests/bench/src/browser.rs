//! The user's side of the authorization code grant: cookies, forms and redirects.

use std::collections::BTreeMap;

use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{COOKIE, HeaderValue, SET_COOKIE},
};
use url::{Position, Url};

use crate::http::{self, Call, Connection, Error, form, location};

/// The verifier of RFC 7636, appendix B, and its challenge.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The most redirects between an authorization request and its response.
const REDIRECTS: usize = 8;

/// The cookies of one user. Their paths are ignored: no two of a server's cookies have the same name.
#[derive(Clone, Default)]
pub(crate) struct Browser(BTreeMap<String, String>);

/// A form on a page, as a browser would send it.
pub(crate) struct Form {
    pub(crate) action: String,
    fields: Vec<(String, String)>,
}

impl Browser {
    /// Returns the cookies, each as `name=value`.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    pub(crate) async fn get(&mut self, server: &Connection, path: &str) -> Result<Response<Bytes>, Error> {
        self.send(server, http::get(path)?).await
    }

    /// Sends a form with `more` fields.
    pub(crate) async fn submit(
        &mut self,
        server: &Connection,
        page: &Form,
        more: &[(&str, &str)],
    ) -> Result<Response<Bytes>, Error> {
        self.send(server, http::post(&page.action, &page.with(more), None)?).await
    }

    /// Loads Jeton's login page, and returns its form.
    pub(crate) async fn login_form(&mut self, server: &Connection) -> Result<Form, Error> {
        Form::of(&self.get(server, "/login?again").await?, "/login")
    }

    /// Signs in on Jeton's login page.
    pub(crate) async fn sign_in(
        &mut self,
        server: &Connection,
        user: &str,
        password: &str,
    ) -> Result<(), Error> {
        let login = self.login_form(server).await?;
        let response = self.submit(server, &login, &[("username", user), ("password", password)]).await?;
        let is_signed_in = response.status() == StatusCode::SEE_OTHER;
        if is_signed_in { Ok(()) } else { Err(Error::unexpected("the sign-in", &response)) }
    }

    /// Sends an authorization request, and follows redirects to the client's redirect URI. Returns the code.
    pub(crate) async fn authorize(
        &mut self,
        server: &Connection,
        request: &str,
        redirect_uri: &str,
    ) -> Result<String, Error> {
        let response = self.get(server, request).await?;
        self.follow(server, response, redirect_uri).await
    }

    /// Follows redirects to the client's redirect URI. Returns the code.
    pub(crate) async fn follow(
        &mut self,
        server: &Connection,
        mut response: Response<Bytes>,
        redirect_uri: &str,
    ) -> Result<String, Error> {
        let mut base = Url::parse(&format!("http://{}", server.address)).ok();
        for _ in 0..REDIRECTS {
            let next = location(&response).and_then(|location| base.as_ref()?.join(location).ok());
            let Some(url) = next else { break };
            if url.as_str().starts_with(redirect_uri) {
                let code = url.query_pairs().find(|(name, _)| name == "code");
                let code = code.map(|(_, code)| code.into_owned());
                return code.ok_or_else(|| Error::unexpected("an authorization request", &response));
            }
            response = self.get(server, &url[Position::BeforePath..Position::AfterQuery]).await?;
            base = Some(url);
        }
        Err(Error::unexpected("an authorization request", &response))
    }

    async fn send(&mut self, server: &Connection, mut call: Call) -> Result<Response<Bytes>, Error> {
        if !self.0.is_empty() {
            let cookies =
                HeaderValue::try_from(self.cookies().join("; ")).map_err(hyper::http::Error::from)?;
            call.headers_mut().insert(COOKIE, cookies);
        }
        let response = server.send(call).await?;
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

impl Form {
    /// Returns the form on `page` whose action begins with `action`.
    pub(crate) fn of(page: &Response<Bytes>, action: &str) -> Result<Self, Error> {
        let (text, start) = (String::from_utf8_lossy(page.body()), format!("action=\"{action}"));
        let mut forms = text.split("<form ").skip(1).filter_map(|form| form.split("</form>").next());
        let form = forms.find(|form| form.contains(&start)).and_then(Self::read);
        form.ok_or_else(|| Error::unexpected(&format!("the request for the form {action}"), page))
    }

    fn read(form: &str) -> Option<Self> {
        let inputs = form.split("<input ").skip(1).filter_map(|input| input.split('>').next());
        let inputs = inputs.filter(|input| input.contains("type=\"hidden\"") || input.contains(" checked"));
        let fields = inputs.map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
        Some(Self { action: attribute(form, "action")?, fields: fields.collect::<Option<_>>()? })
    }

    /// Returns the hidden and checked fields and `more`.
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

/// Returns the query of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).
pub(crate) fn authorization(client: &str, redirect_uri: &str, scope: &str) -> String {
    form(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("state", "af0ifjsldkj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ])
}

/// Returns the fields of a token request for `code` (RFC 6749 §4.1.3, RFC 7636 §4.5).
pub(crate) fn redemption<'a>(code: &'a str, redirect_uri: &'a str) -> [(&'a str, &'a str); 4] {
    let grant_type = ("grant_type", "authorization_code");
    [grant_type, ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", VERIFIER)]
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

    #[test]
    fn cookies_are_replaced_and_deleted() {
        let mut browser = Browser::default();
        browser.store("a=1; Path=/; HttpOnly");
        browser.store("a=2");
        browser.store("b=3");
        browser.store("b=; Max-Age=0");
        assert_eq!(browser.cookies(), ["a=2"]);
    }
}
