"""Calls of an etcd client by grpcio: what must work is printed as a line each.

client.py HOST:PORT [FILE OF THE AUTHORITY'S CERTIFICATE]
"""

import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import rpc_pb2
import rpc_pb2_grpc

MEBIBYTE = 1024 * 1024
SECONDS_MAX = 20


class Etcd:
    """Stubs on one connection, which pings when nothing else happens."""

    def __init__(self, address, authority, compression=None):
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.keepalive_time_ms", 200),
            ("grpc.keepalive_timeout_ms", 5000),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        more = {"options": options, "compression": compression}
        if authority is None:
            self.channel = grpc.insecure_channel(address, **more)
        else:
            with open(authority, "rb") as file:
                credentials = grpc.ssl_channel_credentials(file.read())
            self.channel = grpc.secure_channel(address, credentials, **more)
        self.kv = rpc_pb2_grpc.KVStub(self.channel)
        self.watch = rpc_pb2_grpc.WatchStub(self.channel)
        self.lease = rpc_pb2_grpc.LeaseStub(self.channel)

    def put(self, key, value):
        return self.kv.Put(rpc_pb2.PutRequest(key=key, value=value), timeout=SECONDS_MAX)

    def get(self, key, range_end=b""):
        request = rpc_pb2.RangeRequest(key=key, range_end=range_end)
        return self.kv.Range(request, timeout=SECONDS_MAX)


class Stream:
    """A two-way call: requests are sent when the caller likes."""

    def __init__(self, method, timeout=None):
        self.requests = queue.Queue()
        self.answers = method(iter(self.requests.get, None), timeout=timeout)

    def ask(self, request):
        self.requests.put(request)
        return next(self.answers)

    def end(self):
        self.requests.put(None)


def watch_of(key):
    return rpc_pb2.WatchRequest(create_request=rpc_pb2.WatchCreateRequest(key=key))


def put_range_delete(etcd):
    put = etcd.put(b"key", b"value")
    found = etcd.get(b"key")
    assert found.kvs[0].value == b"value", found
    assert found.kvs[0].mod_revision == put.header.revision, found
    deleted = etcd.kv.DeleteRange(rpc_pb2.DeleteRangeRequest(key=b"key"))
    assert deleted.deleted == 1, deleted
    assert etcd.get(b"key").count == 0


def txn(etcd):
    absent = rpc_pb2.Compare(
        key=b"txn", target=rpc_pb2.Compare.VERSION, result=rpc_pb2.Compare.EQUAL, version=0
    )
    put = rpc_pb2.RequestOp(request_put=rpc_pb2.PutRequest(key=b"txn", value=b"1"))
    get = rpc_pb2.RequestOp(request_range=rpc_pb2.RangeRequest(key=b"txn"))
    request = rpc_pb2.TxnRequest(compare=[absent], success=[put], failure=[get])
    assert etcd.kv.Txn(request).succeeded
    second = etcd.kv.Txn(request)
    assert not second.succeeded
    assert second.responses[0].response_range.kvs[0].value == b"1", second


def error_status(etcd):
    try:
        etcd.kv.Put(rpc_pb2.PutRequest(value=b"value"))
        raise AssertionError("a put without a key was taken")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        assert error.details() == "etcdserver: key is not provided", error


def deadline(etcd):
    stream = Stream(etcd.watch.Watch, timeout=2)
    assert stream.ask(watch_of(b"deadline")).created
    try:
        next(stream.answers)
        raise AssertionError("the call has no end")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    stream.end()


def watch_and_cancel(etcd):
    stream = Stream(etcd.watch.Watch)
    created = stream.ask(watch_of(b"watched"))
    assert created.created
    for value in (b"1", b"2"):
        etcd.put(b"watched", value)
        assert next(stream.answers).events[0].kv.value == value
    cancel = rpc_pb2.WatchCancelRequest(watch_id=created.watch_id)
    assert stream.ask(rpc_pb2.WatchRequest(cancel_request=cancel)).canceled
    stream.answers.cancel()
    assert stream.answers.code() == grpc.StatusCode.CANCELLED
    stream.end()


