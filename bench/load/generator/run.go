package main

import (
	"math"
	"time"
)

// runLoad prepares a load, runs it, and says what the measured time cost and brought.
type runLoad func(o *options) (usage, *results, error)

const kibi = 1024

// loads are all loads by name, with the number of keys and the bytes of a value that they have unless told.
var loads map[string]runLoad

func init() {
	loads = map[string]runLoad{
		"put-256":        unary("/registry/bench/", 10_000, 256, unfilled, func(k keySpace, _ []uint64) unaryLoad { return &putLoad{k} }),
		"put-4k":         unary("/registry/large/", 10_000, 4*kibi, unfilled, func(k keySpace, _ []uint64) unaryLoad { return &putLoad{k} }),
		"range-one":      unary("/registry/bench/", 10_000, 256, filled, func(k keySpace, _ []uint64) unaryLoad { return &oneLoad{k} }),
		"range-500":      unary("/registry/list/", 500, kibi, filled, func(k keySpace, _ []uint64) unaryLoad { return &allLoad{k, 0} }),
		"range-10k":      unary("/registry/many/", 10_000, 256, filled, func(k keySpace, _ []uint64) unaryLoad { return &allLoad{k, 0} }),
		"keys-only":      unary("/registry/many/", 10_000, 256, filled, func(k keySpace, _ []uint64) unaryLoad { return &allLoad{k, 8} }),
		"count-only":     unary("/registry/many/", 10_000, 256, filled, func(k keySpace, _ []uint64) unaryLoad { return &allLoad{k, 9} }),
		"mixed-80-20":    unary("/registry/bench/", 10_000, 256, filled, func(k keySpace, _ []uint64) unaryLoad { return &mixedLoad{putLoad{k}, oneLoad{k}} }),
		"txn-create":     unary("/registry/create/", 1, 2*kibi, unfilled, func(k keySpace, _ []uint64) unaryLoad { return newCreateLoad(k) }),
		"txn-update":     unary("/registry/update/", 10_000, 2*kibi, filled, func(k keySpace, revisions []uint64) unaryLoad { return &updateLoad{k, revisions} }),
		"watch":          watch(false),
		"watch-prefixes": watch(true),
		"fill":           fill,
		"overwrite":      overwrite,
	}
}

const (
	unfilled = false
	filled   = true
)

// Read at once, of one connection. Larger ones made reads of long answers no faster.
const bufferBytes = 256 * kibi

// space makes the load's keys as the flags say.
func (o *options) space(prefix string, keys, valueBytes int) keySpace {
	if o.prefix != "" {
		prefix = o.prefix
	}
	if o.keys > 0 {
		keys = o.keys
	}
	if o.valueBytes > 0 {
		valueBytes = o.valueBytes
	}
	o.connections = min(o.connections, o.inFlight)
	return newKeySpace(prefix, keys, valueBytes, o.inFlight)
}

func unary(
	prefix string, keys, valueBytes int, filled bool, make func(k keySpace, revisions []uint64) unaryLoad,
) runLoad {
	return func(o *options) (usage, *results, error) {
		space := o.space(prefix, keys, valueBytes)
		var revisions []uint64
		if filled && !o.prepared {
			load := newFillLoad(space, 0)
			if failed, err := runToEnd(o, load); err != nil || failed.failures > 0 {
				return usage{}, failed, err
			}
			revisions = load.revisions
		}
		return runUnary(o, newPlan(o.warmUp, o.measured), make(space, revisions))
	}
}

// runUnary spreads the slots over the connections and lets them go.
func runUnary(o *options, plan *plan, load unaryLoad) (usage, *results, error) {
	drivers := make([]*unaryDriver, o.connections)
	first := 0
	for index := range drivers {
		c, err := dial(o.address, load.methods(), bufferBytes)
		if err != nil {
			return usage{}, nil, err
		}
		defer c.socket.Close()
		last := o.inFlight * (index + 1) / len(drivers)
		slots := make([]slot, last-first)
		for offset := range slots {
			slots[offset].number = first + offset
		}
		first = last
		drivers[index] = newUnaryDriver(c, load, plan, slots)
	}
	plan.began = time.Now()
	measured := make(chan usage, 1)
	if plan.toNs < math.MaxInt64 {
		go func() { measured <- plan.measure(o.process) }()
	}
	err := together(len(drivers), func(index int) error { return drivers[index].run() })
	if err != nil {
		return usage{}, nil, err
	}
	all := &results{}
	for _, driver := range drivers {
		all.merge(driver.results)
	}
	if plan.toNs == math.MaxInt64 {
		return usage{seconds: float64(plan.now()) / 1e9}, all, nil
	}
	return <-measured, all, nil
}

// runToEnd runs a load that ends by itself.
func runToEnd(o *options, load finiteLoad) (*results, error) {
	_, all, err := runUnary(o, &plan{toNs: math.MaxInt64}, load)
	return all, err
}

// fill writes -keys keys, of which the first -from are there already.
func fill(o *options) (usage, *results, error) {
	return runUnary(o, &plan{toNs: math.MaxInt64}, newFillLoad(o.space("/registry/bench/", 10_000, 256), o.from))
}

// overwrite puts -count times to -keys keys.
func overwrite(o *options) (usage, *results, error) {
	load := &overwriteLoad{putLoad: putLoad{o.space("/registry/history/", 1, 256)}}
	load.left.Store(int64(o.count))
	return runUnary(o, &plan{toNs: math.MaxInt64}, load)
}
