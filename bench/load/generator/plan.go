package main

import (
	"fmt"
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

func (p *plan) now() int64 { return int64(time.Since(p.began)) }

// results are what one connection has seen in the measured time; `failures` and `sampled` at any time.
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

// usage is what the measured time cost.
type usage struct {
	seconds, ownCPU      float64
	server, serverThread float64
	serverKnown          bool
}

// measure waits for the measured time and returns what it cost the generator and the server.
func (p *plan) measure(process int) usage {
	time.Sleep(time.Duration(p.fromNs - p.now()))
	own, server, from := ownCPUSeconds(), readServerCPU(process), p.now()
	time.Sleep(time.Duration(p.toNs - p.now()))
	used := usage{ownCPU: ownCPUSeconds() - own, seconds: float64(p.now()-from) / 1e9}
	if after := readServerCPU(process); after != nil && server != nil {
		used.serverKnown = true
		used.server = after.total - server.total
		used.serverThread = after.busiestThread(server)
	}
	return used
}

// together runs all at once; the first error is returned when all have ended.
func together(count int, run func(index int) error) error {
	errs := make([]error, count)
	var group sync.WaitGroup
	for index := range count {
		group.Go(func() { errs[index] = run(index) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "loadgen:", err)
	os.Exit(1)
}
