//! What the console serves.

/// Returns the paths of the console's pages, but the one that asks for a token.
#[must_use]
pub fn console_pages() -> Vec<String> {
    let paths = sync_worker::console::paths();
    // A stream and the target of a form have no `HEAD`.
    let read = paths.rules().filter(|(_, method, _)| *method == "HEAD").map(|(path, ..)| path);
    let pages = read.filter(|path| *path != "/login" && !path.starts_with("/assets/"));
    pages.map(str::to_owned).collect()
}
