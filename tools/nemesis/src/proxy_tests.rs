//! The proxy's tests: which bytes get through, and when.

use test_kit::http;

use super::link_state::WHICH;
use super::*;

/// Starts a server that echoes what it receives; returns its port.
async fn echo() -> u16 {
    let listener = listen(0).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                io::copy(&mut from, &mut to).await
            });
        }
    });
    port
}

async fn say(stream: &mut TcpStream, text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    hear(stream, text.len()).await
}

async fn hear(stream: &mut TcpStream, length: usize) -> io::Result<String> {
    let mut heard = vec![0; length];
    stream.read_exact(&mut heard).await?;
    Ok(String::from_utf8(heard).unwrap())
}

#[tokio::test]
async fn what_is_said_gets_through_and_is_answered() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    assert_eq!(proxy.accepted(), 0);
    let mut stream = connect(proxy.port()).await.unwrap();
    assert_eq!(say(&mut stream, "hello").await.unwrap(), "hello");
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_cut_resets_connections_and_refuses_new_ones_until_it_is_healed() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = connect(proxy.port()).await.unwrap();
    say(&mut stream, "hello").await.unwrap();
    proxy.set(Some(LinkFault::Cut));
    let error = hear(&mut stream, 1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let refused = async || match connect(proxy.port()).await {
        Err(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        Ok(_) => false,
    };
    launcher::wait::until("a refusal", Duration::from_secs(5), refused).await.unwrap();
    proxy.set(None);
    let healed = async || match connect(proxy.port()).await {
        Ok(mut stream) => say(&mut stream, "hello").await.is_ok(),
        Err(_) => false,
    };
    launcher::wait::until("an answer", Duration::from_secs(5), healed).await.unwrap();
}

#[tokio::test]
async fn a_reset_ends_the_connections_there_are_and_new_ones_are_taken_at_once() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = connect(proxy.port()).await.unwrap();
    say(&mut stream, "hello").await.unwrap();
    proxy.reset(Reset::AtOnce);
    let error = hear(&mut stream, 1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let mut stream = connect(proxy.port()).await.unwrap();
    assert_eq!(say(&mut stream, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_black_hole_holds_back_what_is_said_and_gives_it_out_when_it_closes() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = connect(proxy.port()).await.unwrap();
    say(&mut stream, "hello").await.unwrap();
    proxy.set(Some(LinkFault::BlackHole));
    stream.write_all(b"anybody there?").await.unwrap();
    // Meanwhile another proxy lets through what is said later, many times.
    let clear = Proxy::start(echo().await).await.unwrap();
    let mut other = connect(clear.port()).await.unwrap();
    for _ in 0..20 {
        say(&mut other, "hello").await.unwrap();
    }
    let heard = stream.try_read(&mut [0]).unwrap_err();
    assert_eq!(heard.kind(), io::ErrorKind::WouldBlock);
    proxy.set(None);
    assert_eq!(hear(&mut stream, 14).await.unwrap(), "anybody there?");
}

#[tokio::test]
async fn a_reset_with_an_answer_loses_one_of_the_next_and_ends_idle_connections_too() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let [mut busy, mut idle] =
        [connect(proxy.port()).await.unwrap(), connect(proxy.port()).await.unwrap()];
    for stream in [&mut busy, &mut idle] {
        say(stream, "hello").await.unwrap();
    }
    proxy.reset(Reset::WithAnAnswer);
    let mut answers = 0;
    let lost = loop {
        match say(&mut busy, "anybody there?").await {
            Ok(_) => answers += 1,
            Err(lost) => break lost,
        }
    };
    assert_eq!(lost.kind(), io::ErrorKind::ConnectionReset);
    assert!(WHICH.contains(&answers), "after {answers} answers");
    assert_eq!(hear(&mut idle, 1).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let mut later = connect(proxy.port()).await.unwrap();
    for _ in WHICH {
        assert_eq!(say(&mut later, "hello").await.unwrap(), "hello");
    }
}

/// Starts a side that counts the changes it was sent; returns its port.
async fn side(received: Arc<AtomicU64>) -> u16 {
    let listener = listen(0).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 1024];
            let count = stream.read(&mut request).await.unwrap();
            if request[..count].starts_with(b"POST /v1/sync/orders") {
                received.fetch_add(1, Ordering::SeqCst);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn a_failed_answer_comes_whether_the_side_has_received_the_changes_or_not() {
    let received = Arc::default();
    let proxy = Proxy::start(side(Arc::clone(&received)).await).await.unwrap();
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", proxy.port());
    // Each request on a connection of its own, which no change of the fault cuts.
    let client = http().pool_max_idle_per_host(0).build().unwrap();
    let send = async || {
        let answer = client.post(url("/v1/sync/orders")).body("{}").send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    };
    let cases = [
        (None, Some(200), 1),
        (Some(LinkFault::Fails), Some(500), 1),
        (Some(LinkFault::FailsAfterApplying), Some(500), 2),
        (Some(LinkFault::CutsAfterApplying), None, 3),
    ];
    for (fault, status, count) in cases {
        proxy.set(fault);
        assert_eq!(send().await, status, "{fault:?}");
        assert_eq!(received.load(Ordering::SeqCst), count, "{fault:?}");
        let ready = client.get(url("/health/ready")).send().await.unwrap();
        assert_eq!(ready.status(), 200, "other requests are answered as usual");
    }
}
