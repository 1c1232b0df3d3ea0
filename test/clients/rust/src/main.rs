//! Calls of an etcd client by tonic: what must work is printed as a line each.
//!
//! client HOST:PORT [FILE OF THE AUTHORITY'S CERTIFICATE]

mod messages;

use std::future::Future;
use std::time::Duration;

use messages::*;
use prost::Message;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

const MEBIBYTE: usize = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(20);

/// What went wrong, for people.
type Outcome<Value = ()> = Result<Value, String>;

#[derive(Clone)]
struct Etcd {
    channel: Channel,
    is_packed: bool,
}

impl Etcd {
    /// One connection, which pings while there is a call.
    async fn connect(address: &str, authority: Option<&str>) -> Outcome<Etcd> {
        let scheme = if authority.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(text)?
            .http2_keep_alive_interval(Duration::from_millis(200))
            .keep_alive_timeout(Duration::from_secs(5));
        if let Some(file) = authority {
            let certificate = Certificate::from_pem(std::fs::read(file).map_err(text)?);
            let tls = ClientTlsConfig::new().ca_certificate(certificate);
            endpoint = endpoint.tls_config(tls).map_err(text)?;
        }
        let channel = endpoint.connect().await.map_err(text)?;
        Ok(Etcd { channel, is_packed: false })
    }

    fn grpc(&self) -> Grpc<Channel> {
        let grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
        if !self.is_packed {
            return grpc;
        }
        let gzip = CompressionEncoding::Gzip;
        grpc.send_compressed(gzip).accept_compressed(gzip)
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let mut request = Request::new(request);
        request.set_timeout(LONGEST);
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.unary(request, PathAndQuery::from_static(path), codec).await?;
        Ok(answer.into_inner())
    }

    /// A two-way call with its first answer, before which a server need not say anything.
    async fn stream<Q, A>(
        &self,
        path: &'static str,
        limit: Option<Duration>,
        first: Q,
    ) -> Outcome<(Stream<Q, A>, A)>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let (requests, receiver) = channel(16);
        requests.send(first).await.map_err(|_| "nobody takes requests".to_string())?;
        let mut grpc = self.grpc();
        grpc.ready().await.map_err(text)?;
        let mut request = Request::new(ReceiverStream::new(receiver));
        if let Some(limit) = limit {
            request.set_timeout(limit);
        }
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.streaming(request, PathAndQuery::from_static(path), codec);
        let mut stream = Stream { requests, answers: answer.await.map_err(text)?.into_inner() };
        let answer = stream.next().await?;
        Ok((stream, answer))
    }

    async fn watch(&self, key: &str, limit: Option<Duration>) -> Outcome<(Watch, WatchResponse)> {
        let create = Some(WatchCreate { key: key.into() });
        let first = WatchRequest { create, cancel: None };
        let (watch, created): (Watch, WatchResponse) =
            self.stream("/etcdserverpb.Watch/Watch", limit, first).await?;
        check(created.created, "the watch is created")?;
        Ok((watch, created))
    }

    async fn put(&self, key: &str, value: &[u8]) -> Outcome<PutResponse> {
        let request = PutRequest { key: key.into(), value: value.into() };
        self.call("/etcdserverpb.KV/Put", request).await.map_err(text)
    }

    async fn get(&self, key: &str, range_end: &str) -> Outcome<RangeResponse> {
        let request = RangeRequest { key: key.into(), range_end: range_end.into() };
        self.call("/etcdserverpb.KV/Range", request).await.map_err(text)
    }
}

/// A two-way call: requests are sent when the caller likes.
struct Stream<Q, A> {
    requests: Sender<Q>,
    answers: Streaming<A>,
}

type Watch = Stream<WatchRequest, WatchResponse>;

impl<Q, A> Stream<Q, A> {
    async fn ask(&mut self, request: Q) -> Outcome<A> {
        self.requests.send(request).await.map_err(|_| "the call is over".to_string())?;
        self.next().await
    }

    async fn next(&mut self) -> Outcome<A> {
        self.answers.message().await.map_err(text)?.ok_or("the call has ended".into())
    }
}

