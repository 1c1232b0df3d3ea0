package main

import (
	"errors"
	"fmt"
	"time"
)

// Connection churn: connect, exchange SETTINGS, read one key, close; again and again. An operation
// is all of that.

// oneCall is the receiver of a connection that makes one call.
type oneCall struct {
	messageReader
	answer []byte
	status int
	over   bool
	failed error
}

func (o *oneCall) data(_ uint32, payload []byte) {
	err := o.read(payload, func(message []byte) { o.answer = append(o.answer[:0], message...) })
	o.failed = errors.Join(o.failed, err)
}

func (o *oneCall) ended(_ uint32, status int) { o.status, o.over = status, true }
func (o *oneCall) windowGrew(uint32, int64)   {}
func (o *oneCall) batchEnd()                  {}

// churner is one place of the concurrency.
type churner struct {
	plan    *plan
	load    *oneLoad
	slot    slot
	buffer  []byte
	results *results
}

func (c *churner) run(address string) error {
	for {
		beganNs := c.plan.now()
		if beganNs >= c.plan.toNs {
			return nil
		}
		c.slot.count++
		if err := c.once(address); err != nil {
			c.results.fail(err)
		} else if endedNs := c.plan.now(); endedNs >= c.plan.fromNs && endedNs < c.plan.toNs {
			c.results.operations++
			c.results.latency.add(endedNs - beganNs)
		}
		if c.results.failures > 100 {
			return c.results.firstFailure
		}
	}
}

func (c *churner) once(address string) error {
	connection, err := dial(address, []string{methodRange}, c.buffer)
	if err != nil {
		return err
	}
	defer connection.socket.Close()
	connection.socket.SetDeadline(time.Now().Add(patience))
	call := &oneCall{}
	connection.receiver = call
	stream, start := connection.openCall(0)
	connection.out = c.load.request(&c.slot, connection.out)
	connection.seal(start, stream, flagEndStream)
	if err := connection.run(func() bool { return call.over }); err != nil {
		return err
	}
	if call.status != 0 {
		return fmt.Errorf("grpc-status %d: %s", call.status, connection.answers.message)
	}
	c.results.sampled++
	return errors.Join(call.failed, c.load.check(&c.slot, call.answer))
}

func churn(o *options) (usage, *results, error) {
	space := o.space("/registry/bench/", 10_000, 256)
	if failed, err := runToEnd(o, newFillLoad(space, 0)); err != nil || failed.failures > 0 {
		return usage{}, failed, err
	}
	// All of them are connections.
	o.connections = o.inFlight
	plan := newPlan(o.warmUp, o.measured)
	churners := make([]*churner, o.inFlight)
	for index := range churners {
		churners[index] = &churner{
			plan: plan, load: &oneLoad{space}, slot: slot{number: index},
			buffer: make([]byte, 2*frameBytesMax), results: &results{},
		}
	}
	return plan.run(o, len(churners),
		func(index int) error { return churners[index].run(o.address) },
		func(index int) *results { return churners[index].results })
}
