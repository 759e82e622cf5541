//! The jobs, and the connections that do them.

use std::{cell::RefCell, mem, time::Duration};

use clap::ValueEnum;
use futures_util::future::try_join_all;
use hyper::{Response, body::Bytes};
use serde::Deserialize;
use tokio::time::Instant;

use super::{error::Error, target::Target};
use crate::{
    browser::Browser,
    http::{self, Connection},
};

/// One kind of request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Job {
    ClientCredentials,
    Code,
    Refresh,
    Introspection,
}

impl Job {
    /// Returns the job's name in tables.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Code => "authorization_code",
            Self::Refresh => "refresh_token",
            Self::Introspection => "introspection",
        }
    }

    /// Reads a successful token response (RFC 6749 §5.1).
    fn tokens(self, response: &Response<Bytes>) -> Result<TokenResponse, http::Error> {
        http::json(self.label(), response)
    }
}

/// The longest time to prepare codes. Some servers' codes expire after a minute.
const PREPARATION: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    refresh_token: Option<String>,
}

impl TokenResponse {
    fn refresh_token(self, job: Job) -> Result<String, Error> {
        self.refresh_token.ok_or(Error::NoRefreshToken(job.label()))
    }
}

#[derive(Deserialize)]
struct Introspection {
    active: bool,
}

/// One connection, and what it has got.
struct Worker<'a> {
    target: &'a Target,
    connection: Connection,
    browser: Browser,
    /// The access token that it introspects, or the refresh token that it uses next.
    token: String,
    /// The durations of its requests, in milliseconds.
    latencies: Vec<f64>,
}

/// Connections to one server.
pub(super) struct Workers<'a> {
    job: Job,
    all: Vec<Worker<'a>>,
    codes: RefCell<Vec<String>>,
}

/// The requests of a round.
pub(super) struct Requests {
    pub(super) elapsed: Duration,
    /// In milliseconds.
    pub(super) latencies: Vec<f64>,
}

impl Requests {
    /// Returns the number of requests in a second.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    pub(super) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

impl<'a> Workers<'a> {
    /// Opens connections, and gets what the job needs: that is not measured.
    pub(super) async fn prepare(
        target: &'a Target,
        connections: usize,
        job: Job,
        codes: usize,
    ) -> Result<Self, Error> {
        let all = try_join_all((0..connections).map(|_| Worker::open(target))).await?;
        let mut prepared = Self { job, all, codes: RefCell::default() };
        let Self { all, codes: queue, .. } = &mut prepared;
        let end = Instant::now() + PREPARATION;
        try_join_all(all.iter_mut().map(|worker| worker.prepare(job, queue, codes, end))).await?;
        Ok(prepared)
    }

    /// Sends requests on all connections for this time, or until all codes are redeemed.
    pub(super) async fn run(mut self, time: Duration) -> Result<Requests, Error> {
        let (job, codes, begin) = (self.job, &self.codes, Instant::now());
        let end = begin + time;
        try_join_all(self.all.iter_mut().map(|worker| worker.repeat(job, codes, end))).await?;
        let latencies = self.all.into_iter().flat_map(|worker| worker.latencies).collect();
        Ok(Requests { elapsed: begin.elapsed(), latencies })
    }
}

impl<'a> Worker<'a> {
    async fn open(target: &'a Target) -> Result<Self, Error> {
        let (connection, browser) = (Connection::open(target.address).await?, target.browser.clone());
        Ok(Self { target, connection, browser, token: String::new(), latencies: Vec::new() })
    }

    /// Returns a new code.
    async fn authorize(&mut self) -> Result<String, Error> {
        let (request, redirect_uri) = (self.target.authorization(), &self.target.clients.app.redirect_uri);
        Ok(self.browser.authorize(&self.connection, &request, redirect_uri).await?)
    }

    async fn prepare(
        &mut self,
        job: Job,
        queue: &RefCell<Vec<String>>,
        codes: usize,
        end: Instant,
    ) -> Result<(), Error> {
        match job {
            Job::ClientCredentials => {}
            Job::Code => {
                while queue.borrow().len() < codes && Instant::now() < end {
                    let code = self.authorize().await?;
                    queue.borrow_mut().push(code);
                }
            }
            Job::Refresh => {
                let code = self.authorize().await?;
                let response = self.connection.send(self.target.redemption(&code)?).await?;
                self.token = Job::Code.tokens(&response)?.refresh_token(Job::Code)?;
            }
            Job::Introspection => {
                let response = self.connection.send(self.target.client_credentials()?).await?;
                self.token = Job::ClientCredentials.tokens(&response)?.access_token;
            }
        }
        Ok(())
    }

    /// Sends requests, one after another.
    async fn repeat(&mut self, job: Job, codes: &RefCell<Vec<String>>, end: Instant) -> Result<(), Error> {
        loop {
            let begin = Instant::now();
            let call = match job {
                _ if begin >= end => return Ok(()),
                Job::ClientCredentials => self.target.client_credentials()?,
                Job::Code => {
                    let Some(code) = codes.borrow_mut().pop() else { return Ok(()) };
                    self.target.redemption(&code)?
                }
                Job::Refresh => self.target.refresh(&self.token)?,
                Job::Introspection => self.target.introspection(&self.token)?,
            };
            let response = self.connection.send(call).await?;
            self.latencies.push(begin.elapsed().as_secs_f64() * 1000.0);
            self.check(job, &response)?;
        }
    }

    /// Checks the response, and stores the next refresh token: every server rotates those of public clients.
    fn check(&mut self, job: Job, response: &Response<Bytes>) -> Result<(), Error> {
        if job == Job::Introspection {
            let Introspection { active } = http::json(job.label(), response)?;
            let unexpected = || http::Error::unexpected(job.label(), response).into();
            return if active { Ok(()) } else { Err(unexpected()) };
        }
        let tokens = job.tokens(response)?;
        if job == Job::Refresh {
            let used = mem::replace(&mut self.token, tokens.refresh_token(job)?);
            if used == self.token {
                return Err(Error::SameRefreshToken);
            }
        }
        Ok(())
    }
}