impl Watch {
    /// The value of the next event.
    async fn value(&mut self) -> Outcome<Vec<u8>> {
        let answer = self.next().await?;
        let kv = answer.events.into_iter().next().and_then(|event| event.kv);
        Ok(kv.ok_or("an answer without an event")?.value)
    }
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn check(is_true: bool, what: &str) -> Outcome {
    if is_true { Ok(()) } else { Err(format!("wrong: {what}")) }
}

async fn put_range_delete(etcd: Etcd) -> Outcome {
    let put = etcd.put("key", b"value").await?;
    let found = etcd.get("key", "").await?;
    check(found.kvs[0].value == b"value", "the value")?;
    let revision = put.header.ok_or("no header")?.revision;
    check(found.kvs[0].mod_revision == revision, "the revision")?;
    let request = RangeRequest { key: "key".into(), range_end: Vec::new() };
    let path = "/etcdserverpb.KV/DeleteRange";
    let deleted: DeleteResponse = etcd.call(path, request).await.map_err(text)?;
    check(deleted.deleted == 1, "one key is deleted")?;
    check(etcd.get("key", "").await?.count == 0, "it is gone")
}

async fn txn(etcd: Etcd) -> Outcome {
    let absent = Compare { key: "txn".into(), to: Some(CompareTo::Version(0)) };
    let put = Operation::Put(PutRequest { key: "txn".into(), value: "1".into() });
    let get = Operation::Range(RangeRequest { key: "txn".into(), range_end: Vec::new() });
    let request = TxnRequest {
        compare: vec![absent],
        success: vec![RequestOp { operation: Some(put) }],
        failure: vec![RequestOp { operation: Some(get) }],
    };
    let path = "/etcdserverpb.KV/Txn";
    let first: TxnResponse = etcd.call(path, request.clone()).await.map_err(text)?;
    check(first.succeeded, "the first succeeds")?;
    let second: TxnResponse = etcd.call(path, request).await.map_err(text)?;
    check(!second.succeeded, "the second does not")?;
    let found = second.responses[0].range.as_ref().ok_or("no answer of the range")?;
    check(found.kvs[0].value == b"1", "it finds what the first has put")
}

async fn error_status(etcd: Etcd) -> Outcome {
    let request = PutRequest { key: Vec::new(), value: "value".into() };
    let answer: Result<PutResponse, Status> = etcd.call("/etcdserverpb.KV/Put", request).await;
    let status = answer.err().ok_or("a put without a key was taken")?;
    check(status.code() == Code::InvalidArgument, "the code")?;
    check(status.message() == "etcdserver: key is not provided", status.message())
}

async fn deadline(etcd: Etcd) -> Outcome {
    let (mut watch, _) = etcd.watch("deadline", Some(Duration::from_millis(300))).await?;
    let status = watch.answers.message().await.err().ok_or("the call has no end")?;
    // The latter is how tonic calls it when its own clock is the first.
    let is_late = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
    check(is_late, &text(status))
}

async fn watch_and_cancel(etcd: Etcd) -> Outcome {
    let (mut watch, created) = etcd.watch("watched", None).await?;
    for value in ["1", "2"] {
        etcd.put("watched", value.as_bytes()).await?;
        check(watch.value().await? == value.as_bytes(), "the event's value")?;
    }
    let cancel = Some(WatchCancel { watch_id: created.watch_id });
    let canceled = watch.ask(WatchRequest { create: None, cancel }).await?;
    check(canceled.canceled, "the watch is canceled")
}

async fn lease_keepalive(etcd: Etcd) -> Outcome {
    let request = LeaseGrantRequest { ttl: 60 };
    let path = "/etcdserverpb.Lease/LeaseGrant";
    let granted: LeaseResponse = etcd.call(path, request).await.map_err(text)?;
    let path = "/etcdserverpb.Lease/LeaseKeepAlive";
    let first = LeaseRequest { id: granted.id };
    let (mut stream, answer): (Stream<LeaseRequest, LeaseResponse>, LeaseResponse) =
        etcd.stream(path, None, first).await?;
    check(answer.ttl == 60, "it is renewed at once")?;
    for _ in 0..2 {
        check(stream.ask(LeaseRequest { id: granted.id }).await?.ttl == 60, "it is renewed")?;
    }
    drop(stream.requests);
    let end = stream.answers.message().await.map_err(text)?;
    check(end.is_none(), "a half-closed call ends")
}

async fn large_value(etcd: Etcd) -> Outcome {
    let value: Vec<u8> = (0..MEBIBYTE).map(|index| index as u8).collect();
    etcd.put("large", &value).await?;
    check(etcd.get("large", "").await?.kvs[0].value == value, "the value")
}

async fn large_answer(etcd: Etcd) -> Outcome {
    for index in 0..20 {
        etcd.put(&format!("many/{index:02}"), &vec![index; MEBIBYTE]).await?;
    }
    let found = etcd.get("many/", "many0").await?;
    check(found.kvs.len() == 20, "all keys are there")?;
    let mut pairs = (0..20).zip(&found.kvs);
    check(pairs.all(|(index, kv)| kv.value == vec![index; MEBIBYTE]), "the values")
}

async fn gzip(mut etcd: Etcd) -> Outcome {
    etcd.is_packed = true;
    let value = "gzip".repeat(100_000);
    etcd.put("gzip", value.as_bytes()).await?;
    check(etcd.get("gzip", "").await?.kvs[0].value == value.as_bytes(), "the value")?;
    let (mut watch, _) = etcd.watch("gzip", None).await?;
    etcd.put("gzip", &value.as_bytes()[4..]).await?;
    check(watch.value().await? == value.as_bytes()[4..], "the event's value")
}

async fn many_calls(etcd: Etcd) -> Outcome {
    let calls: Vec<_> = (0..1000)
        .map(|index| {
            let etcd = etcd.clone();
            tokio::spawn(async move {
                let (key, value) = (format!("c/{index:04}"), index.to_string());
                etcd.put(&key, value.as_bytes()).await?;
                let found = etcd.get(&key, "").await?;
                check(found.kvs[0].value == value.as_bytes(), &key)
            })
        })
        .collect();
    for call in calls {
        call.await.map_err(text)??;
    }
    Ok(())
}

/// Pings five times a second, which the server was told to allow.
async fn pings(etcd: Etcd) -> Outcome {
    let (mut watch, _) = etcd.watch("pinged", None).await?;
    let early = tokio::time::timeout(Duration::from_secs(2), watch.next()).await;
    check(early.is_err(), "nothing happens but pings")?;
    etcd.put("pinged", b"still there").await?;
    check(watch.value().await? == b"still there", "the same call goes on")
}

async fn server_end(etcd: Etcd) -> Outcome {
    let (mut watch, _) = etcd.watch("end", None).await?;
    println!("ready for the end");
    let status = watch.answers.message().await.err().ok_or("the server is still there")?;
    check(status.code() == Code::Unavailable, &text(status))
}

async fn show(name: &str, scenario: impl Future<Output = Outcome>) {
    match scenario.await {
        Ok(()) => println!("ok {name}"),
        Err(problem) => println!("not ok {name}: {}", problem.replace('\n', " ")),
    }
}

#[tokio::main]
async fn main() -> Outcome {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let etcd = Etcd::connect(&args[0], args.get(1).map(String::as_str)).await?;
    show("put, range, delete", put_range_delete(etcd.clone())).await;
    show("txn", txn(etcd.clone())).await;
    show("an error's code and text", error_status(etcd.clone())).await;
    show("a deadline", deadline(etcd.clone())).await;
    show("a watch, and its cancel", watch_and_cancel(etcd.clone())).await;
    show("a lease kept alive", lease_keepalive(etcd.clone())).await;
    show("a value of a mebibyte", large_value(etcd.clone())).await;
    show("an answer of 20 MiB", large_answer(etcd.clone())).await;
    show("gzip", gzip(etcd.clone())).await;
    show("a thousand calls at once", many_calls(etcd.clone())).await;
    show("pings", pings(etcd.clone())).await;
    show("the server's end", server_end(etcd)).await;
    Ok(())
}
