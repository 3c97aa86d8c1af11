//! No two folders of a crate import each other, neither directly nor through others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The crates of the product.
const CRATES: [&str; 7] = [
    "crates/orders",
    "crates/program-kit",
    "crates/service-kit",
    "shared-models",
    "store-svc",
    "sync-worker",
    "warehouse-svc",
];

/// The names from the root of a crate to a module or to something in it.
type Names = Vec<String>;

/// The modules of a crate with their sources, without tests.
type Modules = BTreeMap<Names, String>;

fn read(folder: &Path, names: &Names, modules: &mut Modules) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = [names.as_slice(), &[name.to_owned()]].concat();
        match path.extension() {
            _ if name == "tests" || name.ends_with("_tests") => {}
            None => read(&path, &inner, modules),
            Some(extension) if extension == "rs" => {
                let is_itself = ["mod", "lib", "main"].contains(&name);
                let text = code(&fs::read_to_string(&path).unwrap());
                let module = modules.entry(if is_itself { names.clone() } else { inner });
                *module.or_default() += &text;
            }
            Some(_) => {}
        }
    }
}

/// The code of a file, without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The paths in `a::{b, c::{d, e}}`, and where it ends.
fn paths(text: &str) -> Vec<Names> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let (start, rest) = text.split_at(text.find(|it| !is_name(it)).unwrap_or(text.len()));
    let start = start.split("::").filter(|name| !name.is_empty()).map(str::to_owned);
    let start = start.collect::<Names>();
    let Some(mut rest) = rest.strip_prefix('{') else { return vec![start] };
    let mut all = Vec::new();
    while !rest.is_empty() {
        let mut depth = 0;
        let end = rest.find(|letter| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            depth < 0 || (depth == 0 && letter == ',')
        });
        let end = end.unwrap_or(rest.len() - 1);
        all.extend(paths(rest[..end].trim()).into_iter().map(|path| [&*start, &path].concat()));
        if rest[end..].starts_with('}') {
            break;
        }
        rest = &rest[end + 1..];
    }
    all
}

/// A path that stands in a module, from the root of the crate.
fn absolute(module: &[String], path: &[String]) -> Names {
    let ups = path.iter().take_while(|name| *name == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        _ => [&module[..module.len().saturating_sub(ups)], &path[ups..]].concat(),
    }
}

/// The imports of each module, with re-exports resolved.
fn imports(modules: &Modules) -> BTreeSet<(Names, Names)> {
    let (mut exports, mut imports) = (BTreeMap::new(), BTreeSet::new());
    for (module, text) in modules {
        for (begin, _) in text.match_indices("use ").filter(|(at, _)| is_export(&text[..*at])) {
            for path in paths(&text[begin + "use ".len()..]) {
                let name = path.last().cloned().into_iter().collect::<Names>();
                exports.insert([&**module, &name].concat(), absolute(module, &path));
            }
        }
        let begins = ["crate::", "super::"].into_iter().flat_map(|word| text.match_indices(word));
        for (at, _) in begins.filter(|(at, _)| !text[..*at].ends_with("::")) {
            imports
                .extend(paths(&text[at..]).iter().map(|it| (module.clone(), absolute(module, it))));
        }
    }
    let resolve = |path: Names| {
        let exported = (1..=path.len()).find_map(|end| Some((end, exports.get(&path[..end])?)));
        exported.map_or(path.clone(), |(end, from)| [&**from, &path[end..]].concat())
    };
    imports.into_iter().map(|(module, path)| (module, resolve(resolve(path)))).collect()
}

fn is_export(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap().trim();
    line.starts_with("pub")
}

/// The modules that are reached from one by imports.
fn reached<'a>(from: &Names, edges: &'a BTreeMap<Names, BTreeSet<Names>>) -> BTreeSet<&'a Names> {
    let (mut reached, mut open) =
        (BTreeSet::new(), edges.get(from).into_iter().collect::<Vec<_>>());
    while let Some(next) = open.pop() {
        let new = next.iter().filter(|to| reached.insert(*to));
        open.extend(new.filter_map(|to| edges.get(to)));
    }
    reached
}

/// The folders that import each other, each with where they stand and what they are called.
fn circles(modules: &Modules) -> Vec<String> {
    let mut edges = BTreeMap::<Names, BTreeSet<Names>>::new();
    for (from, to) in imports(modules) {
        let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
        let ends = [&from, &to].map(|path| path.get(..=shared).map(<[String]>::to_vec));
        let [Some(from), Some(to)] = ends else { continue };
        if modules.keys().any(|module| module.starts_with(&to)) {
            edges.entry(from).or_default().insert(to);
        }
    }
    let is_folder = |path: &Names| {
        modules.keys().any(|module| module.len() > path.len() && module.starts_with(path))
    };
    let folders = edges.keys().filter(|path| is_folder(path));
    let reached =
        folders.map(|folder| (folder, reached(folder, &edges))).collect::<BTreeMap<_, _>>();
    let is_mutual = |one: &Names, other: &Names| {
        one != other && reached.get(other).is_some_and(|back| back.contains(one))
    };
    let in_circle = reached.iter().filter(|(one, to)| to.iter().any(|other| is_mutual(one, other)));
    in_circle.map(|(folder, _)| folder.join("::")).collect()
}

fn modules(sources: &[(&str, &str)]) -> Modules {
    let names = |path: &str| path.split("::").map(str::to_owned).collect();
    sources.iter().map(|(path, text)| (names(path), code(text))).collect()
}

#[test]
fn no_folders_of_a_crate_import_each_other() {
    for name in CRATES {
        let mut modules = Modules::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        read(&source, &Names::new(), &mut modules);
        assert!(circles(&modules).is_empty(), "{name}: import each other: {:?}", circles(&modules));
    }
}

#[test]
fn a_circle_is_found_however_it_is_imported() {
    let found = |one: &str, other: &str, through: &str| {
        let sources = [("a", ""), ("a::x", one), ("b", ""), ("b::y", other), ("c", through)];
        circles(&modules(&sources)).join(" ")
    };
    assert_eq!(found("use crate::b::Y;", "use crate::a::X;", ""), "a b");
    assert_eq!(found("use crate::{c::C, b::{Y, Z}};", "use super::super::a;", ""), "a b");
    assert_eq!(
        found("fn f() { crate::b::y::f() }", "use crate::c::C;", "pub use crate::a::C;"),
        "a b"
    );
    assert_eq!(found("use crate::b::Y;", "use crate::c::C;", "use crate::a::X;"), "a b");
    assert_eq!(found("use crate::b::Y;", "// use crate::a::X;", "use crate::a::X;"), "");
    let tests = "#[cfg(test)]\nmod tests {\n    use crate::a::X;\n}";
    assert_eq!(found("use crate::b::Y;", tests, ""), "");
}
