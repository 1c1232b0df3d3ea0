package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

// watchWriter puts, on a connection of its own.
type watchWriter struct {
	connection *connection
	fan        *fanOut
	results    *results
	value      []byte
	// Puts without an answer. Under the connection's lock, as the value.
	open int
}

// pump sends the puts that are due, in one write. Any goroutine may call it.
func (w *watchWriter) pump(nowNs int64) {
	c, f := w.connection, w.fan
	c.lock.Lock()
	defer c.lock.Unlock()
	for c.sendWindow > int64(f.putBytes()+messageHeadBytes) {
		number, ok := f.mayPut(nowNs)
		if !ok {
			break
		}
		for index := range putNumberBytes {
			w.value[index] = byte(number >> (8 * (putNumberBytes - 1 - index)))
		}
		f.sentNs[number%putTimes].Store(nowNs)
		stream, start := c.openCall(0)
		c.out = appendBytesField(f.appendKeyField(c.out, 1, f.keyOf(number)), 2, w.value)
		c.seal(start, stream, flagEndStream)
		w.open++
	}
	// A broken socket shows when it is read.
	_ = c.flushLocked()
}

func (w *watchWriter) data(uint32, []byte) {}

func (w *watchWriter) ended(_ uint32, status int) {
	w.connection.lock.Lock()
	w.open--
	w.connection.lock.Unlock()
	if status != 0 {
		w.results.fail(fmt.Errorf("a put of the writer: grpc-status %d", status))
	}
}

func (w *watchWriter) windowGrew(stream uint32, _ int64) {
	if stream == 0 {
		w.pump(w.fan.plan.now())
	}
}

func (w *watchWriter) batchEnd() {}

func (w *watchWriter) idle() bool {
	w.connection.lock.Lock()
	defer w.connection.lock.Unlock()
	return w.open == 0
}

// watch makes a watch load: all watchers on one prefix, or each on its own.
func watch(distinct bool) runLoad {
	return func(o *options) (usage, *results, error) {
		plan := newPlan(o.warmUp, o.measured)
		fan := &fanOut{plan: plan, ahead: int64(o.inFlight), distinct: distinct}
		fan.perPut = int64(o.watchers)
		keys := 1000
		if distinct {
			fan.perPut, keys = 1, o.watchers
		}
		o.connections = min(o.connections, o.watchers)
		fan.keySpace = o.space("/registry/watched/", keys, 256)
		writerConnection, err := dial(o.address, []string{methodPut}, make([]byte, bufferBytes))
		if err != nil {
			return usage{}, nil, err
		}
		defer writerConnection.socket.Close()
		fan.writer = &watchWriter{
			connection: writerConnection, fan: fan,
			results: &results{}, value: bytes.Clone(fan.value),
		}
		writerConnection.receiver = fan.writer
		drivers := make([]*watchDriver, o.connections)
		for index := range drivers {
			c, err := dial(o.address, []string{methodWatch}, make([]byte, bufferBytes))
			if err != nil {
				return usage{}, nil, err
			}
			defer c.socket.Close()
			drivers[index] = &watchDriver{connection: c, fan: fan, results: &results{}}
			c.receiver = drivers[index]
			first, last := o.watchers*index/o.connections, o.watchers*(index+1)/o.connections
			drivers[index].open(fan.createRequests(first, last, o.streams))
		}
		return fan.run(o, drivers)
	}
}

// createRequests are those of the watchers first to last, spread over a connection's streams.
func (f *fanOut) createRequests(first, last, streams int) [][][]byte {
	streams = min(streams, last-first)
	requests := make([][][]byte, streams)
	for watcher := first; watcher < last; watcher++ {
		key, end := []byte(f.prefix), f.end()
		if f.distinct {
			own := keySpace{prefix: string(f.appendKey(nil, watcher))}
			key, end = []byte(own.prefix), own.end()
		}
		create := appendBytesField(appendBytesField(nil, 1, key), 2, end)
		at := (watcher - first) % streams
		requests[at] = append(requests[at], appendBytesField(nil, 1, create))
	}
	return requests
}

func (f *fanOut) run(o *options, drivers []*watchDriver) (usage, *results, error) {
	// What a connection says after this is only that it was closed.
	over := make(chan struct{})
	broken := make(chan error, len(drivers)+1)
	var group sync.WaitGroup
	for _, c := range f.connections(drivers) {
		group.Go(func() {
			err := c.run(func() bool { return false })
			select {
			case <-over:
			default:
				broken <- err
			}
		})
	}
	created := func() bool { return f.created.Load() == int64(o.watchers) }
	err := waitFor(broken, created, "watchers to be created")
	if err != nil {
		return usage{}, nil, err
	}
	f.plan.began = time.Now()
	f.writer.pump(0)
	used := f.plan.measure(o.process)
	err = waitFor(broken, func() bool { return f.complete() && f.writer.idle() }, "the last events")
	close(over)
	for _, c := range f.connections(drivers) {
		c.socket.Close()
	}
	group.Wait()
	all := f.writer.results
	if err != nil {
		all.fail(err)
	}
	for _, d := range drivers {
		d.checkCounts()
		all.merge(d.results)
	}
	return used, all, nil
}

func (f *fanOut) connections(drivers []*watchDriver) []*connection {
	all := []*connection{f.writer.connection}
	for _, d := range drivers {
		all = append(all, d.connection)
	}
	return all
}

// checkCounts: every watcher has had its events, none too few and none twice.
func (d *watchDriver) checkCounts() {
	puts := uint64(d.fan.putCount.Load())
	least, most := puts, puts
	if d.fan.distinct {
		keys := uint64(d.fan.keys)
		least, most = puts/keys, (puts+keys-1)/keys
	}
	for _, s := range d.streams {
		for id, count := range s.events {
			if count < least || count > most {
				d.results.fail(fmt.Errorf("watcher %d had %d events, not %d", id, count, least))
			}
		}
	}
}

// waitFor looks now and then whether something has come about. Returns why it will not.
func waitFor(broken chan error, ready func() bool, what string) error {
	for limit := time.Now().Add(patience); !ready(); {
		select {
		case err := <-broken:
			return err
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(limit) {
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}
