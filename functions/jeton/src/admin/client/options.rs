//! Options that `client create` and `client update` share.

use shared::oauth::Switches;

/// Returns the scope values of `--scope` options. One option may have several, as in a token request:
/// `--scope "read write"`.
pub(super) fn scope_values(options: &[String]) -> Vec<String> {
    options.iter().flat_map(|option| option.split(' ')).map(str::to_owned).collect()
}

/// Returns the switches of all `--compat` options together.
pub(super) fn all_switches(options: &[Switches]) -> Switches {
    options.iter().flat_map(Switches::iter).collect()
}
