//! What administrators change during the run: by the library, as the command's tests do, or by the command.

use std::time::Duration;

use super::{
    journal::About,
    owners::{OWNER, all_work},
    run::Run,
    subjects::Subject,
};

/// How far the clock moves after a command. A command ends everything until the end of its current second, and the machine's
/// clock runs while the command does.
const AFTER_A_COMMAND: Duration = Duration::from_secs(15);

impl Run {
    /// Changes a client or a user at times, and enables again what is disabled.
    pub async fn administer(&mut self) -> Result<(), String> {
        self.enable().await?;
        let client = self.dice.below(self.clients.len());
        let user = self.dice.below(self.accounts.len());
        match self.dice.below(1_000) {
            0..12 if all_work(self) => {
                self.stack.disable(&self.clients[client].registered).await;
                self.clients[client].disabled = true;
                self.lose_client(client, "is disabled", false);
            }
            12..17 if all_work(self) => {
                self.delete_client(client).await;
            }
            17..30 if self.clients[client].works() && !self.clients[client].is_public() => {
                self.clients[client].rotate_secret(&self.stack).await;
                self.tell_client(client, "has a new secret");
            }
            30..55 if self.clients[client].works() && self.clients[client].self_registered.is_none() => {
                self.clients[client].amend(&self.stack, &mut self.dice).await;
                let settings = self.clients[client].settings;
                self.tell_client(client, &format!("is changed: {settings:?}"));
            }
            55..63 => {
                // One write: the grants are not ended one by one.
                let sub = self.accounts[user].user.sub;
                self.stack.app.users.end_everything(sub, self.stack.now()).await.unwrap();
                self.lose_user(user, "has everything ended", false);
            }
            63..68 if self.accounts.iter().all(|account| !account.disabled) => {
                let sub = self.accounts[user].user.sub;
                self.stack.app.users.disable(sub, self.stack.now()).await.unwrap();
                self.accounts[user].disabled = true;
                self.lose_user(user, "is disabled", false);
            }
            68..71 => {
                self.stack.app.users.delete(self.accounts[user].user.sub).await.unwrap();
                self.lose_user(user, "is deleted", false);
                self.replace_user(user).await;
            }
            71..87 => self.make_link(user).await,
            87..112 => self.change_resource().await,
            112..117 if all_work(self) => self.remove_role().await,
            117..122 if self.clients[client].works() && !self.accounts[user].disabled => {
                return self.run_command(client, user).await;
            }
            122..132 => return self.repeat_registration().await,
            // Often while it may not.
            132..332 if !all_work(self) => return self.repeat_registration().await,
            _ => {}
        }
        Ok(())
    }

    pub async fn delete_client(&mut self, client: usize) {
        self.stack.delete(&self.clients[client].registered).await;
        self.note_deletion(client);
        self.lose_client(client, "is deleted", false);
    }

    fn note_deletion(&mut self, client: usize) {
        let client = &mut self.clients[client];
        client.deleted = true;
        if let Some(of) = &mut client.self_registered {
            of.deletions += 1;
        }
    }

    /// Enables a client and a user that are disabled, and registers a client and a resource in place of deleted ones.
    async fn enable(&mut self) -> Result<(), String> {
        if let Some(client) = self.clients.iter().position(|client| !client.works())
            && self.dice.chance(15)
        {
            let owner = &self.accounts[OWNER];
            let (lacks_role, sub) = (!owner.developer && !owner.disabled, owner.user.sub);
            // An owner is without the role for a while.
            if self.clients[client].is_owned() && lacks_role && self.dice.chance(25) {
                self.grant_role().await;
            }
            if self.clients[client].must_register_again() {
                self.register_anew(client).await?;
            } else if self.clients[client].deleted {
                self.clients[client] = self.clients[client].successor(&self.stack, sub).await;
                self.tell_owner();
                self.replace_grants(client).await;
            } else if self.clients[client].disabled {
                self.stack.enable(&self.clients[client].registered).await;
                self.clients[client].disabled = false;
            }
            self.tell_client(client, "is enabled");
        }
        if self.notes.is_none() && self.dice.chance(5) {
            self.change_resource().await;
        }
        if let Some(user) = self.accounts.iter().position(|account| account.disabled)
            && self.dice.chance(15)
        {
            self.stack.app.users.enable(self.accounts[user].user.sub).await.unwrap();
            self.accounts[user].disabled = false;
            self.tell_owner();
            self.note(About::User(user), format!("user {user} is enabled"));
        }
        Ok(())
    }

