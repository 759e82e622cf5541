//! In French. A space before `?`, `:` and `;` is a narrow one that does not break, and an apostrophe is a curved one.

mod account;

use super::{Around, Consent, Login, Problems, Session, Span, Texts, Told};
use crate::page::span::Unit;

pub(super) static TEXTS: Texts = Texts {
    login: Login {
        sign_in: "Se connecter",
        to_continue_to: "pour continuer vers",
        username: "Nom d’utilisateur",
        password: "Mot de passe",
        wrong: Told {
            title: "Échec de la connexion", text: "Nom d’utilisateur ou mot de passe incorrect."
        },
        stale: Told { title: "Cette page a expiré", text: "Veuillez vous reconnecter." },
        too_many: ("Trop de tentatives", Around { before: "Veuillez réessayer dans ", after: "." }),
    },
    consent: Consent {
        question: Around { before: "Autoriser ", after: " à utiliser votre compte\u{202f}?" },
        title: Around { before: "Autoriser ", after: "\u{202f}?" },
        asks_for: "L’application demande\u{202f}:",
        asks_for_nothing: "L’application demande seulement à savoir que vous êtes connecté.",
        made_by: "Proposée par",
        somebody_gone: "un utilisateur dont le compte a été supprimé",
        this_service: "ce service",
        registered_by: "Enregistrée par",
        administrators: "les administrateurs de ce service",
        leads_to: "Vous renvoie vers",
        account: "Votre compte",
        lasts: "Durée de l’accès",
        less_if_unused: Around { before: "\u{202f}; moins en cas d’inutilisation pendant ", after: "" },
        until_revoked: "jusqu’à ce que vous ou un administrateur y mettiez fin",
        at_once: "Elle obtient son accès dans l’adresse de la page vers laquelle vous êtes renvoyé. Quiconque voit cette adresse peut s’en servir.",
        only_if: "N’autorisez que si vous êtes à l’origine de cette demande.",
        if_denied: Around {
            before: "Si vous refusez, ",
            after: " n’obtient aucun accès et vous y êtes renvoyé.",
        },
        allow: "Autoriser",
        deny: "Refuser",
        sign_out: Around { before: "Vous n’êtes pas ", after: "\u{202f}? Se déconnecter" },
    },
    session: Session {
        signed_in: "Vous êtes connecté",
        signed_in_as: "en tant que",
        sign_out: "Se déconnecter",
        sign_out_everywhere: "Se déconnecter partout",
        signed_out: "Vous êtes déconnecté",
        signed_out_means: "Les applications que vous avez autorisées conservent leur accès.",
        sign_in_again: "Se reconnecter",
    },
    account: account::TEXTS,
    back_to: Around { before: "Retour à ", after: "" },
    go_on: "Continuer",
    problem: Problems {
        unknown_application: Told {
            title: "Application inconnue",
            text: "L’application qui vous a envoyé ici n’est pas connue de ce serveur, ou n’a pas le droit de l’utiliser.",
        },
        unknown_address: Told {
            title: "Adresse inconnue",
            text: "L’application qui vous a envoyé ici a donné une adresse de retour qu’elle n’a pas déclarée.",
        },
        unreadable: Told {
            title: "Cette demande est illisible",
            text: "L’application qui vous a envoyé ici a commis une erreur. Retournez-y et recommencez.",
        },
        stale_page: Told {
            title: "Cette page a expiré",
            text: "Elle est trop ancienne, ou concerne une autre demande. Rien n’a été modifié. Recommencez.",
        },
        not_for_you: Told {
            title: "Page réservée aux développeurs",
            text: "Demandez le rôle de développeur à un administrateur.",
        },
        not_offered: Told { title: "Page introuvable", text: "Ce service ne propose pas cette page." },
        still_signed_in: Told {
            title: "Vous êtes toujours connecté",
            text: "Ce formulaire a expiré. Réessayez, puis déconnectez-vous depuis la page suivante.",
        },
        unfinished: Told {
            title: "Certains accès n’ont pas encore pris fin",
            text: "L’application peut encore accéder à votre compte. Revenez à votre compte et retirez-lui l’accès de nouveau.",
        },
        unavailable: Told {
            title: "Veuillez réessayer dans un instant",
            text: "Le serveur ne peut pas répondre pour le moment. Rien n’est perdu\u{202f}: rechargez cette page.",
        },
        try_again: "Réessayer",
        request: "Demande",
    },
    span: |Span { count, unit }| {
        let unit = match unit {
            Unit::Seconds => "seconde",
            Unit::Minutes => "minute",
            Unit::Hours => "heure",
            Unit::Days => "jour",
        };
        format!("{count}\u{a0}{unit}{}", if count < 2 { "" } else { "s" })
    },
};
