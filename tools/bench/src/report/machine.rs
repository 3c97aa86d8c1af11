//! On what was measured.

use std::fs;

/// The description of a machine: pairs of a property and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine(pub Vec<(String, String)>);

impl Machine {
    /// This one. What it does not say is left out.
    #[must_use]
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism().map(|cores| cores.to_string());
        Self::default()
            .and("Processor", field(&read("/proc/cpuinfo"), "model name").unwrap_or_default())
            .and("Cores", cores.unwrap_or_default())
            .and("Memory", memory(&read("/proc/meminfo")).unwrap_or_default())
            .and("Kernel", read("/proc/sys/kernel/osrelease").trim())
    }

    /// And this of it, where there is something to say: `PostgreSQL`, `17.2`.
    #[must_use]
    pub fn and(mut self, what: &str, is: impl Into<String>) -> Self {
        let is = is.into();
        if !is.is_empty() {
            self.0.push((what.to_owned(), is));
        }
        self
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

fn memory(text: &str) -> Option<String> {
    let kib: f64 = field(text, "MemTotal")?.strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{:.1} GiB", kib / 1024.0 / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_does_not_say_is_left_out() {
        let machine = Machine::default().and("Processor", "").and("PostgreSQL", "17.2");
        assert_eq!(machine.0, [("PostgreSQL".to_owned(), "17.2".to_owned())]);
    }

    #[test]
    fn memory_is_told_in_gibibytes() {
        let text = "MemTotal:        8131216 kB\nMemFree:          123 kB\n";
        assert_eq!(memory(text).as_deref(), Some("7.8 GiB"));
        assert_eq!(memory("MemTotal: much"), None);
    }

    #[test]
    fn this_machine_says_how_many_cores_it_has() {
        assert!(Machine::here().0.iter().any(|(what, _)| what == "Cores"));
    }
}
