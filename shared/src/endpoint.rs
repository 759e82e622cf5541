//! The parts that endpoints share: the application, a call, the Lambda adapter, the metadata document, client
//! authentication, the requested resource, bearer tokens, requests through the browser, the signed-in user and password
//! verification.

mod address;
mod app;
pub mod authenticate;
pub mod bearer;
mod call;
mod device_cookie;
pub mod front_channel;
pub mod lambda;
pub mod metadata;
mod password_cache;
pub mod resource;
mod sign_out;
mod signed_in;
pub mod verify_password;

pub use app::App;
pub use authenticate::{Authenticated, AuthenticationError, AuthenticationFailed, Credentials, authenticate};
pub use call::{Call, Cors, Route, UnknownIssuer};
pub use device_cookie::{DEVICE_COOKIE, device_cookie};
pub use front_channel::{FrontChannel, FrontChannelRequest, Input};
pub use password_cache::PasswordCache;
pub use resource::ResourceError;
pub use sign_out::SignOut;
pub use signed_in::{SESSION_COOKIE, SignedIn, signed_in};
pub use verify_password::{PasswordCredentials, PasswordError, VerifiedUser};
