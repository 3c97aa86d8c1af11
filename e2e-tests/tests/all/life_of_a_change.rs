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

/// Reads the document and all sources, by path.
fn read() -> (String, Vec<(PathBuf, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = vec![];
    find_sources(&root, &mut paths);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    let document = fs::read_to_string(root.join("docs/life-of-a-change.md")).unwrap();
    (document, paths.into_iter().map(read).collect())
}

fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true if name == "target" || name.starts_with('.') => {}
            true => find_sources(&path, found),
            false if name.ends_with(".rs") => found.push(path),
            false => {}
        }
    }
}

/// Whether a source defines what a name such as `Relay::run` names: the function, and the type.
fn defines(source: &str, name: &str) -> bool {
    let has = |keyword: &str, name: &str| {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let text = format!("{keyword} {name}");
        let mut ends = source.match_indices(&text).map(|(at, _)| &source[at + text.len()..]);
        ends.any(|rest| !rest.starts_with(is_part))
    };
    let is_type = |name| ["struct", "enum", "trait"].iter().any(|keyword| has(keyword, name));
    match name.split_once("::") {
        Some((of, function)) => has("fn", function) && (is_type(of) || has("for", of)),
        None => has("fn", name) || is_type(name),
    }
}

#[test]
fn a_name_that_only_stands_in_a_comment_is_not_defined() {
    let source = "// read it, Arrived\nstruct Received;\nimpl Received { fn parse() {} }";
    for (name, is_there) in [
        ("parse", true),
        ("Received::parse", true),
        ("read", false),
        ("Arrived::parse", false),
        ("Received::pars", false),
    ] {
        assert_eq!(defines(source, name), is_there, "{name}");
    }
}

/// Whether a text names a function of a type, such as `Relay::run`.
fn is_function_of_type(name: &str) -> bool {
    let is_word = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    name.split_once("::").is_some_and(|(of, function)| is_word(of) && is_word(function))
}

#[test]
fn each_function_of_a_type_is_somewhere() {
    let (document, sources) = read();
    let names = document.lines().flat_map(quoted).filter(|name| is_function_of_type(name));
    let names = names.collect::<Vec<_>>();
    assert!(names.len() > 20, "only {} names were found", names.len());
    let is_missing = |name: &&String| !sources.iter().any(|(_, source)| defines(source, name));
    let missing = names.iter().filter(is_missing).collect::<Vec<_>>();
    assert!(missing.is_empty(), "not defined together in any file: {missing:?}");
}

#[test]
fn each_file_and_each_function_in_it_is_there() {
    let (document, sources) = read();
    let rows = rows(&document);
    assert!(rows.len() > 30, "only {} rows were found", rows.len());
    for Row { file, names } in rows {
        let these = sources.iter().filter(|(path, _)| path.ends_with(&file)).collect::<Vec<_>>();
        assert!(!these.is_empty(), "there is no file {file}");
        for name in names {
            let is_there = these.iter().any(|(_, source)| defines(source, &name));
            assert!(is_there, "{file} has nothing called {name}");
        }
    }
}
