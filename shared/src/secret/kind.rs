//! The kinds of secrets and their prefixes.

/// A kind of secret. The implementing types have no values: they only mark [`Secret`](super::Secret)s and
/// [`Digest`](super::Digest)s.
pub trait Kind: Send + Sync + 'static {
    /// The start of a string of this kind, before the underscore. Secret scanners search for it.
    const PREFIX: &'static str;
    /// The kind's name in messages.
    const NAME: &'static str;
    /// Whether the string contains a [`Lineage`](super::Lineage) (refresh tokens only).
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

// Reserved for later: `jtd` device code, `jtq` pushed authorization request.
kinds! {
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode, "jtc", "authorization code";
    /// An access token (RFC 6749 §1.4).
    AccessToken, "jta", "access token";
    /// A refresh token (RFC 6749 §1.5). Its lineage proves that a spent token was genuine, and tells how many rotations
    /// followed.
    RefreshToken, "jtr", "refresh token", lineage: true;
    /// A client secret (RFC 6749 §2.3.1). Its id is the secret's, not the client's.
    ClientSecret, "jts", "client secret";
    /// The session cookie of a browser in which a user is signed in.
    Session, "jtn", "session";
    /// The cookie of a browser between the display of the login form and its submission.
    Visit, "jtv", "visit";
    /// A personal token that a user creates for a program of their own.
    ApiToken, "jtp", "API token";
    /// A personal token that is valid for a few hours.
    TemporaryToken, "jtt", "temporary token";
    /// The device cookie of a browser in which a user has signed in before.
    DeviceCookie, "jtb", "device cookie";
    /// The token in a link with which a user sets a new password. Its id is the user's `sub`.
    ResetLink, "jtl", "reset link";
}

/// Values that are not secrets of their own, but are stored as a [`Digest`](super::Digest).
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
    /// The metadata of a public client that registers itself: the digest names the client.
    ClientMetadata;
    /// The text that was entered as a user name: it may be anything, even a password.
    AccountName;
    /// The IP address of a request.
    CallerAddress;
    /// The address or client that sent a password, with the account.
    KnownCaller;
    /// The 128 random bits that all refresh tokens of one grant share.
    Family;
    /// A personal token of either kind. The digest covers the prefix, so the kinds cannot be confused.
    PersonalToken;
}
