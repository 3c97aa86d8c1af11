//! The console over HTTP: the session, forms that are safe against other sites, what each role is
//! shown and may do, the headers of every page, and what becomes of an order.

use e2e_tests::{Stack, console_pages};
use process_kit::lamps_and_bulbs;
use process_kit::secured::{self, token};
use program_kit::access::Role;
use reqwest::Method;
use serde_json::{Value, json};
use test_kit::{Answer, TestBroker, TestClient, eventually};

/// A browser, as far as a server can tell.
struct Browser {
    client: TestClient,
    cookie: Option<String>,
}

impl Browser {
    /// A browser without a session.
    fn new(stack: &Stack) -> Self {
        Self { client: TestClient::new(stack.worker.url()), cookie: None }
    }

    /// A browser with a session of this role.
    async fn signed_in(stack: &Stack, role: Role) -> Self {
        let mut browser = Self::new(stack);
        let form = [("token", token(role).expose()), ("next", "/orders")];
        let answer = browser.submit("/login", &form).await;
        assert_eq!((answer.status, location(&answer)), (303, "/orders"), "{}", answer.text);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
        assert!(!cookie.contains(token(role).expose()), "the browser does not get the token");
        browser.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        browser
    }

    async fn send(&self, method: Method, path: &str, form: &[(&str, &str)], site: &str) -> Answer {
        let request = self.client.request(method.clone(), path).header("sec-fetch-site", site);
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let request = match method {
            Method::POST => {
                let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
                let body = body.collect::<Vec<_>>().join("&");
                let form = "application/x-www-form-urlencoded";
                request.header("content-type", form).body(body)
            }
            _ => request,
        };
        self.client.send(request).await
    }

    async fn open(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "none").await
    }

    /// Submits a form as it is, from a page of the console.
    async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, form, "same-origin").await
    }

    /// Submits a form that stands on a page, with the key that stands in it.
    async fn fill_in(&self, page: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let key = form_key(&self.open(page).await.text);
        let form = [&[("form_key", key.as_str())], form].concat();
        self.submit(path, &form).await
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

fn form_key(page: &str) -> String {
    hidden(page, "form_key").unwrap_or_else(|| panic!("no form on the page: {page}"))
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    let field = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(field.split('"').next()?.to_owned())
}

/// A person who may write, the id of an order at both sides, and its page.
async fn with_an_order(stack: &Stack) -> (Browser, String, String) {
    let writer = Browser::signed_in(stack, Role::Write).await;
    let id = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&id).await;
    let page = format!("/orders/{id}");
    (writer, id, page)
}

