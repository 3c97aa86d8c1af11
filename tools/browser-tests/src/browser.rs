//! A headless Chromium, and what a test does in it.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use url::{ParseError, Url};

/// The longest that a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

/// The window, in pixels.
const WINDOW: (u32, u32) = (1280, 900);
/// A phone's.
const PHONE: (u32, u32) = (390, 844);

/// The colours that a page is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A command of the DevTools protocol.
#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}

/// A browser at the console of one worker.
pub(crate) struct Browser {
    client: Client,
    base: String,
    /// axe-core, as text.
    axe: String,
    /// Ended when the browser is dropped.
    _driver: Child,
}

impl Browser {
    /// Starts a browser for the program at a URL.
    async fn start(base: &str, axe: &Path) -> Result<Self> {
        let axe = std::fs::read_to_string(axe)
            .with_context(|| format!("axe-core is not at {}", axe.display()))?;
        let port = launcher::ports::free()?;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run chromedriver")?;
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en-GB",
        ];
        let options = json!({"goog:chromeOptions": {"args": arguments}});
        let options = options.as_object().cloned().unwrap_or_default();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options);
        let url = format!("http://127.0.0.1:{port}");
        let connecting = async {
            loop {
                match builder.connect(&url).await {
                    Ok(client) => return client,
                    // The driver does not listen yet.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                }
            }
        };
        let client = timeout(PATIENCE, connecting).await.context("no session with chromedriver")?;
        Ok(Self { client, base: base.to_owned(), axe, _driver: driver })
    }

    /// Does `work` in a browser for the program at a URL. The browser is ended also where that fails or
    /// panics: the driver, which is killed at the end, would leave it behind.
    pub(crate) async fn with<T>(
        base: &str,
        axe: &Path,
        work: impl AsyncFnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let browser = Self::start(base, axe).await?;
        let working = async {
            browser.look(Scheme::Light, WINDOW).await?;
            work(&browser).await
        };
        let worked = AssertUnwindSafe(working).catch_unwind().await;
        let closed = timeout(PATIENCE, browser.client.close()).await;
        let done = worked.unwrap_or_else(|panic| resume_unwind(panic))?;
        closed.context("chromedriver does not end the browser")??;
        Ok(done)
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{path}", self.base)).await?)
    }

    /// Returns the path of the page that is open.
    pub(crate) async fn path(&self) -> Result<String> {
        Ok(self.client.current_url().await?.path().to_owned())
    }

    /// Returns the text of the page, as a person sees it.
    pub(crate) async fn text(&self) -> Result<String> {
        self.text_of("body").await
    }

    /// Returns the text of an element, without breaks of lines.
    pub(crate) async fn text_of(&self, css: &str) -> Result<String> {
        let text = format!("return document.querySelector({})?.innerText ?? ''", json!(css));
        let text = self.client.execute(&text, vec![]).await?;
        let text = text.as_str().unwrap_or_default();
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Finds an element.
    pub(crate) async fn find(&self, css: &str) -> Result<Element> {
        self.client.find(Locator::Css(css)).await.with_context(|| format!("nothing is {css}"))
    }

    /// Clicks on an element. One that is just replaced, as it is live, is looked for again.
    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        loop {
            match self.find(css).await?.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                done => return Ok(done?),
            }
        }
    }

    /// Fills in a field.
    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Chooses from a list.
    pub(crate) async fn choose(&self, css: &str, value: &str) -> Result<()> {
        Ok(self.find(css).await?.select_by_value(value).await?)
    }

    /// Presses keys where the focus is.
    pub(crate) async fn press(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Returns what is said about the element with the focus: its text, or its name in a form.
    pub(crate) async fn focused(&self) -> Result<String> {
        let script =
            "const it = document.activeElement; return it.name || it.innerText || it.tagName";
        let said = self.client.execute(script, vec![]).await?;
        Ok(said.as_str().unwrap_or_default().trim().to_owned())
    }

    /// Waits until something is true of the page as it stands; the page is not loaded again.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut condition: impl AsyncFnMut(&Self) -> Result<bool>,
    ) -> Result<()> {
        let waiting = async {
            while !condition(self).await? {
                sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(())
        };
        match timeout(PATIENCE, waiting).await {
            Ok(done) => done,
            Err(_) => bail!("this did not come true: {what}; the page: {}", self.text().await?),
        }
    }

    /// Opens a page again and again until a text stands on it.
    pub(crate) async fn open_until(&self, path: &str, text: &str) -> Result<()> {
        let what = format!("{path} shows {text:?}");
        self.until(&what, async |it: &Self| {
            it.open(path).await?;
            Ok(it.text().await?.contains(text))
        })
        .await
    }

    /// Shows pages in these colours, in the window of a desk.
    pub(crate) async fn at_a_desk(&self, scheme: Scheme) -> Result<()> {
        self.look(scheme, WINDOW).await
    }

    /// Shows pages in the window of a phone.
    pub(crate) async fn on_a_phone(&self) -> Result<()> {
        self.look(Scheme::Light, PHONE).await
    }

    async fn look(&self, scheme: Scheme, (width, height): (u32, u32)) -> Result<()> {
        let colours = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme.as_str()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.dev_tools("Emulation.setEmulatedMedia", colours).await?;
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.dev_tools("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    async fn dev_tools(&self, name: &str, parameters: Value) -> Result<Value> {
        let command = DevTools(json!({"cmd": name, "params": parameters}));
        Ok(self.client.issue_cmd(command).await?)
    }

    /// Fails where the page is wider than its window.
    pub(crate) async fn check_width(&self) -> Result<()> {
        let script = "const it = document.documentElement; return [it.scrollWidth, it.clientWidth]";
        let widths = self.client.execute(script, vec![]).await?;
        let [content, window] = [0, 1].map(|index| widths[index].as_u64().unwrap_or_default());
        ensure!(content <= window, "{}: {content} px wide, {window} fit", self.path().await?);
        Ok(())
    }

    /// Fails where axe finds a violation on the page.
    pub(crate) async fn check_with_axe(&self) -> Result<()> {
        let script = format!(
            "{}\nconst done = arguments[arguments.length - 1];\
             axe.run(document).then((found) => done(found.violations.map((it) => [it.id, it.help, \
             it.nodes.map((node) => node.target.join(' ') + ': ' + node.failureSummary)])), \
             (error) => done([String(error)]));",
            self.axe
        );
        let found = self.client.execute_async(&script, vec![]).await?;
        let is_clean = found.as_array().is_some_and(Vec::is_empty);
        ensure!(is_clean, "axe on {}: {found:#}", self.path().await?);
        Ok(())
    }

    /// Keeps a picture of the whole page.
    pub(crate) async fn picture(&self, file: &Path) -> Result<()> {
        let whole = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.dev_tools("Page.captureScreenshot", whole).await?;
        let picture = picture["data"].as_str().context("no picture")?;
        std::fs::write(file, STANDARD.decode(picture)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}
