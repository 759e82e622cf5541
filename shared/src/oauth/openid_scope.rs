//! The scope values of OpenID Connect (Core §3.1.2.1, §5.4). An administrator registers clients for them as for any
//! other value; a self-registered client never has one.

/// Makes a request an OpenID Connect request: the client gets an ID token.
pub const OPENID: &str = "openid";
/// The claims about the user's profile.
pub const PROFILE: &str = "profile";
/// The claims `email` and `email_verified`.
pub const EMAIL: &str = "email";
/// The claim `groups`: the user's roles. Not a standard value, but the one that Kubernetes and Grafana know.
pub const GROUPS: &str = "groups";
/// Asks for a refresh token (Core §11). Jeton issues one by the client's grant types, and never grants this value.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The values that a grant of an OpenID Connect request may have for any resource, and for none.
pub const GRANTED: [&str; 4] = [OPENID, PROFILE, EMAIL, GROUPS];
/// The values that OpenID Connect gives a meaning to. No resource may list one of them.
pub const RESERVED: [&str; 5] = [OPENID, PROFILE, EMAIL, GROUPS, OFFLINE_ACCESS];
