//! Checks that what docker-compose.yml forbids the containers is forbidden: as Docker tells it, and
//! as a process inside finds it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::engine::docker;
use super::project::{PROGRAMS, PUBLISHED, Project, SERVICES};

/// The user of our own images.
const USER: &str = "10001:10001";

/// All of it.
pub async fn is_in_force(project: &Project) -> Result<()> {
    for service in SERVICES {
        let told = project.inspect(service).await?;
        every_container(&told).with_context(|| format!("of {service}"))?;
        only_public_ports(project, service, &told).with_context(|| format!("of {service}"))?;
    }
    for service in PROGRAMS {
        let told = project.inspect(service).await?;
        our_own(&told).with_context(|| format!("of {service}"))?;
        from_inside(project, service).await.with_context(|| format!("inside {service}"))?;
    }
    for (service, strange) in [("worker", "store-db"), ("store", "warehouse-db")] {
        does_not_reach(project, service, strange).await?;
    }
    Ok(())
}

fn is(told: &Value, path: &str, expected: &Value) -> Result<()> {
    let found = told.pointer(path).unwrap_or(&Value::Null);
    ensure!(found == expected, "{path} is {found}, not {expected}");
    Ok(())
}

fn every_container(told: &Value) -> Result<()> {
    is(told, "/HostConfig/RestartPolicy/Name", &json!("unless-stopped"))?;
    is(told, "/HostConfig/Privileged", &json!(false))?;
    is(told, "/HostConfig/LogConfig/Config/max-size", &json!("10m"))?;
    is(told, "/State/Health/Status", &json!("healthy"))?;
    let options = told["HostConfig"]["SecurityOpt"].to_string();
    ensure!(options.contains("no-new-privileges"), "its security options are {options}");
    let memory = told["HostConfig"]["Memory"].as_u64().unwrap_or_default();
    ensure!(memory > 0, "its memory has no limit");
    Ok(())
}

fn only_public_ports(project: &Project, service: &str, told: &Value) -> Result<()> {
    let mut expected = json!({});
    for (setting, of, inside) in PUBLISHED {
        if of == service {
            let outside = project.port(setting).to_string();
            expected[format!("{inside}/tcp")] =
                json!([{"HostIp": "127.0.0.1", "HostPort": outside}]);
        }
    }
    is(told, "/HostConfig/PortBindings", &expected)
}

fn our_own(told: &Value) -> Result<()> {
    is(told, "/HostConfig/ReadonlyRootfs", &json!(true))?;
    is(told, "/HostConfig/CapDrop", &json!(["ALL"]))?;
    is(told, "/HostConfig/CapAdd", &Value::Null)?;
    is(told, "/Config/User", &json!(USER))
}

/// As a process of the container finds it.
async fn from_inside(project: &Project, service: &str) -> Result<()> {
    let container = project.container(service).await?;
    let status = docker(&["exec", &container, "cat", "/proc/1/status"]).await?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().unwrap_or_default().to_owned()
    };
    let found = ["Uid:", "CapEff:", "CapBnd:", "NoNewPrivs:"].map(line);
    let none = "0000000000000000";
    ensure!(found == ["10001", none, none, "1"], "the first process has {found:?}");
    let wrote = docker(&["exec", &container, "touch", "/usr/local/bin/mine"]).await;
    let refusal = wrote.err().map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(refusal.contains("Read-only file system"), "its files can be written: {refusal:?}");
    Ok(())
}

/// A database is on a network with its service alone.
async fn does_not_reach(project: &Project, service: &str, database: &str) -> Result<()> {
    let told = project.inspect(database).await?;
    let networks = told["NetworkSettings"]["Networks"].as_object().context("no networks")?;
    let address = networks.values().find_map(|network| network["IPAddress"].as_str());
    let address = address.with_context(|| format!("{database} has no address"))?;
    let container = project.container(service).await?;
    let owner = project.container(database.trim_end_matches("-db")).await?;
    let connect = format!("timeout 3 bash -c '</dev/tcp/{address}/5432'");
    let connected = async |from: &str| docker(&["exec", from, "sh", "-c", &connect]).await.is_ok();
    ensure!(connected(&owner).await, "{database} is not reached by its own service");
    ensure!(!connected(&container).await, "{service} reaches {database}");
    Ok(())
}
