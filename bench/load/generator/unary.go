package main

import (
	"fmt"
	"slices"
)

// unaryLoad makes the requests of one load and judges the answers.
type unaryLoad interface {
	methods() []string
	// requestBytes: no request is longer.
	requestBytes() int
	// method says for which of the methods the slot's next call is, and request appends its
	// message.
	method(s *slot) int
	request(s *slot, out []byte) []byte
	// sampleEvery: of how many answers one is looked at; of the others only length and status.
	sampleEvery() uint64
	// check judges an answer; it may note in the slot what the next request needs.
	check(s *slot, message []byte) error
}

// slot is one place of the concurrency: it has one call in flight at any time.
type slot struct {
	// Among all slots of all connections.
	number int
	// How many calls it has begun.
	count  uint64
	stream uint32
	sentNs int64
	// Bytes of the answer so far and in all, heads included.
	seen, expected int
	sampled        bool
	body           []byte
	// Of which of the methods the call is.
	method int
	// A transaction whose compare did not hold.
	conflict bool
	// Of the call's key or first key, for loads that note something of it.
	index int
}

// unaryDriver keeps the slots of one connection busy.
type unaryDriver struct {
	connection *connection
	load       unaryLoad
	// The load, if it ends by itself.
	finite finiteLoad
	plan   *plan
	slots  []slot
	// Slot of a stream, by the stream's number; 0 is none.
	bySlot  []int32
	open    int
	waiting []int32
	nowNs   int64
	results *results
	// Of the connection's window, that a message needs.
	room int64
}

func newUnaryDriver(c *connection, load unaryLoad, plan *plan, slots []slot) *unaryDriver {
	size := 1024
	for size < 8*len(slots) {
		size *= 2
	}
	driver := &unaryDriver{
		connection: c, load: load, plan: plan, slots: slots,
		bySlot: make([]int32, size), results: &results{},
		room: int64(load.requestBytes() + messageHeadBytes),
	}
	driver.finite, _ = load.(finiteLoad)
	c.receiver = driver
	return driver
}

// run keeps going until the plan's end and until all calls in flight are answered.
func (d *unaryDriver) run() error {
	d.nowNs = d.plan.now()
	d.connection.lock.Lock()
	for index := range d.slots {
		d.begin(int32(index))
	}
	d.connection.lock.Unlock()
	return d.connection.run(func() bool { return d.open == 0 && len(d.waiting) == 0 })
}

// begin sends the slot's next call, or lets it wait for the window. Needs the connection's lock.
func (d *unaryDriver) begin(index int32) {
	s := &d.slots[index]
	if d.nowNs >= d.plan.toNs || d.finite != nil && !d.finite.take(s) {
		return
	}
	s.sentNs = d.nowNs
	if d.connection.sendWindow < d.room {
		d.waiting = append(d.waiting, index)
		return
	}
	d.send(index)
}

func (d *unaryDriver) send(index int32) {
	s, c := &d.slots[index], d.connection
	for d.bySlot[c.nextStream>>1&uint32(len(d.bySlot)-1)] != 0 {
		c.nextStream += 2
	}
	s.count++
	s.sampled = s.count%d.load.sampleEvery() == 0
	s.seen, s.expected, s.body = 0, 0, s.body[:0]
	s.method = d.load.method(s)
	var start int
	s.stream, start = c.openCall(s.method)
	c.out = d.load.request(s, c.out)
	c.seal(start, s.stream, flagEndStream)
	d.bySlot[s.stream>>1&uint32(len(d.bySlot)-1)] = index + 1
	d.open++
}

func (d *unaryDriver) slotOf(stream uint32) (int32, *slot) {
	index := d.bySlot[stream>>1&uint32(len(d.bySlot)-1)] - 1
	if index < 0 || d.slots[index].stream != stream {
		return -1, nil
	}
	return index, &d.slots[index]
}

func (d *unaryDriver) data(stream uint32, payload []byte) {
	_, s := d.slotOf(stream)
	if s == nil {
		return
	}
	if s.seen < messageHeadBytes {
		if s.seen > 0 || len(payload) < messageHeadBytes {
			// Allowed, but no server begins an answer with less.
			d.results.fail(fmt.Errorf("the head of a message is split over frames"))
			s.seen += len(payload)
			return
		}
		s.expected = messageHeadBytes + int(uint32At(payload[1:]))
		if s.sampled && len(payload) == s.expected && payload[0] == 0 {
			s.seen = len(payload)
			d.check(s, payload[messageHeadBytes:])
			return
		}
	}
	s.seen += len(payload)
	if !s.sampled {
		return
	}
	s.body = append(s.body, payload...)
	if s.seen == s.expected && s.body[0] == 0 {
		d.check(s, s.body[messageHeadBytes:])
	}
}

func (d *unaryDriver) check(s *slot, message []byte) {
	d.results.sampled++
	if err := d.load.check(s, message); err != nil {
		d.results.fail(err)
	}
	s.sampled = false
}

func (d *unaryDriver) ended(stream uint32, status int) {
	index, s := d.slotOf(stream)
	if s == nil {
		return
	}
	d.bySlot[stream>>1&uint32(len(d.bySlot)-1)] = 0
	d.open--
	if d.nowNs == 0 {
		d.nowNs = d.plan.now()
	}
	switch {
	case status != 0:
		d.results.fail(fmt.Errorf("grpc-status %d: %s", status, d.connection.answers.message))
	case s.seen == 0 || s.seen != s.expected:
		d.results.fail(fmt.Errorf("an answer of %d bytes, %d announced", s.seen, s.expected))
	case s.sampled:
		d.results.fail(fmt.Errorf("an answer that cannot be looked at"))
	case d.nowNs >= d.plan.fromNs && d.nowNs < d.plan.toNs:
		d.results.latency.add(d.nowNs - s.sentNs)
		d.results.operations++
		if s.conflict {
			d.results.conflicts++
		}
	}
	s.conflict = false
	d.connection.lock.Lock()
	d.begin(index)
	d.connection.lock.Unlock()
}

func (d *unaryDriver) windowGrew(uint32, int64) {
	d.connection.lock.Lock()
	count := 0
	for count < len(d.waiting) && d.connection.sendWindow >= d.room {
		d.send(d.waiting[count])
		count++
	}
	d.waiting = slices.Delete(d.waiting, 0, count)
	d.connection.lock.Unlock()
}

// One reading of the clock per batch: what follows in the next one gets its own.
func (d *unaryDriver) batchEnd() { d.nowNs = 0 }
