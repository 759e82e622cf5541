//! The consent page of an OpenID Connect request: what the client learns about the user, in names and not in values.

use shared::{
    clients::description::Description,
    config::{Language, SigningKeys},
};

use crate::harness::{AuthorizationRequest, HtmlForm, Redirect, Stack};

const ALL: &str = "read openid profile email groups";

/// Returns the deployment in English and French.
async fn bilingual() -> Stack {
    Stack::configured(|config| {
        config.signing_keys = SigningKeys::LOCAL.parse().unwrap();
        config.languages = "en,fr".parse().unwrap();
    })
    .await
}

#[tokio::test]
async fn openid_is_a_fixed_line_and_the_claims_are_choices_with_texts() {
    let stack = bilingual().await;
    let request = AuthorizationRequest::by(&stack.relying_party().await).with("scope", ALL);
    let browser = stack.signed_in().await;
    let page = browser.authorize(&request).await;
    page.is_page(200);
    let fieldset = page.text.split("<fieldset>").nth(1).unwrap().split("</fieldset>").next().unwrap();
    let lines: Vec<_> = fieldset.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "<p class=\"choice\"><span class=\"tick\" aria-hidden=\"true\">✓</span> <span>Know that it is you who signs in <code>openid</code></span></p>",
            "<label class=\"choice\"><input type=\"checkbox\" name=\"allow:email\" value=\"yes\" checked> <span>See your e\u{2011}mail address <code>email</code></span></label>",
            "<label class=\"choice\"><input type=\"checkbox\" name=\"allow:groups\" value=\"yes\" checked> <span>See your groups <code>groups</code></span></label>",
            "<label class=\"choice\"><input type=\"checkbox\" name=\"allow:profile\" value=\"yes\" checked> <span>See your name, your user name and your profile <code>profile</code></span></label>",
            "<label class=\"choice\"><input type=\"checkbox\" name=\"allow:read\" value=\"yes\" checked> <span>read</span></label>",
        ]
    );
    let french = browser.authorize(&request.with("ui_locales", "fr")).await.text;
    for text in [
        "Savoir que c’est vous qui vous connectez <code>openid</code>",
        "Voir votre adresse e\u{2011}mail <code>email</code>",
        "Voir vos groupes <code>groups</code>",
        "Voir votre nom, votre nom d’utilisateur et votre profil <code>profile</code>",
    ] {
        assert!(french.contains(text), "{text}: {french}");
    }
}

#[tokio::test]
async fn an_administrators_description_goes_before_the_built_in_one() {
    let stack = bilingual().await;
    let request = AuthorizationRequest::by(&stack.relying_party().await).with("scope", ALL);
    let browser = stack.signed_in().await;
    for (value, text) in [("email", "Write to you"), ("openid", "Greet you")] {
        let description = Description::new(value, Language::English, text).unwrap();
        stack.app.descriptions.describe(&description).await.unwrap();
    }
    let page = browser.authorize(&request).await.text;
    for text in ["Write to you <code>email</code>", "Greet you <code>openid</code>", "See your groups"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(
        !page.contains("See your e\u{2011}mail address") && !page.contains("Know that it is you"),
        "{page}"
    );
}

#[tokio::test]
async fn a_decision_with_no_choice_but_openid_signs_in() {
    let stack = Stack::with_openid().await;
    let rp = stack.relying_party().await;
    let request = AuthorizationRequest::by(&rp).with("scope", ALL);
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&request).await;
    let unticked = ["email", "groups", "profile", "read"]
        .iter()
        .fold(form.clone(), |form, value| form.without(&format!("allow:{value}")));
    let redirect = Redirect::of(&browser.submit(&unticked, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.scope.to_string(), "openid");
    // What was left out needs another consent; what was allowed does not.
    let silent = |scope: &str| request.with("scope", scope).with("prompt", "none");
    browser.redirected(&silent("openid")).await.code();
    browser.redirected(&silent("openid email")).await.is_error(&stack, "consent_required");
    // Some of it.
    let form = browser.consent_form(&request).await.without("allow:email").without("allow:read");
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.scope.to_string(), "groups openid profile");
    browser.redirected(&silent("openid profile groups")).await.code();
}

#[tokio::test]
async fn a_denial_signs_no_user_in_with_any_field_of_the_form() {
    let stack = Stack::with_openid().await;
    let rp = stack.relying_party().await;
    let request = AuthorizationRequest::by(&rp).with("scope", "openid");
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&request).await;
    for decision in ["deny", "Allow"] {
        let fields = [("decision", decision), ("allow:openid", "yes")];
        Redirect::of(&browser.submit(&form, &fields).await).is_error(&stack, "access_denied");
    }
    assert_eq!(stack.grants().await, 0);
}

#[tokio::test]
async fn a_form_adds_no_claim_that_the_request_has_not() {
    let stack = Stack::with_openid().await;
    let request = AuthorizationRequest::by(&stack.relying_party().await).with("scope", "openid");
    let browser = stack.signed_in().await;
    let form = browser.consent_form(&request).await;
    let added = [("decision", "allow"), ("allow:email", "yes"), ("allow:groups", "yes")];
    let redirect = Redirect::of(&browser.submit(&form, &added).await);
    assert_eq!(stack.grant_of(&redirect).await.scope.to_string(), "openid");
    // And a request without `openid` gets none by a form.
    let plain = request.with("scope", "read email");
    let form = browser.consent_form(&plain).await.without("allow:read").without("allow:email");
    let added = [("decision", "allow"), ("allow:openid", "yes")];
    Redirect::of(&browser.submit(&form, &added).await).is_error(&stack, "access_denied");
}

#[tokio::test]
async fn without_a_signing_key_the_values_are_like_any_other() {
    let stack = Stack::start().await;
    let request = AuthorizationRequest::by(&stack.relying_party().await).with("scope", "openid email");
    let browser = stack.signed_in().await;
    let page = browser.authorize(&request).await;
    for value in ["openid", "email"] {
        let choice = format!("name=\"allow:{value}\" value=\"yes\" checked> <span>{value}</span></label>");
        assert!(page.text.contains(&choice), "{}", page.text);
    }
    let form = HtmlForm::of(&page, "/oauth/authorize").without("allow:openid").without("allow:email");
    let denied = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    denied.is_error(&stack, "access_denied");
    let form = HtmlForm::of(&page, "/oauth/authorize").without("allow:openid");
    let redirect = Redirect::of(&browser.submit(&form, &[("decision", "allow")]).await);
    assert_eq!(stack.grant_of(&redirect).await.scope.to_string(), "email");
}
