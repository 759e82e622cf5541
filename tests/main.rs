//! Tests of Jeton through HTTP, with a real DynamoDB engine and a clock that the tests move.
//!
//! `docs/conformance.md` maps the rules of the specifications to their tests.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails panics"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test's name states what it asserts, and no other crate imports it"
)]

mod account;
mod account_access;
mod account_credentials;
mod account_password;
mod account_sessions;
mod account_tokens;
mod account_tokens_offered;
mod apply;
mod apply_clients;
mod apply_files;
mod apply_interrupted;
mod apply_secrets;
mod attackers_hour;
mod authorizer_http_api;
mod authorizer_paths;
mod authorizer_rest_api;
mod authorizer_schemes;
mod chaos_front;
mod client_command;
mod client_life;
mod cold_starts;
mod command;
mod command_clock;
mod compat_implicit;
mod compat_password;
mod compat_refresh;
mod compat_requests;
mod compat_switches;
mod consent;
mod consent_remembered;
mod consent_resource;
mod consent_self_registered;
mod cors;
mod cost;
mod demo_mcp;
mod demo_mcp_authorization;
mod device_cookies;
mod docs;
mod doctor;
mod export;
mod front_channel_injection;
mod front_channel_outages;
mod generated_from_the_parser;
mod grant_cost;
mod grant_races;
mod grant_transitions;
mod harness;
mod hostile_input;
mod imported_passwords;
mod imported_users;
mod interop_oauth2;
mod interrupted_command;
mod key_command;
mod login_timing;
mod mass_revocation;
mod observability;
mod openid_authorize;
mod openid_basic_op;
mod openid_claims;
mod openid_client_command;
mod openid_consent;
mod openid_discovery;
mod openid_hint;
mod openid_hint_forged;
mod openid_id_token;
mod openid_keys;
mod openid_kms;
mod openid_logout;
mod openid_logout_attacks;
mod openid_logout_operation;
mod openid_redemption;
mod openid_refresh;
mod openid_scope;
mod openid_user_command;
mod openid_user_import;
mod openid_userinfo;
mod openid_userinfo_operation;
mod openid_userinfo_tokens;
mod outages;
mod overload;
mod pages;
mod password_channels;
mod password_reset;
mod races;
mod random_operations;
mod rate_limit;
mod releases;
mod resource_command;
mod restart;
mod restart_of_grants;
mod restore;
mod rfc6749_authorization_code;
mod rfc6749_authorization_request;
mod rfc6749_authorization_response;
mod rfc6749_client_authentication;
mod rfc6749_client_credentials;
mod rfc6749_refresh_scope;
mod rfc6749_refresh_token;
mod rfc6749_token_endpoint;
mod rfc6750_bearer_tokens;
mod rfc7009_revocation;
mod rfc7009_revocation_of_grants;
mod rfc7591_limits;
mod rfc7591_registration;
mod rfc7591_repetition;
mod rfc7591_request;
mod rfc7636_authorization_request;
mod rfc7636_pkce;
mod rfc7662_introspection;
mod rfc7662_introspection_of_grants;
mod rfc8252_native_apps;
mod rfc8414_metadata;
mod rfc8707_authorization_request;
mod rfc8707_refresh;
mod rfc8707_resource_indicators;
mod rfc8707_resource_servers;
mod rfc9728_challenges;
mod rights;
mod rights_policies;
mod rights_registration;
mod scope_command;
mod secret_rotation;
mod secrets_at_rest;
mod serve;
mod service_ona;
mod service_ona_token;
mod service_onna;
mod service_onna_token;
mod service_usergrid;
mod service_usergrid_token;
mod service_ushahidi_gist;
mod service_ushahidi_wiki;
mod sessions;
mod sign_in;
mod sign_in_again;
mod standing;
mod structure;
mod threats;
mod throttled;
mod token_command;
mod unknown_attributes;
mod upgrade;
mod user_command;
mod user_export;
mod user_import;
mod user_import_lines;
mod whole_flow;
