package main

import "fmt"

// runLoad prepares a load, runs it, and says what the measured time cost and brought.
type runLoad func(o *options) (usage, *results, error)

// unaryPreset is a load of calls with one answer, and the keys that it has unless flags say more.
type unaryPreset struct {
	prefix           string
	keys, valueBytes int
	// The keys are there before it begins; `revisions` are theirs.
	filled bool
	load   func(space keySpace, revisions []uint64) unaryLoad
}

const kibi = 1024

var unaryPresets = map[string]unaryPreset{
	"put-256": {
		"/registry/bench/", 10_000, 256, false,
		func(space keySpace, _ []uint64) unaryLoad { return &putLoad{space} },
	},
	"put-4k": {
		"/registry/large/", 10_000, 4 * kibi, false,
		func(space keySpace, _ []uint64) unaryLoad { return &putLoad{space} },
	},
	"range-one": {
		"/registry/bench/", 10_000, 256, true,
		func(space keySpace, _ []uint64) unaryLoad { return &oneLoad{space} },
	},
	"range-500":  {"/registry/list/", 500, kibi, true, rangeAll(0)},
	"range-10k":  {"/registry/many/", 10_000, 256, true, rangeAll(0)},
	"keys-only":  {"/registry/many/", 10_000, 256, true, rangeAll(fieldKeysOnly)},
	"count-only": {"/registry/many/", 10_000, 256, true, rangeAll(fieldCountOnly)},
	"mixed-80-20": {
		"/registry/bench/", 10_000, 256, true,
		func(space keySpace, _ []uint64) unaryLoad {
			return &mixedLoad{putLoad{space}, oneLoad{space}}
		},
	},
	"txn-create": {
		"/registry/create/", 1, 2 * kibi, false,
		func(space keySpace, _ []uint64) unaryLoad { return newCreateLoad(space) },
	},
	"txn-update": {
		"/registry/update/", 10_000, 2 * kibi, true,
		func(space keySpace, revisions []uint64) unaryLoad { return &updateLoad{space, revisions} },
	},
}

func rangeAll(only byte) func(space keySpace, revisions []uint64) unaryLoad {
	return func(space keySpace, _ []uint64) unaryLoad { return &allLoad{space, only} }
}

// loads are all loads by name.
func loads() map[string]runLoad {
	all := map[string]runLoad{
		"watch":          watch(false),
		"watch-prefixes": watch(true),
		"keepalive":      keepAlive,
		"churn":          churn,
		"fill":           fill,
		"overwrite":      overwrite,
	}
	for name, preset := range unaryPresets {
		all[name] = preset.run
	}
	return all
}

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
	return newKeySpace(prefix, keys, valueBytes, o.inFlight)
}

func (p unaryPreset) run(o *options) (usage, *results, error) {
	space := o.space(p.prefix, p.keys, p.valueBytes)
	var revisions []uint64
	if p.filled && !o.prepared {
		load := newFillLoad(space, 0)
		if failed, err := runToEnd(o, load); err != nil || failed.failures > 0 {
			return usage{}, failed, err
		}
		revisions = load.revisions
	}
	return runUnary(o, newPlan(o.warmUp, o.measured), p.load(space, revisions))
}

// runUnary spreads the slots over the connections and lets them go.
func runUnary(o *options, plan *plan, load unaryLoad) (usage, *results, error) {
	o.connections = min(o.connections, o.inFlight)
	if bytes := load.requestBytes() + messageHeadBytes; bytes > windowDefault {
		return usage{}, nil, fmt.Errorf("requests of %d bytes do not fit a window", bytes)
	}
	drivers := make([]*unaryDriver, o.connections)
	first := 0
	for index := range drivers {
		c, err := dial(o.address, load.methods(), make([]byte, bufferBytes))
		if err != nil {
			return usage{}, nil, err
		}
		defer c.socket.Close()
		c.socket.SetDeadline(plan.limit())
		last := o.inFlight * (index + 1) / len(drivers)
		slots := make([]slot, last-first)
		for offset := range slots {
			slots[offset].number = first + offset
		}
		first = last
		drivers[index] = newUnaryDriver(c, load, plan, slots)
	}
	return plan.run(o, len(drivers),
		func(index int) error { return drivers[index].run() },
		func(index int) *results { return drivers[index].results })
}

// runToEnd runs a load that ends by itself.
func runToEnd(o *options, load finiteLoad) (*results, error) {
	_, all, err := runUnary(o, endless(), load)
	return all, err
}

// fill writes -keys keys, of which the first -from are there already.
func fill(o *options) (usage, *results, error) {
	return runUnary(o, endless(), newFillLoad(o.space("/registry/bench/", 10_000, 256), o.from))
}

// overwrite puts -count times to -keys keys.
func overwrite(o *options) (usage, *results, error) {
	load := &overwriteLoad{putLoad: putLoad{o.space("/registry/history/", 1, 256)}}
	load.left.Store(int64(o.count))
	return runUnary(o, endless(), load)
}
