//! The walk through the console, as a person would go: each step says what it shows.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use e2e_tests::{Stack, console_pages};
use process_kit::secured::token;
use process_kit::{lamps_and_bulbs, unbelievable};
use program_kit::access::Role;
use sample_sources::remote::{Options as RemoteOptions, Remote};
use sample_sources::upstream::{Options as UpstreamOptions, Upstream};
use sample_sources::worker_settings;
use serde_json::json;
use test_kit::TestBroker;

use crate::browser::{Browser, Scheme};

/// The keys that a test presses, as WebDriver names them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The pages that are looked at.
const PAGES: [(&str, &str); 9] = [
    ("overview", "/"),
    ("orders", "/orders"),
    ("place", "/orders/new"),
    ("parked", "/parked"),
    ("given-up", "/parked?state=dropped"),
    ("agreement", "/agreement"),
    ("sources", "/sources"),
    ("readings", "/readings"),
    ("settings", "/settings"),
];

/// Goes all the way; `pictures` is the folder for screenshots.
pub(crate) async fn walk(axe: &Path, pictures: &Path) -> Result<()> {
    let broker = TestBroker::new().await;
    let upstream = Upstream::start(UpstreamOptions::default()).await?;
    let remote = Remote::start(RemoteOptions::default()).await?;
    let (upstream_url, remote_url) = (upstream.url(), remote.url());
    let sources = worker_settings(&upstream_url, &remote_url);
    let mut stack = Stack::start_with(&broker, &sources).await;
    let worker = stack.worker.url().to_owned();
    Browser::with(&worker, axe, async |browser| steps(browser, &mut stack, &broker, pictures).await)
        .await
}

/// Goes all steps, in this order: each begins where the one before it has led.
async fn steps(
    browser: &Browser,
    stack: &mut Stack,
    broker: &TestBroker,
    pictures: &Path,
) -> Result<()> {
    step("sign in with a token, by the keyboard");
    sign_in(browser).await?;
    step("place an order: it arrives; ship it: that comes back");
    let order = place_and_ship(browser).await?;
    step("park a change, and replay it");
    let run = park_and_replay(browser, broker, &order).await?;
    step("pause: what waits grows; resume: it shrinks");
    pause_and_resume(browser, stack).await?;
    step("stop the warehouse: the page says so; start it: it heals");
    stop_and_start(browser, stack).await?;
    step("an edit that somebody else was faster than");
    meet_another(browser, stack, &order).await?;
    step("the keyboard alone places an order");
    keyboard(browser).await?;
    step("compare now: a planted difference is found and healed");
    let receipt = find_a_difference(browser, stack, &order).await?;
    step("run a source now");
    run_a_source(browser).await?;
    fill(stack, broker).await?;
    step("axe, in light and dark; screenshots");
    let order = format!("/orders/{order}");
    let edit = format!("/orders/{}/edit/store", stack.store.place(&lamps_and_bulbs()).await);
    let more = [("order", &*order), ("edit", &edit), ("run", &run), ("receipt", &receipt)];
    look(browser, &more, pictures).await?;
    step("stop the worker: what is not live says so; start it: it asks for the token");
    not_live(browser, stack).await
}

fn step(what: &str) {
    eprintln!("--> {what}");
}

async fn sign_in(browser: &Browser) -> Result<()> {
    browser.open("/orders").await?;
    ensure!(browser.path().await? == "/login", "the console asks for a token");
    browser.check_with_axe().await?;
    ensure!(browser.focused().await? == "token", "the field has the focus");
    browser.press(&format!("{}{ENTER}", token(Role::Admin).expose())).await?;
    browser.until("it leads back", async |it| Ok(it.path().await? == "/orders")).await?;
    let empty = browser.text().await?;
    ensure!(empty.contains("There is no order yet"), "an empty page says what to do: {empty}");
    Ok(())
}

async fn place_and_ship(browser: &Browser) -> Result<String> {
    browser.click(".title .main").await?;
    browser.until("the form is open", async |it| Ok(it.path().await? == "/orders/new")).await?;
    browser.click("form.fields button.main").await?;
    let problem = "text that is not blank";
    browser
        .until("what is wrong is said", async |it| Ok(it.text().await?.contains(problem)))
        .await?;
    browser.fill("#company", "Acme & Sons").await?;
    browser.fill("#address", "1 Main Street").await?;
    browser.fill("#line-0-sku", "LAMP").await?;
    browser.fill("#line-0-quantity", "2").await?;
    browser.fill("#line-0-unit_price", "1999").await?;
    browser.click("form.fields button.main").await?;
    browser.until("it is placed", async |it| Ok(it.text().await?.contains("is placed"))).await?;
    let page = browser.path().await?;
    browser.open_until(&page, "equal").await?;
    let both = browser.text_of("table.both").await?;
    ensure!(both.contains("€39.98"), "the total is shown as the currency writes it: {both}");
    browser.choose("#to-status", "shipped").await?;
    browser.fill("#carrier", "DHL").await?;
    browser.fill("#tracking", "JD0123").await?;
    browser.click(".actions button.main").await?;
    browser.until("it is saved", async |it| Ok(it.text().await?.contains("It is saved"))).await?;
    browser.open_until(&page, "shipped shipped").await?;
    browser.open_until(&page, "equal").await?;
    let life = browser.text_of(".timeline").await?;
    ensure!(life.contains("by admin"), "who did it is said: {life}");
    page.strip_prefix("/orders/").map(str::to_owned).context("the page of an order")
}

