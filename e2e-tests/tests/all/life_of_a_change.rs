//! `docs/life-of-a-change.md` names files and functions that exist.

use std::fs;
use std::path::{Path, PathBuf};

/// A row of a table: the file, and the names in its second column.
struct Row {
    file: String,
    names: Vec<String>,
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows whose first column is one file of Rust.
fn rows(document: &str) -> Vec<Row> {
    let columns = document.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
    let row = |columns: Vec<&str>| {
        let file = quoted(columns.first()?).into_iter().find(|name| name.ends_with(".rs"))?;
        let names = quoted(columns.get(1)?).into_iter().filter(|name| !name.contains('/'));
        Some(Row { file, names: names.collect() })
    };
    columns.filter_map(row).collect()
}

/// All sources, by path.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true if name == "target" || name.starts_with('.') => {}
            true => sources(&path, found),
            false if name.ends_with(".rs") => found.push(path),
            false => {}
        }
    }
}

/// Whether a source defines the last part of a name such as `Relay::run`.
fn defines(source: &str, name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    source.match_indices(last).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        let after = source[at + last.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[test]
fn each_file_and_each_function_in_it_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = fs::read_to_string(root.join("docs/life-of-a-change.md")).unwrap();
    let mut files = vec![];
    sources(&root, &mut files);
    let rows = rows(&document);
    assert!(rows.len() > 30, "only {} rows were found", rows.len());
    for Row { file, names } in rows {
        let these = files.iter().filter(|path| path.ends_with(&file)).collect::<Vec<_>>();
        assert!(!these.is_empty(), "there is no file {file}");
        let sources = these.iter().map(|path| fs::read_to_string(path).unwrap());
        let sources = sources.collect::<Vec<_>>();
        for name in names {
            let is_there = sources.iter().any(|source| defines(source, &name));
            assert!(is_there, "{file} has nothing called {name}");
        }
    }
}
