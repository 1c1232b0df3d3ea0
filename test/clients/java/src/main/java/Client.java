import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.PutResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.watch.WatchResponse;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Calls of jetcd: what must work is printed as a line each.
 *
 * <p>Client HOST:PORT [FILE OF THE AUTHORITY'S CERTIFICATE]
 */
public final class Client {
  private static final int MEBIBYTE = 1024 * 1024;
  private static final int SECONDS_MAX = 20;

  private final io.etcd.jetcd.Client etcd;
  private final KV kv;

  private Client(io.etcd.jetcd.Client etcd) {
    this.etcd = etcd;
    this.kv = etcd.getKVClient();
  }

  /** Something that works, or throws. */
  private interface Scenario {
    void run() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    boolean isSecure = args.length > 1;
    ClientBuilder builder =
        io.etcd.jetcd.Client.builder()
            .endpoints((isSecure ? "https://" : "http://") + args[0])
            .maxInboundMessageSize(64 * MEBIBYTE);
    if (isSecure) {
      builder.sslContext(GrpcSslContexts.forClient().trustManager(new File(args[1])).build());
    }
    try (io.etcd.jetcd.Client etcd = builder.build()) {
      Client client = new Client(etcd);
      show("put, range, delete", client::putRangeDelete);
      show("txn", client::txn);
      show("an error's code and text", client::error);
      show("a watch, and its cancel", client::watchAndCancel);
      show("a lease kept alive", client::leaseKeptAlive);
      show("a value of a mebibyte", client::largeValue);
      show("an answer of 20 MiB", client::largeAnswer);
      show("a thousand calls at once", client::manyCalls);
      show("the server's end", client::serverEnd);
    }
  }

  private static void show(String name, Scenario scenario) {
    try {
      scenario.run();
      System.out.println("ok " + name);
    } catch (Exception | AssertionError problem) {
      System.out.println(("not ok " + name + ": " + problem).replace('\n', ' '));
    }
  }

  private void putRangeDelete() throws Exception {
    PutResponse put = await(kv.put(bytes("key"), bytes("value")));
    GetResponse found = await(kv.get(bytes("key")));
    check(found.getKvs().get(0).getValue().toString().equals("value"), "the value");
    long revision = found.getKvs().get(0).getModRevision();
    check(revision == put.getHeader().getRevision(), "the revision");
    check(await(kv.delete(bytes("key"))).getDeleted() == 1, "one key is deleted");
    check(await(kv.get(bytes("key"))).getCount() == 0, "it is gone");
  }

  private void txn() throws Exception {
    check(putOnce().isSucceeded(), "the first succeeds");
    TxnResponse second = putOnce();
    check(!second.isSucceeded(), "the second does not");
    ByteSequence found = second.getGetResponses().get(0).getKvs().get(0).getValue();
    check(found.toString().equals("1"), "it finds what the first has put");
  }

  private TxnResponse putOnce() throws Exception {
    ByteSequence key = bytes("txn");
    return await(
        kv.txn()
            .If(new Cmp(key, Cmp.Op.EQUAL, CmpTarget.version(0)))
            .Then(Op.put(key, bytes("1"), PutOption.DEFAULT))
            .Else(Op.get(key, GetOption.DEFAULT))
            .commit());
  }

  private void error() throws Exception {
    try {
      await(kv.put(bytes(""), bytes("value")));
      throw new AssertionError("a put without a key was taken");
    } catch (ExecutionException wrapper) {
      Status status = Status.fromThrowable(wrapper);
      check(status.getCode() == Status.Code.INVALID_ARGUMENT, "the code: " + status);
      check("etcdserver: key is not provided".equals(status.getDescription()), "the text: " + status);
    }
  }

  private void watchAndCancel() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Watch.Watcher watcher =
        etcd.getWatchClient()
            .watch(
                bytes("watched"),
                Watch.listener(
                    (WatchResponse answer) ->
                        answer
                            .getEvents()
                            .forEach(event -> seen.add(event.getKeyValue().getValue().toString())),
                    ended::completeExceptionally,
                    () -> ended.complete(null)));
    // Whoever watches from the next revision on may come later than the first put.
    String first = null;
    for (int count = 0; first == null && count < 100; count++) {
      await(kv.put(bytes("watched"), bytes("1")));
      first = seen.poll(100, TimeUnit.MILLISECONDS);
    }
    check("1".equals(first), "the first event");
    await(kv.put(bytes("watched"), bytes("2")));
    String next = seen.poll(SECONDS_MAX, TimeUnit.SECONDS);
    while ("1".equals(next)) {
      next = seen.poll(SECONDS_MAX, TimeUnit.SECONDS);
    }
    check("2".equals(next), "the next event");
    watcher.close();
    await(ended);
  }

  private void leaseKeptAlive() throws Exception {
    Lease lease = etcd.getLeaseClient();
    // Renewed every third of it.
    long id = await(lease.grant(3)).getID();
    BlockingQueue<Long> renewals = new LinkedBlockingQueue<>();
    StreamObserver<LeaseKeepAliveResponse> observer =
        new StreamObserver<>() {
          @Override
          public void onNext(LeaseKeepAliveResponse answer) {
            renewals.add(answer.getTTL());
          }

          @Override
          public void onError(Throwable problem) {
            renewals.add(-1L);
          }

          @Override
          public void onCompleted() {}
        };
    try (var keeper = lease.keepAlive(id, observer)) {
      for (int count = 0; count < 2; count++) {
        Long renewed = renewals.poll(SECONDS_MAX, TimeUnit.SECONDS);
        check(renewed != null && renewed == 3, "it is renewed: " + renewed);
      }
    }
    await(lease.revoke(id));
  }

  private void largeValue() throws Exception {
    byte[] value = new byte[MEBIBYTE];
    for (int index = 0; index < value.length; index++) {
      value[index] = (byte) index;
    }
    await(kv.put(bytes("large"), ByteSequence.from(value)));
    byte[] found = await(kv.get(bytes("large"))).getKvs().get(0).getValue().getBytes();
    check(Arrays.equals(found, value), "the value");
  }

  private void largeAnswer() throws Exception {
    byte[] value = new byte[MEBIBYTE];
    for (int index = 0; index < 20; index++) {
      Arrays.fill(value, (byte) index);
      await(kv.put(bytes("many/" + (char) ('a' + index)), ByteSequence.from(value)));
    }
    GetOption all = GetOption.builder().isPrefix(true).build();
    GetResponse found = await(kv.get(bytes("many/"), all));
    check(found.getKvs().size() == 20, "all keys are there");
    for (int index = 0; index < 20; index++) {
      Arrays.fill(value, (byte) index);
      byte[] one = found.getKvs().get(index).getValue().getBytes();
      check(Arrays.equals(one, value), "value " + index);
    }
  }

  private void manyCalls() throws Exception {
    List<CompletableFuture<PutResponse>> calls = new ArrayList<>();
    for (int index = 0; index < 1000; index++) {
      calls.add(kv.put(bytes("c/" + index), bytes(String.valueOf(index))));
    }
    Set<Long> revisions = new HashSet<>();
    for (CompletableFuture<PutResponse> call : calls) {
      revisions.add(await(call).getHeader().getRevision());
    }
    check(revisions.size() == 1000, "each has a revision of its own");
  }

  /** jetcd would go on watching once the server is back; that there is none, calls are told. */
  private void serverEnd() throws Exception {
    Watch.Listener nobody = Watch.listener((WatchResponse answer) -> {});
    try (var watcher = etcd.getWatchClient().watch(bytes("end"), nobody)) {
      await(kv.put(bytes("end"), bytes("1")));
      System.out.println("ready for the end");
      for (int count = 0; count < 200; count++) {
        try {
          kv.get(bytes("end")).get(1, TimeUnit.SECONDS);
          Thread.sleep(20);
        } catch (ExecutionException | TimeoutException gone) {
          return;
        }
      }
      throw new AssertionError("the server is still there");
    }
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  private static <T> T await(CompletableFuture<T> answer) throws Exception {
    return answer.get(SECONDS_MAX, TimeUnit.SECONDS);
  }

  private static void check(boolean isTrue, String what) {
    if (!isTrue) {
      throw new AssertionError("wrong: " + what);
    }
  }
}