/// Returns the page of the run that replays.
async fn park_and_replay(browser: &Browser, broker: &TestBroker, order: &str) -> Result<String> {
    let odd = unbelievable(order).to_string();
    ensure!(broker.publish("store.events", "order.updated", odd.as_bytes()).await);
    browser.open("/").await?;
    browser
        .until("the page says that it is parked", async |it| {
            Ok(it.text_of(".sentence").await?.contains("could not be carried"))
        })
        .await?;
    browser.click(".sentence a").await?;
    browser
        .until("it is listed", async |it| Ok(it.text().await?.contains("1 change at the store")))
        .await?;
    browser.click(".group > form button[value=replay]").await?;
    browser.until("it has ended", async |it| Ok(it.text().await?.contains("Ended"))).await?;
    let result = browser.text().await?;
    ensure!(result.contains("1 replayed, 0 left alone"), "{result}");
    let run = browser.path().await?;
    browser.open_until("/parked?state=offered", "by admin").await?;
    Ok(run)
}

async fn pause_and_resume(browser: &Browser, stack: &Stack) -> Result<()> {
    browser.open("/").await?;
    browser.click("#store-to-warehouse-pause").await?;
    browser
        .until("it is paused", async |it| {
            Ok(it.text_of(".sentence").await?.contains("The store has been paused since"))
        })
        .await?;
    for waiting in 1..=3 {
        stack.store.place(&lamps_and_bulbs()).await;
        let shown = format!("Waiting {waiting}");
        browser
            .until(&shown, async |it| Ok(it.text_of(".lane.store").await?.contains(&shown)))
            .await?;
    }
    browser.click("#store-to-warehouse-pause").await?;
    browser
        .until("nothing waits any more", async |it| {
            Ok(it.text_of(".lane.store").await?.contains("Waiting 0"))
        })
        .await
}

async fn stop_and_start(browser: &Browser, stack: &mut Stack) -> Result<()> {
    stack.warehouse_svc.kill().await;
    stack.store.place(&lamps_and_bulbs()).await;
    browser
        .until("the page says that the warehouse is away", async |it| {
            let sentence = it.text_of(".sentence").await?;
            let says = sentence.contains("The warehouse has not answered for");
            Ok(says && sentence.contains("1 change waits at the store, none is lost"))
        })
        .await?;
    stack.warehouse_svc.start().await;
    browser
        .until("it has healed", async |it| {
            let is_well = !it.text_of(".sentence").await?.contains("has not answered");
            Ok(is_well && it.text_of(".lane.store").await?.contains("takes changes"))
        })
        .await
}

async fn meet_another(browser: &Browser, stack: &Stack, shipped: &str) -> Result<()> {
    let order = stack.store.place(&lamps_and_bulbs()).await;
    ensure!(order != shipped);
    stack.agree_on(&order).await;
    browser.open(&format!("/orders/{order}/edit/warehouse")).await?;
    stack.warehouse.patch(&order, json!({"picker_note": "Fragile"})).await;
    browser.fill("#company", "Acme Ltd").await?;
    browser.click("form.fields button.main").await?;
    browser
        .until("it is said", async |it| Ok(it.text().await?.contains("Somebody else was faster")))
        .await?;
    let text = browser.text().await?;
    ensure!(text.contains("Now there: Fragile"), "what stands there now is shown: {text}");
    browser.fill("#picker_note", "Fragile").await?;
    browser.click("form.fields button.main").await?;
    browser.until("it is saved", async |it| Ok(it.text().await?.contains("It is saved"))).await?;
    stack.agree_on(&order).await;
    Ok(())
}

/// Returns the page of the receipt that names it.
async fn find_a_difference(browser: &Browser, stack: &Stack, order: &str) -> Result<String> {
    let plant = format!(
        "update orders set delivery = jsonb_set(delivery, '{{company}}', '\"Odd\"'), \
         company = 'Odd' where id = '{order}'"
    );
    stack.warehouse_runs(&plant).await;
    browser.open(&format!("/orders/{order}")).await?;
    let said = browser.text().await?;
    ensure!(said.contains("different: company"), "the order's page marks it: {said}");
    browser.open("/agreement").await?;
    browser.click(".title button.main").await?;
    browser.until("it is healed", async |it| Ok(it.text().await?.contains("healed"))).await?;
    browser.click("tbody th a").await?;
    browser.until("the receipt names it", async |it| Ok(it.text().await?.contains(order))).await?;
    stack.agree_on(order).await;
    browser.path().await
}

