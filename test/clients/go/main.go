// Calls of clientv3: what must work is printed as a line each.
//
// client HOST:PORT [FILE OF THE AUTHORITY'S CERTIFICATE]
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"
)

const (
	mebibyte = 1024 * 1024
	longest  = 20 * time.Second
)

func connect(options ...grpc.DialOption) (*clientv3.Client, error) {
	config := clientv3.Config{
		Endpoints:   []string{"http://" + os.Args[1]},
		DialTimeout: longest,
		DialOptions: options,
	}
	if len(os.Args) > 2 {
		certificate, err := os.ReadFile(os.Args[2])
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(certificate)
		config.Endpoints = []string{"https://" + os.Args[1]}
		config.TLS = &tls.Config{RootCAs: pool}
	}
	return clientv3.New(config)
}

// check makes an error of what is not true.
func check(isTrue bool, what string, found ...any) error {
	if isTrue {
		return nil
	}
	return fmt.Errorf("wrong: %s %v", what, found)
}

func putRangeDelete(ctx context.Context, etcd *clientv3.Client) error {
	put, err := etcd.Put(ctx, "key", "value")
	if err != nil {
		return err
	}
	found, err := etcd.Get(ctx, "key")
	if err != nil {
		return err
	}
	isRight := string(found.Kvs[0].Value) == "value" &&
		found.Kvs[0].ModRevision == put.Header.Revision
	deleted, err := etcd.Delete(ctx, "key")
	return errors.Join(err, check(isRight && deleted.Deleted == 1, "the key", found, deleted))
}

func txn(ctx context.Context, etcd *clientv3.Client) error {
	once := func() (*clientv3.TxnResponse, error) {
		return etcd.Txn(ctx).
			If(clientv3.Compare(clientv3.Version("txn"), "=", 0)).
			Then(clientv3.OpPut("txn", "1")).
			Else(clientv3.OpGet("txn")).
			Commit()
	}
	first, err := once()
	if err != nil {
		return err
	}
	second, err := once()
	if err != nil {
		return err
	}
	found := second.Responses[0].GetResponseRange().Kvs[0].Value
	isRight := first.Succeeded && !second.Succeeded && string(found) == "1"
	return check(isRight, "the answers", first, second)
}

func errorStatus(ctx context.Context, etcd *clientv3.Client) error {
	_, err := etcd.Put(ctx, "", "value")
	return check(errors.Is(err, rpctypes.ErrEmptyKey), "the error", err)
}

func deadline(ctx context.Context, etcd *clientv3.Client) error {
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	// The plain call: clientv3's watch has an end of its own at a deadline.
	stream, err := etcd.ActiveConnection().NewStream(short, &grpc.StreamDesc{
		ServerStreams: true, ClientStreams: true,
	}, "/etcdserverpb.Watch/Watch")
	if err != nil {
		return err
	}
	err = stream.RecvMsg(&struct{}{})
	return check(status.Code(err) == codes.DeadlineExceeded, "the error", err)
}

func watchAndCancel(ctx context.Context, etcd *clientv3.Client) error {
	canceled, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := etcd.Watch(canceled, "watched", clientv3.WithCreatedNotify())
	if created := <-watch; !created.Created {
		return check(false, "the watch is created", created)
	}
	for _, value := range []string{"1", "2"} {
		if _, err := etcd.Put(ctx, "watched", value); err != nil {
			return err
		}
		answer := <-watch
		if string(answer.Events[0].Kv.Value) != value {
			return check(false, "the event", answer)
		}
	}
	cancel()
	for range watch {
	}
	return nil
}

func leaseKeepAlive(ctx context.Context, etcd *clientv3.Client) error {
	granted, err := etcd.Grant(ctx, 3)
	if err != nil {
		return err
	}
	renewals, err := etcd.KeepAlive(ctx, granted.ID)
	if err != nil {
		return err
	}
	for range 2 {
		if renewal := <-renewals; renewal == nil || renewal.TTL != 3 {
			return check(false, "it is renewed", renewal)
		}
	}
	_, err = etcd.Revoke(ctx, granted.ID)
	return err
}

func largeValue(ctx context.Context, etcd *clientv3.Client) error {
	value := strings.Repeat("0123456789abcdef", mebibyte/16)
	if _, err := etcd.Put(ctx, "large", value); err != nil {
		return err
	}
	found, err := etcd.Get(ctx, "large")
	return errors.Join(err, check(string(found.Kvs[0].Value) == value, "the value"))
}

