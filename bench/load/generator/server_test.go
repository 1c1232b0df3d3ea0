package main

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"
)

// answering is a server that gives every call the same answer: what a driver makes of it is tested.
type answering struct {
	message []byte
	status  string
	// Instead of an answer.
	reset bool
}

// serve listens until the test ends and returns the address.
func (a answering) serve(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			socket, err := listener.Accept()
			if err != nil {
				return
			}
			go a.talk(socket)
		}
	}()
	return listener.Addr().String()
}

func (a answering) talk(socket net.Conn) {
	defer socket.Close()
	c := &connection{socket: socket, buffer: make([]byte, 1<<17)}
	for c.to < len(preface) {
		if c.fill() != nil {
			return
		}
	}
	c.from = len(preface)
	out := appendFrameHead(nil, 0, frameSettings, 0, 0)
	headers := &headerWriter{}
	headers.encoder = hpack.NewEncoder(&headers.block)
	for {
		kind, flags, stream, payload, ok := c.nextFrame()
		switch {
		case !ok:
			if _, err := socket.Write(out); err != nil || c.fill() != nil {
				return
			}
			out = out[:0]
		case kind == frameData:
			out = appendWindowUpdate(out, 0, len(payload))
			if flags&flagEndStream != 0 {
				out = a.answer(out, stream, headers)
			}
		}
	}
}

type headerWriter struct {
	encoder *hpack.Encoder
	block   bytes.Buffer
}

func (w *headerWriter) append(out []byte, stream uint32, flags byte, name, value string) []byte {
	w.block.Reset()
	_ = w.encoder.WriteField(hpack.HeaderField{Name: name, Value: value})
	out = appendFrameHead(out, w.block.Len(), frameHeaders, flags|flagEndHeaders, stream)
	return append(out, w.block.Bytes()...)
}

func (a answering) answer(out []byte, stream uint32, headers *headerWriter) []byte {
	if a.reset {
		return appendUint32(appendFrameHead(out, 4, frameReset, 0, stream), 8)
	}
	out = headers.append(out, stream, 0, ":status", "200")
	if a.message != nil {
		out = appendFrameHead(out, messageHeadBytes+len(a.message), frameData, 0, stream)
		out = append(appendUint32(append(out, 0), uint32(len(a.message))), a.message...)
	}
	return headers.append(out, stream, flagEndStream, "grpc-status", a.status)
}

func putAnswer() []byte { return appendBytesField(nil, 1, appendVarintField(nil, 3, 9)) }

func TestADriverCountsRightAnswersAndNoticesOthers(t *testing.T) {
	for name, test := range map[string]struct {
		server answering
		right  bool
	}{
		"right":         {answering{message: putAnswer(), status: "0"}, true},
		"status":        {answering{message: putAnswer(), status: "14"}, false},
		"no message":    {answering{status: "0"}, false},
		"reset":         {answering{reset: true}, false},
		"wrong message": {answering{message: []byte{}, status: "0"}, false},
	} {
		o := &options{address: test.server.serve(t), inFlight: 5, connections: 2}
		o.measured = 100 * time.Millisecond
		_, all, err := unaryPresets["put-256"].run(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		right := all.failures == 0 && all.operations > 0 && all.sampled > 0
		if right != test.right {
			t.Errorf("%s: %d operations, failure %v", name, all.operations, all.firstFailure)
		}
	}
}

// eventOf is a WatchResponse with the event of a put.
func eventOf(f *fanOut, watcher uint64, number, revision int64) []byte {
	value := bytes.Clone(f.value)
	for index := range putNumberBytes {
		value[index] = byte(number >> (8 * (putNumberBytes - 1 - index)))
	}
	key := f.appendKey(nil, f.keyOf(number))
	keyValue := appendVarintField(appendBytesField(nil, 1, key), 3, uint64(revision))
	event := appendBytesField(nil, 2, appendBytesField(keyValue, 5, value))
	message := appendBytesField(nil, 1, appendVarintField(nil, 3, uint64(revision)))
	return appendBytesField(appendVarintField(message, 2, watcher), 11, event)
}

func TestEventsThatAreLostOrWrongAreNoticed(t *testing.T) {
	other := func(f *fanOut, revision int64) []byte {
		message := eventOf(f, 1, 0, revision)
		message[len(message)-1] ^= 1
		return message
	}
	for name, test := range map[string]struct {
		// Of two puts, what comes after the first watcher has had both.
		messages func(f *fanOut) [][]byte
		right    bool
	}{
		"right": {func(f *fanOut) [][]byte {
			return [][]byte{eventOf(f, 1, 0, 5), eventOf(f, 1, 1, 6)}
		}, true},
		"lost": {func(f *fanOut) [][]byte { return [][]byte{eventOf(f, 1, 0, 5)} }, false},
		"twice": {func(f *fanOut) [][]byte {
			return [][]byte{eventOf(f, 1, 0, 5), eventOf(f, 1, 0, 5), eventOf(f, 1, 1, 6)}
		}, false},
		"unknown watcher": {func(f *fanOut) [][]byte {
			return [][]byte{eventOf(f, 2, 0, 5)}
		}, false},
		"other value": {func(f *fanOut) [][]byte {
			return [][]byte{eventOf(f, 1, 0, 5), other(f, 6)}
		}, false},
		"not in order": {func(f *fanOut) [][]byte {
			return [][]byte{eventOf(f, 1, 0, 5), eventOf(f, 1, 1, 6), eventOf(f, 0, 1, 5)}
		}, false},
	} {
		fan := &fanOut{plan: endless(), perPut: 2, keySpace: newKeySpace("/w/", 10, 20, 1)}
		fan.putCount.Store(2)
		// Every event is looked at.
		d := &watchDriver{fan: fan, results: &results{}}
		s := &watchStream{events: make([]uint64, 2)}
		d.streams = append(d.streams, s)
		messages := [][]byte{eventOf(fan, 0, 0, 5), eventOf(fan, 0, 1, 6)}
		for _, message := range append(messages, test.messages(fan)...) {
			d.sinceSample = eventSampleEvery
			d.message(s, message)
		}
		d.checkCounts()
		if right := d.results.failures == 0; right != test.right {
			t.Errorf("%s: %d failures, %v", name, d.results.failures, d.results.firstFailure)
		}
	}
}
