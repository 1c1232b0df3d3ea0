package main

import (
	"bytes"
	"fmt"
	"sync/atomic"
)

// Watch loads: some connections have the watchers, many on each stream as clientv3 does it; one
// more writes. The writer keeps a fixed number of puts ahead of the watchers: it sends the next one
// when, of all events that the puts so far must bring, no more are missing than that number of puts
// brings. Every event is counted, per watcher; of a sample also key, value, and the time since the
// put.

// Puts whose time is remembered: more than can be on their way.
const putTimes = 1 << 16

// Bytes of a value that number the put.
const putNumberBytes = 8

// One event in so many is looked at in full.
const eventSampleEvery = 64

// fanOut is what writer and watchers share.
type fanOut struct {
	plan *plan
	keySpace
	// Each watcher has a prefix of its own, as many as there are keys; otherwise all have the same.
	distinct bool
	// Watchers that hear of one put.
	perPut int64
	// Puts ahead.
	ahead     int64
	putCount  atomic.Int64
	delivered atomic.Int64
	sentNs    [putTimes]atomic.Int64
	writer    *watchWriter
	// Watchers that are there.
	created atomic.Int64
}

// mayPut takes the right to send one more put, if there is one.
func (f *fanOut) mayPut(nowNs int64) (number int64, ok bool) {
	for {
		number = f.putCount.Load()
		if nowNs >= f.plan.toNs || number*f.perPut-f.delivered.Load() > (f.ahead-1)*f.perPut {
			return 0, false
		}
		if f.putCount.CompareAndSwap(number, number+1) {
			return number, true
		}
	}
}

// complete says whether every event of every put has arrived.
func (f *fanOut) complete() bool {
	return f.delivered.Load() == f.putCount.Load()*f.perPut
}

// watchStream is one stream with its watchers.
type watchStream struct {
	sendStream
	messageReader
	// Events of each watcher, by its watch id.
	events []uint64
	// Of the first watcher's last event.
	lastRevision uint64
}

// watchDriver has the watchers of one connection.
type watchDriver struct {
	connection *connection
	fan        *fanOut
	streams    []*watchStream
	results    *results
	nowNs      int64
	// Events in the batch under way, and since the last one that was looked at.
	batch, sinceSample int64
}

// open creates watchers: `requests` of each stream are its WatchRequests.
func (d *watchDriver) open(requests [][][]byte) {
	d.connection.lock.Lock()
	defer d.connection.lock.Unlock()
	for _, messages := range requests {
		s := &watchStream{events: make([]uint64, len(messages))}
		s.sendStream.open(d.connection, 0, messages[0])
		for _, message := range messages[1:] {
			s.send(message)
		}
		d.streams = append(d.streams, s)
	}
}

// streamOf: streams have the connection's first numbers, 1, 3, 5.
func (d *watchDriver) streamOf(stream uint32) *watchStream {
	if index := int(stream >> 1); index < len(d.streams) {
		return d.streams[index]
	}
	return nil
}

func (d *watchDriver) data(stream uint32, payload []byte) {
	s := d.streamOf(stream)
	if s == nil {
		return
	}
	if d.nowNs == 0 {
		d.nowNs = d.fan.plan.now()
	}
	if err := s.read(payload, func(message []byte) { d.message(s, message) }); err != nil {
		d.results.fail(err)
	}
	if s.received > windowMax/2 {
		d.connection.control = appendWindowUpdate(d.connection.control, stream, s.received)
		s.received = 0
	}
}

// message counts the events of a WatchResponse.
func (d *watchDriver) message(s *watchStream, message []byte) {
	r := reader{rest: message}
	id, count := uint64(0), uint64(0)
	for r.next() {
		switch r.field {
		case 2:
			id = r.number
		case 3:
			d.fan.created.Add(1)
		case 4:
			d.results.fail(fmt.Errorf("the server cancels a watch"))
		case 11:
			count++
			d.sinceSample++
			if d.sinceSample >= eventSampleEvery {
				d.sinceSample = 0
				d.look(r.bytes)
			}
			if id == 0 {
				d.inOrder(s, r.bytes)
			}
		}
	}
	if r.broken || id >= uint64(len(s.events)) {
		d.results.fail(errMalformed)
		return
	}
	s.events[id] += count
	d.batch += int64(count)
}

// inOrder looks at every event of a stream's first watcher: each has a later revision than the one
// before.
func (d *watchDriver) inOrder(s *watchStream, event []byte) {
	r := reader{rest: event}
	for r.next() {
		if r.field != 2 {
			continue
		}
		revision, err := numberOf(r.bytes, 3)
		if err != nil || revision <= s.lastRevision {
			d.results.fail(fmt.Errorf("revision %d after revision %d", revision, s.lastRevision))
		}
		s.lastRevision = revision
	}
}

// look holds one event against what was written, and takes the time since its put.
func (d *watchDriver) look(event []byte) {
	d.results.sampled++
	r := reader{rest: event}
	var key, value []byte
	for r.next() {
		if r.field == 1 && r.number != 0 {
			d.results.fail(fmt.Errorf("an event of type %d", r.number))
		}
		if r.field != 2 {
			continue
		}
		inner := reader{rest: r.bytes}
		for inner.next() {
			switch inner.field {
			case 1:
				key = inner.bytes
			case 5:
				value = inner.bytes
			}
		}
		r.broken = inner.broken
	}
	space := &d.fan.keySpace
	if r.broken || len(value) != len(space.value) {
		d.results.fail(errMalformed)
		return
	}
	number := int64(0)
	for _, octet := range value[:putNumberBytes] {
		number = number<<8 | int64(octet)
	}
	wanted := space.appendKey(nil, d.fan.keyOf(number))
	same := bytes.Equal(value[putNumberBytes:], space.value[putNumberBytes:])
	if string(key) != string(wanted) || !same {
		d.results.fail(fmt.Errorf("an event with another key or value than was put: %q", key))
		return
	}
	if d.nowNs >= d.fan.plan.fromNs && d.nowNs < d.fan.plan.toNs {
		d.results.latency.add(d.nowNs - d.fan.sentNs[number%putTimes].Load())
	}
}

func (f *fanOut) keyOf(number int64) int { return int(number) % f.keys * keyStep % f.keys }

func (d *watchDriver) ended(_ uint32, status int) {
	d.results.fail(fmt.Errorf("the server ends a watch stream: grpc-status %d", status))
}

func (d *watchDriver) windowGrew(stream uint32, bytes int64) {
	d.connection.lock.Lock()
	defer d.connection.lock.Unlock()
	for _, s := range d.streams {
		if s.stream == stream {
			s.window += bytes
		}
		s.pump()
	}
}

func (d *watchDriver) batchEnd() {
	if d.batch > 0 {
		if d.nowNs >= d.fan.plan.fromNs && d.nowNs < d.fan.plan.toNs {
			d.results.operations += uint64(d.batch)
		}
		d.fan.delivered.Add(d.batch)
		d.batch = 0
		d.fan.writer.pump(d.nowNs)
	}
	d.nowNs = 0
}