func largeAnswer(ctx context.Context, etcd *clientv3.Client) error {
	value := func(index int) []byte { return bytes.Repeat([]byte{byte(index)}, mebibyte) }
	for index := range 20 {
		if _, err := etcd.Put(ctx, fmt.Sprintf("many/%02d", index), string(value(index))); err != nil {
			return err
		}
	}
	found, err := etcd.Get(ctx, "many/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	isRight := len(found.Kvs) == 20
	for index, kv := range found.Kvs {
		isRight = isRight && bytes.Equal(kv.Value, value(index))
	}
	return check(isRight, "the values")
}

func packed(ctx context.Context, _ *clientv3.Client) error {
	etcd, err := connect(grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	if err != nil {
		return err
	}
	defer etcd.Close()
	value := strings.Repeat("gzip", 100_000)
	if _, err := etcd.Put(ctx, "gzip", value); err != nil {
		return err
	}
	found, err := etcd.Get(ctx, "gzip")
	if err != nil {
		return err
	}
	watch := etcd.Watch(ctx, "gzip", clientv3.WithRev(found.Kvs[0].ModRevision))
	answer := <-watch
	isRight := string(found.Kvs[0].Value) == value && string(answer.Events[0].Kv.Value) == value
	return check(isRight, "the value")
}

func manyCalls(ctx context.Context, etcd *clientv3.Client) error {
	problems := make([]error, 1000)
	var group sync.WaitGroup
	for index := range problems {
		group.Go(func() {
			key := fmt.Sprintf("c/%04d", index)
			if _, problems[index] = etcd.Put(ctx, key, key); problems[index] != nil {
				return
			}
			found, err := etcd.Get(ctx, key)
			problems[index] = err
			if err == nil {
				problems[index] = check(string(found.Kvs[0].Value) == key, key)
			}
		})
	}
	group.Wait()
	return errors.Join(problems...)
}

// locks takes turns by clientv3's own recipe, which is made of keys, leases and watches.
func locks(ctx context.Context, etcd *clientv3.Client) error {
	count := 0
	problems := make([]error, 5)
	var group sync.WaitGroup
	for index := range problems {
		group.Go(func() {
			session, err := concurrency.NewSession(etcd, concurrency.WithTTL(10))
			if err != nil {
				problems[index] = err
				return
			}
			defer session.Close()
			mutex := concurrency.NewMutex(session, "lock/")
			if problems[index] = mutex.Lock(ctx); problems[index] != nil {
				return
			}
			before := count
			_, err = etcd.Put(ctx, "turn", "")
			count = before + 1
			problems[index] = errors.Join(err, mutex.Unlock(ctx))
		})
	}
	group.Wait()
	return errors.Join(append(problems, check(count == len(problems), "one at a time", count))...)
}

// watchOverRestart sees what happened before and after, each once.
func watchOverRestart(ctx context.Context, etcd *clientv3.Client) error {
	watch := etcd.Watch(ctx, "restart", clientv3.WithCreatedNotify())
	<-watch
	if _, err := etcd.Put(ctx, "restart", "before"); err != nil {
		return err
	}
	before := <-watch
	fmt.Println("ready for a restart")
	put := func() error {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := etcd.Put(short, "restart", "after", clientv3.WithPrevKV())
		return err
	}
	// Nobody answers for a while. The runner starts the next server when the last one is gone.
	var line string
	if _, err := fmt.Scanln(&line); err != nil {
		return err
	}
	for attempt := 0; put() != nil; attempt++ {
		if attempt == 20 {
			return errors.New("the server does not come back")
		}
	}
	after := <-watch
	isRight := string(before.Events[0].Kv.Value) == "before" &&
		string(after.Events[0].Kv.Value) == "after" &&
		after.Events[0].Kv.ModRevision > before.Events[0].Kv.ModRevision
	return check(isRight, "the events", before, after)
}

func serverEnd(ctx context.Context, etcd *clientv3.Client) error {
	watch := etcd.Watch(ctx, "end", clientv3.WithCreatedNotify())
	<-watch
	fmt.Println("ready for the end")
	for range 200 {
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, err := etcd.Get(short, "end")
		cancel()
		if err != nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the server is still there")
}

func main() {
	etcd, err := connect()
	if err != nil {
		fmt.Println("not ok connect:", err)
		os.Exit(1)
	}
	defer etcd.Close()
	for _, scenario := range []struct {
		name string
		run  func(context.Context, *clientv3.Client) error
	}{
		{"put, range, delete", putRangeDelete},
		{"txn", txn},
		{"an error's code and text", errorStatus},
		{"a deadline", deadline},
		{"a watch, and its cancel", watchAndCancel},
		{"a lease kept alive", leaseKeepAlive},
		{"a value of a mebibyte", largeValue},
		{"an answer of 20 MiB", largeAnswer},
		{"gzip", packed},
		{"a thousand calls at once", manyCalls},
		{"locks", locks},
		{"a watch over a restart", watchOverRestart},
		{"the server's end", serverEnd},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 2*longest)
		err := scenario.run(ctx, etcd)
		cancel()
		if err != nil {
			fmt.Printf("not ok %s: %s\n", scenario.name, strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok", scenario.name)
		}
	}
}
