//! The developer who owns a client: the client works only while its owner has that role and is in good standing, and its
//! grants end when everything of its owner ends.

use shared::status::Role;

use super::{accounts::Account, clients::Client, journal::About, run::Run, subjects::Subject};

/// The number of the account that owns the clients with an owner.
pub const OWNER: usize = 0;

impl Run {
    /// Takes the role from the owner.
    pub async fn remove_role(&mut self) {
        let sub = self.accounts[OWNER].user.sub;
        self.stack.app.users.remove_role(sub, &Role::developer()).await.unwrap();
        self.accounts[OWNER].developer = false;
        self.count("the owner is no developer");
        self.tell_owner();
    }

    /// Gives the owner the role. Grants of the clients that have not ended work again.
    pub async fn grant_role(&mut self) {
        let sub = self.accounts[OWNER].user.sub;
        self.stack.app.users.grant_role(sub, &Role::developer()).await.unwrap();
        self.accounts[OWNER].developer = true;
        self.count("the owner is a developer");
        self.tell_owner();
    }

    /// Creates another user in place of the one with this number, who was deleted. The clients that the user owned do not
    /// work any more.
    pub async fn replace_user(&mut self, user: usize) {
        self.accounts[user] = Account::create(&self.stack, user, self.steps).await;
        if user == OWNER {
            self.clients
                .iter_mut()
                .filter(|client| client.is_owned())
                .for_each(|client| client.deleted = true);
        }
    }

    /// Returns whether a grant ends when everything of the user ends: it is the user's, or of a client that the user owns.
    pub fn depends_on(&self, subject: &Subject, user: usize) -> bool {
        subject.user.0 == user || user == OWNER && self.clients[subject.client].is_owned()
    }

    /// Records the owner's standing in the clients with an owner.
    pub fn tell_owner(&mut self) {
        let owner = &self.accounts[OWNER];
        let works = owner.developer && !owner.disabled;
        for (n, client) in self.clients.iter_mut().enumerate().filter(|(_, client)| client.is_owned()) {
            if client.owner_works != works {
                let told = format!("the owner of client {n} is a developer in good standing: {works}");
                self.journal.add(self.steps, About::Client(n), told);
            }
            client.owner_works = works;
        }
    }
}

/// Returns whether all clients work.
pub fn all_work(run: &Run) -> bool {
    run.clients.iter().all(Client::works)
}
