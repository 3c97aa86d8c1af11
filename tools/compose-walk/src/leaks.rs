//! The search for secrets in the logs of all containers.

use anyhow::{Result, ensure};

use super::project::Project;

/// Searches all logs for each password and token; gives how many lines there were.
pub async fn none_in_the_logs(project: &Project) -> Result<usize> {
    let logs = project.logs().await?;
    let lines = logs.lines().count();
    ensure!(lines > 100, "that is not all that was logged: {lines} lines");
    let told: Vec<&str> = project
        .secrets()
        .filter(|(_, of)| logs.contains(*of))
        .map(|(name, _)| name.as_str())
        .collect();
    ensure!(told.is_empty(), "in the logs stand {}", told.join(", "));
    Ok(lines)
}
