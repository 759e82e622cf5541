//! One case beside its baseline, in turns.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::body::Bytes;

use super::{
    Error,
    case::{Case, variables},
    event::Request,
    front::Seen,
    function::Function,
    limit::Limit,
    replay::{Phases, repeatable},
    stage::Stage,
};

/// The memory of functions whose share of a processor is tried, in MB.
pub(crate) const MEMORIES: [u32; 3] = [128, 256, 512];

/// The invokes after the first that no figure counts.
const SETTLING: usize = 3;

/// What was measured of one program: one value per start, or per warm invoke.
#[derive(Default)]
pub(crate) struct Samples {
    /// In ms.
    pub(crate) init: Vec<f64>,
    /// In ms.
    pub(crate) first: Vec<f64>,
    /// With the share of a processor of each of [`MEMORIES`], in ms; empty where the machine has no such limit.
    pub(crate) limited: [Vec<f64>; 3],
    /// In ms.
    pub(crate) warm: Vec<f64>,
    /// The processor time of one warm invoke, in µs; one value per start.
    pub(crate) processor: Vec<f64>,
    /// In MiB.
    pub(crate) peak: Vec<f64>,
}

/// A case that was tried once, and what is measured of it.
pub(crate) struct Subject {
    pub(crate) case: Case,
    program: PathBuf,
    /// What is sent to the database at the first event and at each later one.
    pub(crate) first: Vec<Seen>,
    pub(crate) warm: Vec<Seen>,
    requests: PathBuf,
    pub(crate) own: Samples,
    pub(crate) baseline: Samples,
}

/// The folders of a run, and the number of warm invokes of each start.
pub(crate) struct Run<'a> {
    pub(crate) binaries: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) invokes: usize,
}

impl Subject {
    /// Tries the case, and writes the baseline's requests.
    pub(crate) async fn try_once(case: Case, stage: &mut Stage, run: &Run<'_>) -> Result<Self, Error> {
        let program = run.binaries.join(case.function);
        let event = case.event(stage).await?;
        stage.front.record();
        let (mut function, _) = Function::start(&program, &case.variables(stage)).await?;
        let init = stage.front.take();
        case.check(&function.invoke(&event).await?.0)?;
        let first = stage.front.take();
        for _ in 0..SETTLING {
            stage.front.stop();
            let event = case.event(stage).await?;
            stage.front.record();
            case.check(&function.invoke(&event).await?.0)?;
        }
        let warm = stage.front.take();
        stage.front.stop();
        function.process.kill().await?;
        let phases = Phases {
            init: repeatable(&stage.dynamodb, &init).await?,
            first: repeatable(&stage.dynamodb, &first).await?,
            warm: repeatable(&stage.dynamodb, &warm).await?,
        };
        let requests = run.folder.join(format!("{}.json", case.name().replace([' ', ':', '\''], "-")));
        fs::write(&requests, serde_json::to_vec(&phases)?)?;
        let (own, baseline) = (Samples::default(), Samples::default());
        Ok(Self { case, program, first, warm, requests, own, baseline })
    }

    /// Measures the function and then the baseline: one start with the whole processor, and one with each limit.
    pub(crate) async fn round(
        &mut self,
        stage: &mut Stage,
        run: &Run<'_>,
        limits: bool,
    ) -> Result<(), Error> {
        let shares = MEMORIES.into_iter().enumerate().filter(|_| limits);
        let shares = [None].into_iter().chain(shares.map(Some)).collect::<Vec<_>>();
        let program = run.binaries.join("requests");
        let mut its_variables = variables("requests", stage);
        its_variables.push(("REQUESTS".to_owned(), self.requests.display().to_string()));
        for share in shares {
            let own = Start {
                program: &self.program,
                variables: &self.case.variables(stage),
                case: Some(&self.case),
            };
            own.measure(stage, run, share, &mut self.own).await?;
            let baseline = Start { program: &program, variables: &its_variables, case: None };
            baseline.measure(stage, run, share, &mut self.baseline).await?;
        }
        Ok(())
    }
}

/// Measures the empty function.
pub(crate) async fn empty(stage: &mut Stage, run: &Run<'_>, samples: &mut Samples) -> Result<(), Error> {
    let (program, variables) = (run.binaries.join("empty"), variables("empty", stage));
    let start = Start { program: &program, variables: &variables, case: None };
    start.measure(stage, run, None, samples).await
}

/// One start of a program.
struct Start<'a> {
    program: &'a Path,
    variables: &'a [(String, String)],
    /// The case whose events it gets; a baseline gets any event.
    case: Option<&'a Case>,
}

impl Start<'_> {
    /// Returns the events of this many invokes, in a loop if they may be repeated. They are made before the start, so that
    /// the function never waits for the driver.
    async fn events(&self, stage: &mut Stage, invokes: usize) -> Result<Vec<Bytes>, Error> {
        let Some(case) = self.case else { return Ok(vec![Request::get("/").event()]) };
        let mut events = Vec::new();
        for _ in 0..if case.uses_events_up() { invokes } else { 1 } {
            events.push(case.event(stage).await?);
        }
        Ok(events)
    }

    /// Invokes the function, and returns the duration in ms.
    async fn invoke(&self, function: &mut Function, event: &Bytes) -> Result<f64, Error> {
        let (response, duration) = function.invoke(event).await?;
        match self.case {
            Some(case) => case.check(&response)?,
            None if response["statusCode"] == 200 => {}
            None => return Err(Error::unexpected(response.to_string())),
        }
        Ok(milliseconds(duration))
    }

    /// Measures one start; with a limit, whose index and memory are given, only its first invoke.
    async fn measure(
        &self,
        stage: &mut Stage,
        run: &Run<'_>,
        share: Option<(usize, u32)>,
        samples: &mut Samples,
    ) -> Result<(), Error> {
        let invokes = if share.is_some() { 1 } else { 1 + SETTLING + run.invokes };
        let events = self.events(stage, invokes).await?;
        let mut events = events.iter().cycle().take(invokes);
        let event = events.next().ok_or_else(|| Error::unexpected("no event"))?;
        let limit = share.map(|(_, memory)| Limit::of(memory)).transpose()?;
        let (mut function, init) = Function::start(self.program, self.variables).await?;
        if let Some(limit) = &limit {
            limit.apply(function.process.id)?;
        }
        let first = self.invoke(&mut function, event).await?;
        if let Some((index, _)) = share {
            samples.limited.get_mut(index).into_iter().for_each(|samples| samples.push(first));
            return Ok(function.process.kill().await?);
        }
        samples.init.push(milliseconds(init));
        samples.first.push(first);
        let mut begin = None;
        for (nth, event) in events.enumerate() {
            if nth == SETTLING {
                begin = Some(function.process.threads()?);
            }
            let duration = self.invoke(&mut function, event).await?;
            if nth >= SETTLING {
                samples.warm.push(duration);
            }
        }
        let end = function.process.threads()?;
        let spent = begin.map(|begin| end.since(&begin)).transpose()?.unwrap_or_default();
        samples.processor.push(per_invoke(spent, run.invokes));
        samples.peak.push(function.process.memory()?.peak);
        Ok(function.process.kill().await?)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Returns the time of one invoke in µs.
#[expect(clippy::cast_precision_loss, reason = "a number of invokes")]
fn per_invoke(spent: Duration, invokes: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / invokes as f64
}