/// The pages that need no record.
fn pages() -> Vec<String> {
    let pages = console_pages().into_iter().filter(|path| !path.contains('{')).collect::<Vec<_>>();
    assert!(pages.len() > 7, "these are not all: {pages:?}");
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_asked_for_and_every_page_has_a_strict_policy() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let stranger = Browser::new(&stack);
    for path in pages().into_iter().chain(["/live".to_owned()]) {
        let answer = stranger.open(&path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(location(&answer).starts_with("/login?next="), "{path}: {}", location(&answer));
    }
    let wrong = stranger.submit("/login", &[("token", "lockstep_wrong")]).await;
    assert_eq!(wrong.status, 401);
    assert!(!wrong.headers.contains_key("set-cookie") && !wrong.text.contains("lockstep_wrong"));
    let elsewhere = [("token", token(Role::Read).expose())];
    let answer = stranger.send(Method::POST, "/login", &elsewhere, "cross-site").await;
    assert_eq!(answer.status, 403, "nobody is signed in by another site");
    let large = "a".repeat(100 * 1024);
    assert_eq!(stranger.submit("/login", &[("token", &large)]).await.status, 413);
    assert_eq!(stranger.submit("/login", &[("a", ""); 2_001]).await.status, 413);
    assert_eq!(stranger.submit("/logout", &[("a", ""); 2_001]).await.status, 401, "it is not read");

    let admin = Browser::signed_in(&stack, Role::Admin).await;
    for path in pages() {
        let page = admin.open(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        let inline = ["<style", " style=", " onclick=", "javascript:"];
        assert!(!inline.iter().any(|it| page.text.contains(it)), "{path} has something inline");
        assert!(!page.text.contains(token(Role::Admin).expose()), "{path}");
        for asset in page.text.split("\"/assets/").skip(1) {
            let path = format!("/assets/{}", asset.split('"').next().unwrap());
            let asset = stranger.open(&path).await;
            assert_eq!(asset.status, 200, "{path}");
            assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
        }
    }
    let out = admin.fill_in("/settings", "/logout", &[]).await;
    assert_eq!((out.status, location(&out)), (303, "/login"));
    assert_eq!(admin.open("/orders").await.status, 303, "the session is over at the worker");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_may_not_do_is_neither_shown_nor_done() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let order = stack.store.place(&lamps_and_bulbs()).await;
    stack.agree_on(&order).await;
    let page = format!("/orders/{order}");
    let reader = Browser::signed_in(&stack, Role::Read).await;
    let shown = reader.open(&page).await.text;
    assert!(shown.contains("Acme") && !shown.contains("Void") && !shown.contains("/edit/"));
    assert!(!reader.open("/").await.text.contains("Pause"));
    for (path, needed) in [("/orders/new", "write"), ("/parked", "admin")] {
        let refused = reader.open(path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text.contains(&format!("lacks the role {needed}")), "{}", refused.text);
    }
    let key = form_key(&reader.open("/settings").await.text);
    let actions = [
        "/orders/new".to_owned(),
        format!("{page}/void"),
        format!("{page}/edit/store"),
        format!("{page}/move"),
        "/parked/act".to_owned(),
        "/agreement".to_owned(),
        "/directions/store-to-warehouse/pause".to_owned(),
        "/sources/upstream/pull".to_owned(),
    ];
    for path in &actions {
        let refused = reader.submit(path, &[("form_key", &key)]).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text);
    }
    // The token of the worker itself reads nothing here.
    let worker = Browser::signed_in(&stack, Role::Sync).await;
    assert_eq!(worker.open("/").await.status, 403);
    let writer = Browser::signed_in(&stack, Role::Write).await;
    let refused = writer.fill_in("/settings", "/directions/store-to-warehouse/pause", &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(stack.store.order(&order).await.unwrap()["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_or_session_does_nothing() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let order = stack.store.place(&lamps_and_bulbs()).await;
    let (one, other) = (
        Browser::signed_in(&stack, Role::Admin).await,
        Browser::signed_in(&stack, Role::Admin).await,
    );
    let path = format!("/orders/{order}/void");
    let key = form_key(&one.open("/settings").await.text);
    for site in ["cross-site", "same-site", "none"] {
        let answer = one.send(Method::POST, &path, &[("form_key", &key)], site).await;
        assert_eq!(answer.status, 403, "{site}");
    }
    let zeros = "0".repeat(64);
    let wrong: [&[(&str, &str)]; 3] = [&[], &[("form_key", "")], &[("form_key", &zeros)]];
    for form in wrong {
        assert_eq!(one.submit(&path, form).await.status, 403, "{form:?}");
    }
    assert_eq!(other.submit(&path, &[("form_key", &key)]).await.status, 403);
    assert_eq!(stack.store.order(&order).await.unwrap()["status"], "placed");
    assert_eq!(one.submit(&path, &[("form_key", &key), ("version", "1")]).await.status, 303);
    assert_eq!(stack.store.order(&order).await.unwrap()["status"], "voided");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_once_and_what_is_wrong_with_it_stands_at_the_field() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let writer = Browser::signed_in(&stack, Role::Write).await;
    let new = writer.open("/orders/new").await.text;
    let (key, id) = (form_key(&new), hidden(&new, "id").unwrap());
    let mut form = vec![
        ("form_key", key.as_str()),
        ("id", &id),
        ("company", "<Acme>"),
        ("address", ""),
        ("currency", "EUR"),
        ("sku", "LAMP"),
        ("quantity", "many"),
        ("unit_price", "1999"),
    ];
    let refused = writer.submit("/orders/new", &form).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("expected a whole number from 1 to 1,000,000"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("&lt;Acme&gt;") && !refused.text.contains("<Acme>"));
    form[3].1 = "1 Main Street";
    form[6].1 = "2";
    for _ in 0..2 {
        let placed = writer.submit("/orders/new", &form).await;
        assert_eq!(
            location(&placed),
            format!("/orders/{id}?done=placed"),
            "sent twice, placed once"
        );
    }
    stack.agree_on(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_edited_and_moved_by_the_person_who_does_it() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let (writer, id, page) = with_an_order(&stack).await;
    let edit = format!("{page}/edit/warehouse");
    let seen = hidden(&writer.open(&edit).await.text, "version").unwrap();
    stack.warehouse.patch(&id, json!({"picker_note": "fragile"})).await;
    let key = form_key(&writer.open(&edit).await.text);
    let mut edited = vec![
        ("form_key", key.as_str()),
        ("company", "Acme & Sons"),
        ("address", "1 Main Street"),
        ("sku", "LAMP"),
        ("quantity", "3"),
        ("version", &seen),
    ];
    let late = writer.submit(&edit, &edited).await;
    assert_eq!(late.status, 412);
    assert!(late.text.contains("Somebody else was faster") && late.text.contains("fragile"));
    assert!(late.text.contains("Acme &amp; Sons"), "what was written is not lost");
    assert_eq!(stack.warehouse.order(&id).await.unwrap()["company"], "Acme");
    let now = hidden(&late.text, "version").unwrap();
    edited.pop();
    edited.extend([("version", now.as_str()), ("picker_note", "fragile")]);
    assert_eq!(writer.submit(&edit, &edited).await.status, 303);

    let version = stack.warehouse.order(&id).await.unwrap()["version"].to_string();
    let shipped = [("version", version.as_str()), ("status", "shipped"), ("tracking", "JD0123")];
    let moved = writer.fill_in("/orders/new", &format!("{page}/move"), &shipped).await;
    assert_eq!(location(&moved), format!("{page}?done=saved"), "{}", moved.text);
    let [store, _] = stack.agree_on(&id).await;
    assert_eq!((&store["status"], &store["company"]), (&json!("shipped"), &json!("Acme & Sons")));

    let changes = stack.warehouse.changes(&id).await;
    let by = changes.iter().map(|change| change["principal"].as_str().unwrap_or("-"));
    assert_eq!(by.collect::<Vec<_>>(), ["sync", "admin", "write", "write"], "{changes:?}");
    let shown = writer.open(&page).await.text;
    for text in ["equal", "JD0123", "by <strong>write</strong>", "10 × BULB", "3 × LAMP"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let found = writer.open("/orders?company=Acme%20%26%20Sons&status=shipped").await.text;
    assert!(found.contains(&page), "{found}");
    assert!(!writer.open("/orders?company=Nobody").await.text.contains(&page));
    assert_eq!(location(&writer.open(&format!("/orders?id={id}")).await), page);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_wrote_meanwhile_stays_where_a_late_form_has_not_touched_it() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let (writer, id, page) = with_an_order(&stack).await;
    // All that a browser would send of the page's form, with another carrier typed.
    let sent = |shown: &str, carrier: Option<&str>| {
        let names = ["form_key", "carrier_was", "tracking_was", "carrier", "tracking"];
        let mut form = names.map(|name| (name, hidden(shown, name).unwrap())).to_vec();
        form[3].1 = carrier.map_or(form[3].1.clone(), str::to_owned);
        // Those who may write see the form for moving before that for voiding.
        form.extend([("version", hidden(shown, "version").unwrap()), ("status", "shipped".into())]);
        form
    };
    let submit = async |form: Vec<(&str, String)>| {
        let form = form.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
        writer.submit(&format!("{page}/move"), &form).await
    };
    let early = writer.open(&page).await.text;
    let packed = json!({"status": "packed", "carrier": "DHL", "tracking": "JD0123"});
    stack.warehouse.patch(&id, packed).await;
    let late = submit(sent(&early, Some("UPS"))).await;
    assert_eq!(late.status, 412, "{}", late.text);
    assert_eq!(hidden(&late.text, "carrier").unwrap(), "UPS", "what was typed is not lost");
    assert_eq!(submit(sent(&late.text, None)).await.status, 303);
    let order = stack.warehouse.order(&id).await.unwrap();
    assert_eq!(order["status"], "shipped");
    assert_eq!((&order["carrier"], &order["tracking"]), (&json!("UPS"), &json!("JD0123")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_touched_is_not_changed_by_saving() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let writer = Browser::signed_in(&stack, Role::Write).await;
    let mut blanks = lamps_and_bulbs();
    blanks["address"] = json!("1 Main Street \r\nTown ");
    let id = stack.store.place(&blanks).await;
    stack.agree_on(&id).await;
    let edit = format!("/orders/{id}/edit/warehouse");
    let untouched = [
        ("version", "1"),
        ("company", "Acme"),
        ("address", "1 Main Street \r\nTown"),
        ("sku", "BULB"),
        ("quantity", "10"),
        ("sku", "LAMP"),
        ("quantity", "2"),
        ("bin", "B7"),
    ];
    let saved = writer.fill_in(&edit, &edit, &untouched).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let order = stack.warehouse.order(&id).await.unwrap();
    assert_eq!((&order["bin"], &order["address"]), (&json!("B7"), &blanks["address"]));
    assert_eq!(order["revisions"]["delivery"], json!({"store": 1, "warehouse": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_is_away_is_said_and_parked_changes_are_settled_by_name() {
    let broker = TestBroker::new().await;
    let mut stack = Stack::start(&broker).await;
    let admin = Browser::signed_in(&stack, Role::Admin).await;
    for number in [1, 2] {
        let junk = format!("not JSON {number}");
        assert!(broker.publish("store.events", "order.updated", junk.as_bytes()).await);
    }
    let page = eventually("both are shown", async || {
        let page = admin.open("/parked").await.text;
        (page.contains("not JSON 1") && page.contains("not JSON 2")).then_some(page)
    })
    .await;
    assert!(
        page.contains("2 changes at the store"),
        "failures that are alike stand together: {page}"
    );
    let sentence = admin.open("/").await.text;
    assert!(sentence.contains("2 changes could not be carried and are parked"), "{sentence}");
    let run = admin
        .fill_in("/parked", "/parked/act", &[("scope", "all"), ("action", "drop"), ("rate", "1")])
        .await;
    let run = location(&run).to_owned();
    let result = eventually("the run has ended", async || {
        let page = admin.open(&run).await.text;
        page.contains("Ended").then_some(page)
    })
    .await;
    assert!(result.contains("2 given up, 0 left alone"), "{result}");
    let dropped =
        secured::client(stack.worker.url()).get("/v1/parked?state=dropped").await.with(200);
    let by = dropped["items"].as_array().unwrap().iter().map(|item| &item["acted_by"]);
    assert_eq!(by.collect::<Vec<_>>(), [&json!("admin"), &json!("admin")]);
    assert!(admin.open("/parked?state=dropped").await.text.contains("by <strong>admin</strong>"));

    stack.warehouse_svc.kill().await;
    let order = stack.store.place(&lamps_and_bulbs()).await;
    eventually("it is said", async || {
        let page = admin.open("/").await.text;
        let says = page.contains("The warehouse has not answered for");
        (says && page.contains("1 change waits at the store, none is lost")).then_some(())
    })
    .await;
    let shown = admin.open(&format!("/orders/{order}")).await;
    assert!(shown.status == 200 && shown.text.contains("no connection"), "{}", shown.text);
    assert!(!shown.text.contains("not at the warehouse"), "nobody knows that");
    let void = format!("/orders/{order}/void");
    assert!(shown.text.contains(&void), "the store can be asked");
    let path = format!("/orders/{order}/move");
    let moved = admin.fill_in("/settings", &path, &[("version", "1"), ("status", "picking")]).await;
    assert!(moved.status == 502 && moved.text.contains("It is not known"), "{}", moved.text);
    assert!(!moved.text.contains(&void), "nothing is offered of which nobody knows the state");
    stack.warehouse_svc.start().await;
    stack.agree_on(&order).await;
    eventually("it has healed", async || {
        (!admin.open("/").await.text.contains("has not answered")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_gets_the_parts_that_change() {
    let broker = TestBroker::new().await;
    let stack = Stack::start(&broker).await;
    let reader = Browser::signed_in(&stack, Role::Read).await;
    let request =
        reader.client.request(Method::GET, "/live").header("sec-fetch-site", "same-origin");
    let cookie = reader.cookie.as_deref().unwrap();
    let mut stream = request.header("cookie", cookie).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let mut event = async || {
        loop {
            if let Some((event, rest)) = text.clone().split_once("\n\n") {
                rest.clone_into(&mut text);
                if let Some(data) = event.split("data: ").nth(1) {
                    return serde_json::from_str::<Value>(data).unwrap();
                }
                continue;
            }
            text += std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
        }
    };
    let first = event().await;
    assert!(first["parts"]["flow"].as_str().unwrap().contains("Store to warehouse"));
    stack.store.place(&lamps_and_bulbs()).await;
    let received = |event: &Value| {
        let decisions = event["parts"]["decisions"].as_str().unwrap();
        decisions.contains("data-figure=\"Carried 1\">1<")
    };
    while !received(&event().await) {}
}