def lease_keepalive(etcd):
    granted = etcd.lease.LeaseGrant(rpc_pb2.LeaseGrantRequest(TTL=60))
    stream = Stream(etcd.lease.LeaseKeepAlive)
    for _ in range(3):
        assert stream.ask(rpc_pb2.LeaseKeepAliveRequest(ID=granted.ID)).TTL == 60
    stream.end()
    assert list(stream.answers) == [], "a half-closed call ends"
    assert stream.answers.code() == grpc.StatusCode.OK
    etcd.lease.LeaseRevoke(rpc_pb2.LeaseRevokeRequest(ID=granted.ID))


def large_value(etcd):
    value = bytes(range(256)) * (MEBIBYTE // 256)
    etcd.put(b"large", value)
    assert etcd.get(b"large").kvs[0].value == value


def large_answer(etcd):
    for index in range(20):
        etcd.put(b"many/%02d" % index, bytes([index]) * MEBIBYTE)
    found = etcd.get(b"many/", b"many0")
    assert found.count == 20 and len(found.kvs) == 20
    assert all(kv.value == bytes([index]) * MEBIBYTE for index, kv in enumerate(found.kvs))


def gzip(address, authority):
    packed = Etcd(address, authority, grpc.Compression.Gzip)
    value = b"gzip" * 100_000
    packed.put(b"gzip", value)
    assert packed.get(b"gzip").kvs[0].value == value
    stream = Stream(packed.watch.Watch)
    assert stream.ask(watch_of(b"gzip")).created
    packed.put(b"gzip", value[:-4])
    assert next(stream.answers).events[0].kv.value == value[:-4]
    stream.answers.cancel()
    stream.end()
    packed.channel.close()


def many_calls(etcd):
    calls = [
        etcd.kv.Put.future(rpc_pb2.PutRequest(key=b"c/%04d" % index, value=b"%d" % index))
        for index in range(1000)
    ]
    revisions = {call.result(timeout=SECONDS_MAX).header.revision for call in calls}
    assert len(revisions) == 1000
    with ThreadPoolExecutor(16) as pool:
        for index, found in enumerate(pool.map(lambda n: etcd.get(b"c/%04d" % n), range(1000))):
            assert found.kvs[0].value == b"%d" % index, found


def keepalive(etcd):
    """Pings while it has nothing else to say, more often than a server allows unless it is told to."""
    lost = threading.Event()
    etcd.channel.subscribe(
        lambda state: lost.set() if state == grpc.ChannelConnectivity.IDLE else None
    )
    stream = Stream(etcd.watch.Watch)
    assert stream.ask(watch_of(b"pinged")).created
    assert not lost.wait(5), "the connection was lost"
    etcd.put(b"pinged", b"still there")
    assert next(stream.answers).events[0].kv.value == b"still there"
    stream.answers.cancel()
    stream.end()


def server_end(etcd):
    stream = Stream(etcd.watch.Watch)
    assert stream.ask(watch_of(b"end")).created
    print("ready for the end", flush=True)
    try:
        print(next(stream.answers))
        raise AssertionError("the server is still there")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    stream.end()


def main():
    address, authority = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    etcd = Etcd(address, authority)
    scenarios = {
        "put, range, delete": lambda: put_range_delete(etcd),
        "txn": lambda: txn(etcd),
        "an error's code and text": lambda: error_status(etcd),
        "a deadline": lambda: deadline(etcd),
        "a watch, and its cancel": lambda: watch_and_cancel(etcd),
        "a lease kept alive": lambda: lease_keepalive(etcd),
        "a value of a mebibyte": lambda: large_value(etcd),
        "an answer of 20 MiB": lambda: large_answer(etcd),
        "gzip": lambda: gzip(address, authority),
        "a thousand calls at once": lambda: many_calls(etcd),
        "pings": lambda: keepalive(etcd),
        "the server's end": lambda: server_end(etcd),
    }
    for name, scenario in scenarios.items():
        began = time.monotonic()
        try:
            scenario()
            print(f"ok {name}", flush=True)
        except Exception as problem:  # Whatever it is, the next one is tried.
            print(f"not ok {name}: {type(problem).__name__}: {problem}".replace("\n", " "), flush=True)
        print(f"# {time.monotonic() - began:.3f} s", flush=True)
    etcd.channel.close()


main()
