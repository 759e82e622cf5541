//! In English.

mod account;

use super::{Around, Consent, Login, Problems, Session, Span, Texts, Told};
use crate::page::span::Unit;

pub(super) static TEXTS: Texts = Texts {
    login: Login {
        sign_in: "Sign in",
        to_continue_to: "to continue to",
        username: "User name",
        password: "Password",
        wrong: Told { title: "Sign-in failed", text: "Wrong user name or password." },
        stale: Told { title: "This page has expired", text: "Please sign in again." },
        too_many: ("Too many attempts", Around { before: "Please try again in ", after: "." }),
    },
    consent: Consent {
        question: Around { before: "Allow ", after: " to use your account?" },
        title: Around { before: "Allow ", after: "?" },
        asks_for: "It asks for:",
        asks_for_nothing: "It only asks to know that you are signed in.",
        made_by: "Made by",
        somebody_gone: "a user whose account was deleted",
        this_service: "this service",
        registered_by: "Registered by",
        administrators: "the administrators of this service",
        leads_to: "Sends you to",
        account: "Your account",
        lasts: "Access lasts",
        less_if_unused: Around { before: "; less if it is not used for ", after: "" },
        until_revoked: "until you or an administrator ends it",
        at_once: "It gets its access in the address of the page that you are sent to. Anyone who sees that address can use it.",
        only_if: "Allow it only if you started this yourself.",
        if_denied: Around { before: "If you deny, ", after: " gets no access, and you return to it." },
        allow: "Allow",
        deny: "Deny",
        sign_out: Around { before: "Not ", after: "? Sign out" },
    },
    session: Session {
        signed_in: "You are signed in",
        signed_in_as: "as",
        sign_out: "Sign out",
        sign_out_everywhere: "Sign out everywhere",
        signed_out: "You are signed out",
        signed_out_means: "Applications that you allowed keep their access.",
        sign_in_again: "Sign in again",
    },
    account: account::TEXTS,
    back_to: Around { before: "Back to ", after: "" },
    go_on: "Continue",
    problem: Problems {
        unknown_application: Told {
            title: "Unknown application",
            text: "The application that sent you here is not known to this server, or may not use it.",
        },
        unknown_address: Told {
            title: "Unknown address",
            text: "The application that sent you here gave an address to return to that it has not registered.",
        },
        unreadable: Told {
            title: "The request cannot be read",
            text: "The application that sent you here made a mistake. Go back to it and start again.",
        },
        stale_page: Told {
            title: "This page has expired",
            text: "It is too old, or belongs to another request. Nothing was changed. Start again.",
        },
        not_for_you: Told {
            title: "This page is for developers",
            text: "Ask an administrator for the developer role.",
        },
        not_offered: Told { title: "Page not found", text: "This service does not offer this page." },
        still_signed_in: Told {
            title: "You are still signed in",
            text: "This form has expired. Try again, and sign out on the next page.",
        },
        unfinished: Told {
            title: "Some access has not ended yet",
            text: "The application may still have access to your account. Go back to your account and end its access again.",
        },
        unavailable: Told {
            title: "Please try again in a moment",
            text: "The server cannot answer right now. Nothing was lost: load this page again.",
        },
        try_again: "Try again",
        request: "Request",
    },
    span: |Span { count, unit }| {
        let unit = match unit {
            Unit::Seconds => "second",
            Unit::Minutes => "minute",
            Unit::Hours => "hour",
            Unit::Days => "day",
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    },
};
