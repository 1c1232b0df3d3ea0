package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Lease keepalive: every lease has one request on its way, on one stream for each connection, as
// clientv3 does it. A stream's answers come in the order of its requests.

// Longer than any run, seconds.
const leaseTTL = 3600

// grantLoad makes the leases, with ids of its own.
type grantLoad struct {
	firstID int64
	count   int64
	next    atomic.Int64
}

func (l *grantLoad) take(s *slot) bool {
	s.index = int(l.next.Add(1)) - 1
	return int64(s.index) < l.count
}

func (l *grantLoad) methods() []string   { return []string{methodGrant} }
func (l *grantLoad) requestBytes() int   { return 32 }
func (l *grantLoad) sampleEvery() uint64 { return 1 }
func (l *grantLoad) method(*slot) int    { return 0 }
func (l *grantLoad) request(s *slot, out []byte) []byte {
	out = appendVarintField(out, 1, leaseTTL)
	return appendVarintField(out, 2, uint64(l.firstID+int64(s.index)))
}
func (l *grantLoad) check(s *slot, message []byte) error {
	return checkLease(message, l.firstID+int64(s.index))
}

// checkLease reads what LeaseGrantResponse and LeaseKeepAliveResponse have in common.
func checkLease(message []byte, wanted int64) error {
	r := reader{rest: message}
	var id, ttl uint64
	for r.next() {
		switch r.field {
		case 2:
			id = r.number
		case 3:
			ttl = r.number
		}
	}
	if r.broken || int64(id) != wanted || ttl != leaseTTL {
		return fmt.Errorf("lease %d with %d s, expected %d with %d s", id, ttl, wanted, leaseTTL)
	}
	return nil
}

// leaseSlot is one lease.
type leaseSlot struct {
	id      int64
	request []byte
	sentNs  int64
}

// keepAliveDriver has the leases of one connection.
type keepAliveDriver struct {
	sendStream
	messageReader
	plan    *plan
	leases  []leaseSlot
	results *results
	nowNs   int64
	// Leases with a request on its way, in that order: a ring, from `head` on.
	order      []int32
	head, open int
}

func newKeepAliveDriver(c *connection, plan *plan, firstID int64, count int) *keepAliveDriver {
	d := &keepAliveDriver{plan: plan, results: &results{}, order: make([]int32, count)}
	for index := range count {
		id := firstID + int64(index)
		request := appendVarintField(nil, 1, uint64(id))
		d.leases = append(d.leases, leaseSlot{id: id, request: request})
	}
	d.connection = c
	c.receiver = d
	return d
}

func (d *keepAliveDriver) run() error {
	c := d.connection
	d.nowNs = d.plan.now()
	c.lock.Lock()
	for index := range d.leases {
		d.begin(int32(index))
	}
	c.lock.Unlock()
	return c.run(func() bool { return d.open == 0 })
}

// begin sends a lease's next request. Needs the connection's lock.
func (d *keepAliveDriver) begin(index int32) {
	if d.nowNs >= d.plan.toNs {
		return
	}
	lease := &d.leases[index]
	lease.sentNs = d.nowNs
	d.order[(d.head+d.open)%len(d.order)] = index
	d.open++
	if d.stream == 0 {
		d.sendStream.open(d.connection, 0, lease.request)
	} else {
		d.send(lease.request)
	}
}

func (d *keepAliveDriver) data(_ uint32, payload []byte) {
	if d.nowNs == 0 {
		d.nowNs = d.plan.now()
	}
	d.connection.lock.Lock()
	defer d.connection.lock.Unlock()
	if err := d.read(payload, d.answer); err != nil {
		d.results.fail(err)
	}
}

func (d *keepAliveDriver) answer(message []byte) {
	if d.open == 0 {
		d.results.fail(fmt.Errorf("an answer that nobody asked for"))
		return
	}
	index := d.order[d.head]
	lease := &d.leases[index]
	d.head = (d.head + 1) % len(d.order)
	d.open--
	d.results.sampled++
	if err := checkLease(message, lease.id); err != nil {
		d.results.fail(err)
	} else if d.nowNs >= d.plan.fromNs && d.nowNs < d.plan.toNs {
		d.results.operations++
		d.results.latency.add(d.nowNs - lease.sentNs)
	}
	d.begin(index)
}

func (d *keepAliveDriver) ended(_ uint32, status int) {
	d.results.fail(fmt.Errorf("the server ends a keepalive stream: grpc-status %d", status))
	d.open = 0
}

func (d *keepAliveDriver) windowGrew(stream uint32, bytes int64) {
	d.connection.lock.Lock()
	defer d.connection.lock.Unlock()
	if stream == d.stream {
		d.window += bytes
	}
	d.pump()
}

func (d *keepAliveDriver) batchEnd() { d.nowNs = 0 }

// keepAlive has as many leases as calls in flight.
func keepAlive(o *options) (usage, *results, error) {
	o.connections = min(o.connections, o.inFlight)
	grant := &grantLoad{firstID: time.Now().UnixNano() >> 1, count: int64(o.inFlight)}
	if failed, err := runToEnd(o, grant); err != nil || failed.failures > 0 {
		return usage{}, failed, err
	}
	plan := newPlan(o.warmUp, o.measured)
	drivers := make([]*keepAliveDriver, o.connections)
	for index := range drivers {
		c, err := dial(o.address, []string{methodKeepAlive}, make([]byte, bufferBytes))
		if err != nil {
			return usage{}, nil, err
		}
		defer c.socket.Close()
		c.socket.SetDeadline(plan.limit())
		first, last := o.inFlight*index/len(drivers), o.inFlight*(index+1)/len(drivers)
		drivers[index] = newKeepAliveDriver(c, plan, grant.firstID+int64(first), last-first)
	}
	return plan.run(o, len(drivers),
		func(index int) error { return drivers[index].run() },
		func(index int) *results { return drivers[index].results })
}