async fn run_a_source(browser: &Browser) -> Result<()> {
    browser.open("/sources").await?;
    browser.click("form[action$='/pull'] button").await?;
    browser.until("it is begun", async |it| Ok(it.text().await?.contains("was begun"))).await?;
    browser.open_until("/sources", "succeeded").await?;
    let runs = browser.text().await?;
    ensure!(runs.contains("admin"), "who began it is said: {runs}");
    Ok(())
}

/// Presses Tab until the focus is where it is wanted.
async fn tab_to(browser: &Browser, wanted: &str) -> Result<()> {
    for _ in 0..60 {
        browser.press(TAB).await?;
        if browser.focused().await? == wanted {
            return Ok(());
        }
    }
    anyhow::bail!("Tab never comes to {wanted:?}")
}

async fn keyboard(browser: &Browser) -> Result<()> {
    browser.open("/").await?;
    browser.press(TAB).await?;
    let first = browser.focused().await?;
    ensure!(first == "Skip to the content", "the first stop is {first:?}");
    tab_to(browser, "Orders").await?;
    browser.press(ENTER).await?;
    browser.until("the orders are open", async |it| Ok(it.path().await? == "/orders")).await?;
    tab_to(browser, "Place an order").await?;
    browser.press(ENTER).await?;
    browser.until("the form is open", async |it| Ok(it.path().await? == "/orders/new")).await?;
    let fields = [
        ("company", "Keyboard"),
        ("address", "2 Main Street"),
        ("sku", "BULB"),
        ("quantity", "1"),
        ("unit_price", "250"),
    ];
    for (field, text) in fields {
        tab_to(browser, field).await?;
        browser.press(text).await?;
    }
    tab_to(browser, "Place the order").await?;
    browser.press(ENTER).await?;
    browser.until("it is placed", async |it| Ok(it.text().await?.contains("is placed"))).await
}

/// Puts something on the pages that are still empty.
async fn fill(stack: &Stack, broker: &TestBroker) -> Result<()> {
    let companies = ["Nordwind", "Blue Harbour", "Acme", "Kessel & Co", "Lumen"];
    for (number, company) in companies.iter().cycle().take(12).enumerate() {
        let mut order = lamps_and_bulbs();
        order["company"] = json!(company);
        let id = stack.store.place(&order).await;
        if number % 3 == 0 {
            stack.agree_on(&id).await;
            stack.warehouse.patch(&id, json!({"status": "picking", "bin": "B7"})).await;
        }
    }
    for number in 1..=3 {
        let junk = format!("{{\"schema\": {number}7}}");
        ensure!(broker.publish("warehouse.events", "order.updated", junk.as_bytes()).await);
    }
    let readings = json!({"cursor": "start", "newly_created_records": [
        {"gtin": "4006381333931", "updated_at": "2026-11-20T09:30:00Z", "expiration_date": "2099-03-31"},
        {"gtin": "4012345678901", "updated_at": "2026-11-21T09:30:00Z", "expiration_date": "2026-11-01"},
    ]});
    let [_, warehouse, _] = stack.clients();
    warehouse.post("/v1/sync/", &readings).await.with(200);
    Ok(())
}

/// Looks at every page in all ways; `more` are those of one record.
async fn look(browser: &Browser, more: &[(&str, &str)], folder: &Path) -> Result<()> {
    browser.open_until("/parked", "3 changes at the warehouse").await?;
    let all = [&PAGES[..], more].concat();
    for page in console_pages() {
        let is_looked_at = all.iter().any(|(_, path)| is_page(&page, path));
        ensure!(is_looked_at, "{page} is not among the pages that are looked at");
    }
    for (name, path) in all {
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.at_a_desk(scheme).await?;
            browser.open(path).await?;
            browser.check_with_axe().await?;
            browser.picture(&folder.join(format!("{name}-{}.png", scheme.as_str()))).await?;
        }
        browser.on_a_phone().await?;
        browser.open(path).await?;
        browser.check_width().await?;
        browser.check_with_axe().await?;
        browser.picture(&folder.join(format!("{name}-phone.png"))).await?;
    }
    browser.at_a_desk(Scheme::Light).await
}

/// Whether a path is that of a page, of which parts in braces stand for anything.
fn is_page(page: &str, path: &str) -> bool {
    let (page, path) = (page.split('/'), path.split('/'));
    page.clone().count() == path.clone().count()
        && page.zip(path).all(|(page, path)| page == path || page.starts_with('{'))
}

async fn not_live(browser: &Browser, stack: &mut Stack) -> Result<()> {
    browser.open("/").await?;
    browser
        .until("it is live", async |it| Ok(it.text_of(".liveness").await?.contains("Live.")))
        .await?;
    stack.worker.kill().await;
    browser
        .until("it says that it is not", async |it| {
            Ok(it.text_of(".liveness").await?.contains("Not live since"))
        })
        .await?;
    stack.worker.start().await;
    browser.until("it asks for the token", async |it| Ok(it.path().await? == "/login")).await
}
