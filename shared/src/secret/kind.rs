//! The kinds of secret, and the prefix that each wears.

/// A kind of secret. Implemented by uninhabited types: a kind is a name for the compiler, not a value.
pub trait Kind: Send + Sync + 'static {
    /// What a string of this kind starts with, before the underscore. Secret scanners look for it.
    const PREFIX: &'static str;
    /// What the kind is called in messages to people.
    const NAME: &'static str;
    /// Whether the string also carries a [`Lineage`](super::Lineage) (refresh tokens only).
    const HAS_LINEAGE: bool = false;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $prefix:literal, $name:literal $(, lineage: $lineage:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
            const NAME: &'static str = $name;
            $(const HAS_LINEAGE: bool = $lineage;)?
        }
    )*};
}

// Taken for later and never to be reused: `jtd` device code, `jtq` pushed authorization request.
kinds! {
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode, "jtc", "authorization code";
    /// An access token (RFC 6749 §1.4).
    AccessToken, "jta", "access token";
    /// A refresh token (RFC 6749 §1.5). Its lineage proves that it was once genuine, and tells how many came after it.
    RefreshToken, "jtr", "refresh token", lineage: true;
    /// A client's secret (RFC 6749 §2.3.1). Its id names the secret, not the client.
    ClientSecret, "jts", "client secret";
    /// What a signed-in browser holds.
    Session, "jtn", "session";
    /// What a browser holds between being shown the login form and sending it.
    Visit, "jtv", "visit";
    /// A token that a person made for a program of their own.
    ApiToken, "jtp", "API token";
    /// The same for a few hours.
    TemporaryToken, "jtt", "temporary token";
    /// What a browser holds that a person has signed in with before.
    Browser, "jtb", "browser";
}

/// What is no secret of its own, but kept as a [`Digest`](super::Digest) all the same.
macro_rules! digested {
    ($($(#[$doc:meta])* $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind {}
    )*};
}

digested! {
    /// A code verifier (RFC 7636 §4.1): its digest is the S256 challenge.
    Verifier;
    /// The redirect URI of an authorization request.
    RedirectUri;
    /// What somebody typed for a user name: it may be anything, even their password.
    AccountName;
    /// The address that a request came from.
    CallerAddress;
    /// The address or client that a password came from, with its account.
    KnownCaller;
    /// The 128 random bits that all refresh tokens of one grant share.
    Family;
    /// A personal token of either kind: its prefix, which the digest covers, tells them apart.
    PersonalToken;
}
