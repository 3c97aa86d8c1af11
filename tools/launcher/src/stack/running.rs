//! The running parts of a stack: started from the servers up, stopped from the programs down.

use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::folder::Folder;
use super::programs::{self, Program};
use super::secrets::Secrets;
use super::settle::Ports;
use super::sources::{self, Sources};
use crate::http;
use crate::identity::Identity;
use crate::postgres::{self, Postgres};
use crate::process::Process;
use crate::progress::Progress;
use crate::rabbitmq::{self, RabbitMq};

/// The time that a program has to be ready, and to stop.
const READY: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(12);

/// The parts that were started. They are dropped in this order.
#[derive(Debug, Default)]
pub(super) struct Running {
    programs: Vec<Process>,
    sources: Vec<Process>,
    rabbitmq: Option<RabbitMq>,
    postgres: Option<Postgres>,
}

impl Running {
    pub(super) async fn start_servers(
        &mut self,
        folder: &Folder,
        ports: Ports,
        secrets: &Secrets,
        progress: &Progress,
    ) -> Result<()> {
        let data = folder.path().join("postgres");
        let options = postgres::Options {
            port: Some(ports.postgres),
            password: secrets.postgres.clone(),
            durable: true,
            max_connections: 200,
            settings: vec![],
            log: Some(folder.log("postgres")),
        };
        let postgres = async {
            let server = Postgres::start(&data, options).await?;
            server.make_roles(&secrets.roles()).await?;
            Ok(server)
        };
        let messages = folder.path().join("rabbitmq");
        let options = rabbitmq::Options {
            ports: Some(rabbitmq::Ports::with(ports.amqp, ports.management)?),
            passwords: secrets.rabbitmq(),
            tls: None,
            log: Some(folder.log("rabbitmq")),
        };
        let (postgres, rabbitmq) = tokio::join!(
            progress.during("PostgreSQL", postgres),
            progress.during("RabbitMQ", RabbitMq::start(&messages, options)),
        );
        // Each is kept before the other's failure is told, so that it is stopped in good order.
        let (postgres, failed) = (postgres.map(|server| self.postgres = Some(server)), rabbitmq);
        failed.map(|server| self.rabbitmq = Some(server)).and(postgres)
    }

    pub(super) async fn start_programs(
        &mut self,
        folder: &Folder,
        programs: &[Program],
        progress: &Progress,
    ) -> Result<()> {
        let names = programs.iter().map(|program| program.name).collect::<Vec<_>>();
        let built = programs::built(&names)?;
        for recipe in programs.iter().filter_map(|program| program.migration(&built, folder)) {
            let name = recipe.name.clone();
            progress.during(&name, Process::complete(recipe)).await?;
        }
        for program in programs {
            self.programs.push(Process::spawn(program.recipe(&built, folder)).await?);
        }
        for (program, process) in programs.iter().zip(&self.programs) {
            let ready =
                async || http::status(program.port, "/health/ready", None).await == Some(200);
            progress.during(program.name, process.ready(READY, ready)).await?;
        }
        Ok(())
    }

    pub(super) async fn start_sources(
        &mut self,
        folder: &Folder,
        sources: &Sources,
        progress: &Progress,
    ) -> Result<()> {
        let built = programs::built(&[sources::PROGRAM])?;
        for (recipe, port) in sources.recipes(&built, folder)? {
            let process = Process::spawn(recipe).await?;
            // A path that is no request to the source itself.
            let ready = async || http::status(port, "/control/counts", None).await == Some(200);
            let name = process.name().to_owned();
            let ready = progress.during(&name, process.ready(READY, ready)).await;
            self.sources.push(process);
            ready?;
        }
        Ok(())
    }

    /// Waits until a part ends by itself, which none should, and returns the message about it.
    pub(super) async fn broken(&self) -> String {
        let mut ends = JoinSet::new();
        for (index, process) in self.processes().enumerate() {
            let ended = process.ended();
            ends.spawn(async move { (index, ended.await) });
        }
        match ends.join_next().await {
            Some(Ok((index, status))) => self
                .processes()
                .nth(index)
                .map_or_else(String::new, |process| process.describe_exit(status)),
            Some(Err(_)) | None => "nothing is left to wait for".to_owned(),
        }
    }

    /// Stops all parts in order: worker, services, sources, RabbitMQ, PostgreSQL.
    pub(super) async fn stop(&mut self, progress: &Progress) {
        while let Some(program) = self.programs.pop().or_else(|| self.sources.pop()) {
            progress.say(&format!("stopping {}", program.name()));
            program.stop(Signal::TERM, STOP).await;
        }
        if let Some(mut rabbitmq) = self.rabbitmq.take() {
            progress.say("stopping RabbitMQ");
            rabbitmq.stop().await;
        }
        if let Some(mut postgres) = self.postgres.take() {
            progress.say("stopping PostgreSQL");
            postgres.stop().await;
        }
    }

    /// Returns the process ids of the programs, as lines that a POSIX shell can read: who wants to see an
    /// outage stops one.
    pub(super) fn pid_lines(&self) -> String {
        let names = ["STORE_PID", "WAREHOUSE_PID", "WORKER_PID"];
        let programs = names.into_iter().zip(&self.programs);
        programs.map(|(name, program)| format!("{name}='{}'\n", program.identity().pid)).collect()
    }

    pub(super) fn identities(&self) -> Vec<Identity> {
        self.processes().map(Process::identity).collect()
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        let postgres = self.postgres.iter().filter_map(Postgres::process);
        let rabbitmq = self.rabbitmq.iter().flat_map(RabbitMq::processes);
        postgres.chain(rabbitmq).chain(&self.sources).chain(&self.programs)
    }
}
