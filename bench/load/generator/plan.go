package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"
)

// plan says from when to when is measured, in nanoseconds since `began`.
type plan struct {
	began        time.Time
	fromNs, toNs int64
}

func newPlan(warmUp, measured time.Duration) *plan {
	return &plan{began: time.Now(), fromNs: int64(warmUp), toNs: int64(warmUp + measured)}
}

// endless is for loads that end by themselves.
func endless() *plan { return &plan{toNs: math.MaxInt64} }

// How long a server may take for what it owes when the time is over, or for an endless load.
const (
	patience        = 30 * time.Second
	endlessPatience = 4 * time.Minute
)

// limit is when reading and writing end with an error.
func (p *plan) limit() time.Time {
	if p.toNs == math.MaxInt64 {
		return time.Now().Add(endlessPatience)
	}
	return time.Now().Add(time.Duration(p.toNs) + patience)
}

func (p *plan) now() int64 { return int64(time.Since(p.began)) }

// results are what one connection has seen in the measured time; `failures` and `sampled` at any
// time.
type results struct {
	operations, failures, conflicts, sampled uint64
	latency                                  histogram
	firstFailure                             error
}

func (r *results) fail(err error) {
	r.failures++
	if r.firstFailure == nil {
		r.firstFailure = err
	}
}

func (r *results) merge(other *results) {
	r.operations += other.operations
	r.failures += other.failures
	r.conflicts += other.conflicts
	r.sampled += other.sampled
	r.latency.merge(&other.latency)
	if r.firstFailure == nil {
		r.firstFailure = other.firstFailure
	}
}

// usage is what the measured time cost, in seconds of CPU.
type usage struct {
	seconds, own float64
	// Of the server in all and of its busiest thread, and of what else ran on the machine.
	server, serverThread, others float64
	serverKnown                  bool
}

// measure waits for the measured time and returns what it cost.
func (p *plan) measure(process int) usage {
	time.Sleep(time.Duration(p.fromNs - p.now()))
	own, server, machine := ownCPUSeconds(), readServerCPU(process), machineCPUSeconds()
	from := p.now()
	time.Sleep(time.Duration(p.toNs - p.now()))
	own, machine = ownCPUSeconds()-own, machineCPUSeconds()-machine
	// A busy generator may be late; operations are counted in the time that was planned.
	planned := p.toNs - p.fromNs
	scale := float64(planned) / float64(p.now()-from)
	used := usage{own: own * scale, seconds: float64(planned) / 1e9}
	if after := readServerCPU(process); after != nil && server != nil {
		used.serverKnown = true
		used.server = (after.total - server.total) * scale
		used.serverThread = after.busiestThread(server) * scale
		used.others = max(0, machine*scale-used.own-used.server)
	}
	return used
}

// run has `count` drivers at work at once, and says what the measured time cost and what they have
// seen.
func (p *plan) run(
	o *options, count int, drive func(index int) error, seen func(index int) *results,
) (usage, *results, error) {
	p.began = time.Now()
	measured := make(chan usage, 1)
	if p.toNs < math.MaxInt64 {
		go func() { measured <- p.measure(o.process) }()
	}
	errs := make([]error, count)
	var group sync.WaitGroup
	for index := range count {
		group.Go(func() { errs[index] = drive(index) })
	}
	group.Wait()
	all := &results{}
	for index := range count {
		all.merge(seen(index))
	}
	if err := errors.Join(errs...); err != nil {
		return usage{}, nil, err
	}
	if p.toNs == math.MaxInt64 {
		return usage{seconds: float64(p.now()) / 1e9}, all, nil
	}
	return <-measured, all, nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "loadgen:", err)
	os.Exit(1)
}