    /// Begins other grants in place of those of the client, which has another id now.
    pub async fn replace_grants(&mut self, client: usize) {
        for at in 0..self.subjects.len() {
            if self.subjects[at].client == client {
                self.subjects[at] = self.subject().await;
            }
        }
    }

    /// Runs a command that ends everything of a client or a user.
    async fn run_command(&mut self, client: usize, user: usize) -> Result<(), String> {
        let (id, name) = (self.clients[client].registered.id.clone(), self.accounts[user].user.name.clone());
        let (of_client, arguments): (bool, &[&str]) = match self.dice.below(8) {
            0 => (true, &["token", "revoke-all", "--client", &id]),
            1 => (true, &["client", "disable", &id]),
            2 => (true, &["client", "delete", &id]),
            3 => (false, &["token", "revoke-all", "--user", &name]),
            4 => (false, &["user", "disable", &name]),
            5 => (false, &["user", "delete", &name]),
            6 => (false, &["user", "set-password", &name, "--password-stdin"]),
            // A file declares no clients of developers, none that registered themselves, and no resource that is not
            // registered.
            _ if self.clients[client].is_owned()
                || self.clients[client].self_registered.is_some()
                || self.notes.is_none() =>
            {
                return Ok(());
            }
            _ => {
                self.apply(client).await;
                return Ok(());
            }
        };
        let (verb, new) = (arguments[1], self.new_password(user));
        let ran = self.stack.jeton(arguments, &new).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        let text = format!("after `jeton {} {verb}`", arguments[0]);
        if of_client {
            self.clients[client].disabled = verb == "disable";
            if verb == "delete" {
                self.note_deletion(client);
            }
            self.lose_client(client, &text, true);
        } else {
            self.accounts[user].disabled = verb == "disable";
            self.lose_user(user, &text, true);
            if verb == "delete" {
                self.replace_user(user).await;
            }
        }
        self.advance(AFTER_A_COMMAND);
        if verb == "set-password" {
            let old = std::mem::replace(&mut self.accounts[user].password, new);
            return self.reject(user, &old).await;
        }
        Ok(())
    }

    /// Disables a client by a file that declares the whole deployment.
    async fn apply(&mut self, client: usize) {
        let exported = self.stack.jeton(&["export"], "").await;
        let mut declared = exported.json();
        declared["clients"][&self.clients[client].registered.id]["disabled"] = true.into();
        let applied = self.stack.apply(&declared.to_string(), &[]).await;
        assert_eq!(applied.code, 0, "{applied:?}");
        self.clients[client].disabled = true;
        self.lose_client(client, "after `jeton apply`", true);
        self.advance(AFTER_A_COMMAND);
    }

    /// Records that the tokens issued to the client until now are invalid. Tokens issued from now on are valid.
    fn lose_client(&mut self, client: usize, what: &str, swept: bool) {
        self.tell_client(client, what);
        let id = &self.clients[client].registered.id;
        self.accounts.iter_mut().for_each(|account| drop(account.consents.remove(id)));
        self.lose_standing(|_, subject| subject.client == client, swept);
    }

    pub fn lose_user(&mut self, user: usize, what: &str, swept: bool) {
        self.note(About::User(user), format!("user {user} {what}"));
        self.count(&format!("a user {what}"));
        self.accounts[user].lose_everything();
        self.lose_standing(|run, subject| run.depends_on(subject, user), swept);
        self.tell_owner();
    }

    fn lose_standing(&mut self, affects: impl Fn(&Self, &Subject) -> bool, swept: bool) {
        let affected: Vec<_> =
            (0..self.subjects.len()).filter(|at| affects(self, &self.subjects[*at])).collect();
        for at in affected {
            self.subjects[at].oracle.lose_standing(swept);
        }
        self.advance(Duration::from_millis(1));
    }

    pub fn tell_client(&mut self, client: usize, what: &str) {
        self.note(About::Client(client), format!("client {client} {what}"));
        self.count(&format!("a client {}", what.split(':').next().unwrap()));
    }
}
