//! What the pages of a person's own account say.

/// On the pages of a person's own account.
#[derive(Debug)]
pub struct Account {
    /// A title, heading and link.
    pub title: &'static str,
    /// A heading and link.
    pub applications: &'static str,
    /// What they are.
    pub applications_lead: &'static str,
    /// In place of the list.
    pub no_applications: &'static str,
    /// A title, heading and link.
    pub tokens: &'static str,
    /// What they are.
    pub tokens_lead: &'static str,
    /// In place of the list.
    pub no_tokens: &'static str,
    /// A title, heading and link.
    pub credentials: &'static str,
    /// What they are.
    pub credentials_lead: &'static str,
    /// In place of the list.
    pub no_credentials: &'static str,
    /// A column, and a field.
    pub name: &'static str,
    /// A column, and before the scope values to choose from.
    pub permissions: &'static str,
    /// A column.
    pub since: &'static str,
    /// A column.
    pub made: &'static str,
    /// A column.
    pub expires: &'static str,
    /// A column.
    pub last_used: &'static str,
    /// In place of a day.
    pub never: &'static str,
    /// Before the token itself.
    pub token: &'static str,
    /// A column, and before the id itself.
    pub client_id: &'static str,
    /// Before the secret itself.
    pub client_secret: &'static str,
    /// A button.
    pub end_access: &'static str,
    /// A button.
    pub revoke: &'static str,
    /// A button.
    pub delete: &'static str,
    /// A heading.
    pub new_token: &'static str,
    /// A heading.
    pub new_credentials: &'static str,
    /// Before the lifetimes to choose from.
    pub lifetime: &'static str,
    /// A lifetime.
    pub until_revoked: &'static str,
    /// What a token for some hours is.
    pub temporary: &'static str,
    /// A button.
    pub create_token: &'static str,
    /// A button.
    pub create_credentials: &'static str,
    /// Beside a secret that is shown this once.
    pub keep_safe: &'static str,
    /// A link.
    pub done: &'static str,
    /// Before what was wrong with a form.
    pub not_created: &'static str,
    /// What was wrong.
    pub bad_name: &'static str,
    /// What was wrong.
    pub no_scope: &'static str,
    /// What was wrong.
    pub no_lifetime: &'static str,
    /// What was wrong.
    pub too_many: &'static str,
}
