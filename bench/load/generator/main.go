// Command generator puts loads on an etcd server and says what they took, as one JSON object.
//
// It is as light as it can be, so that what is measured is the server: HTTP/2 frames written from
// prepared bytes, one write for all that a read brought about, no garbage to collect, and of
// answers only lengths and statuses are looked at, except for a sample, which is held against what
// was written.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	address           string
	load              string
	inFlight          int
	connections       int
	keys, valueBytes  int
	prefix            string
	prepared          bool
	from, count       int
	watchers, streams int
	warmUp, measured  time.Duration
	process           int
}

// report is what is printed. Times are milliseconds unless the name says otherwise.
type report struct {
	Load        string `json:"load"`
	InFlight    int    `json:"inFlight"`
	Connections int    `json:"connections"`
	// Of watch loads; the streams are those of one connection.
	Watchers int     `json:"watchers,omitempty"`
	Streams  int     `json:"streams,omitempty"`
	Seconds  float64 `json:"seconds"`
	// Answers, or events delivered, within those seconds.
	Operations uint64  `json:"operations"`
	PerSecond  float64 `json:"perSecond"`
	// Of all seconds. A failure makes the run void; the first one is told.
	Failures uint64 `json:"failures"`
	Failure  string `json:"failure,omitempty"`
	// Transactions whose compare did not hold.
	Conflicts uint64 `json:"conflicts"`
	// Answers or events that were looked at in full.
	Sampled uint64  `json:"sampled"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	P999    float64 `json:"p999"`
	Max     float64 `json:"max"`
	// CPU in the measured time.
	GeneratorCPUSeconds float64 `json:"generatorCpuSeconds"`
	// Null without -pid, or where there is no /proc.
	ServerCPUSeconds       *float64 `json:"serverCpuSeconds"`
	ServerThreadCPUSeconds *float64 `json:"serverThreadCpuSeconds"`
	OtherCPUSeconds        *float64 `json:"otherCpuSeconds"`
}

func parse() options {
	var o options
	server := flag.String("url", "http://127.0.0.1:2379", "the server")
	flag.StringVar(&o.load, "load", "", "one of: "+strings.Join(loadNames(), ", "))
	flag.IntVar(&o.inFlight, "inflight", 256, "calls in flight in all; of watch loads, puts ahead")
	flag.IntVar(&o.connections, "connections", 8, "connections; no more than calls in flight")
	flag.IntVar(&o.keys, "keys", 0, "number of keys (0: the load's own)")
	flag.IntVar(&o.valueBytes, "value", 0, "bytes of a value (0: the load's own)")
	flag.StringVar(&o.prefix, "prefix", "", "prefix of the keys (empty: the load's own)")
	flag.BoolVar(&o.prepared, "prepared", false, "the keys are there from an earlier run")
	flag.IntVar(&o.from, "from", 0, "fill: number of keys that are there already")
	flag.IntVar(&o.count, "count", 0, "overwrite: number of puts")
	flag.IntVar(&o.watchers, "watchers", 1000, "watch loads: number of watchers")
	flag.IntVar(&o.streams, "streams", 1, "streams of each connection, for its watchers")
	warmUp := flag.Float64("warmup", 1, "seconds before the measured ones")
	measured := flag.Float64("seconds", 3, "seconds that are measured")
	flag.IntVar(&o.process, "pid", 0, "the server's process, whose CPU is read from /proc")
	threads := flag.Int("threads", 1, "threads that run the generator")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	target, err := url.Parse(*server)
	if err != nil || target.Scheme != "http" {
		fatal(fmt.Errorf("not an http:// URL: %q", *server))
	}
	o.address = target.Host
	o.warmUp = time.Duration(*warmUp * float64(time.Second))
	o.measured = time.Duration(*measured * float64(time.Second))
	return o
}

func main() {
	o := parse()
	// What is allocated is allocated before measuring; the limit is for what was not thought of.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	run, known := loads()[o.load]
	if !known {
		fatal(fmt.Errorf("unknown load %q, one of %s", o.load, strings.Join(loadNames(), ", ")))
	}
	used, results, err := run(&o)
	if err != nil {
		fatal(err)
	}
	text, err := json.Marshal(reportOf(&o, used, results))
	if err != nil {
		fatal(err)
	}
	fmt.Println(string(text))
	if results.failures > 0 {
		os.Exit(2)
	}
}

func loadNames() []string {
	var names []string
	for name := range loads() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func reportOf(o *options, used usage, results *results) report {
	r := report{
		Load: o.load, InFlight: o.inFlight, Connections: o.connections,
		Seconds: used.seconds, Operations: results.operations,
		Failures: results.failures, Conflicts: results.conflicts, Sampled: results.sampled,
		P50: results.latency.quantile(0.5), P99: results.latency.quantile(0.99),
		P999: results.latency.quantile(0.999), Max: float64(results.latency.most) / 1e6,
		GeneratorCPUSeconds: used.own,
	}
	if strings.HasPrefix(o.load, "watch") {
		r.Watchers, r.Streams = o.watchers, o.streams
	}
	if used.seconds > 0 {
		r.PerSecond = float64(results.operations) / used.seconds
	}
	if results.firstFailure != nil {
		r.Failure = results.firstFailure.Error()
	}
	if used.serverKnown {
		r.ServerCPUSeconds, r.ServerThreadCPUSeconds = &used.server, &used.serverThread
		r.OtherCPUSeconds = &used.others
	}
	return r
}
