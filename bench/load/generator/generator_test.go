package main

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/net/http2/hpack"
)

func TestHistogramQuantilesAreWithinOnePercent(t *testing.T) {
	var h histogram
	for nanos := int64(1); nanos <= 1_000_000; nanos++ {
		h.add(nanos)
	}
	for _, q := range []float64{0.5, 0.99, 0.999} {
		got, want := h.quantile(q), q
		if got < want || got > want*1.01 {
			t.Errorf("quantile %v of 0 to 1 ms: %v", q, got)
		}
	}
	if got := h.quantile(1); got != 1 {
		t.Errorf("the largest: %v", got)
	}
}

func TestHistogramBucketsFollowEachOther(t *testing.T) {
	for bucket := 1; bucket < bucketCount-subBuckets; bucket++ {
		first, last := bucketEnd(bucket-1)+1, bucketEnd(bucket)
		if bucketOf(first) != bucket || bucketOf(last) != bucket {
			t.Fatalf("bucket %d from %d to %d", bucket, first, last)
		}
	}
}

func TestMessagesAreFoundHoweverTheyAreCut(t *testing.T) {
	var all []byte
	var sent []string
	for length := range 12 {
		body := bytes.Repeat([]byte{byte('a' + length)}, length)
		all = append(appendUint32(append(all, 0), uint32(length)), body...)
		sent = append(sent, string(body))
	}
	for size := 1; size <= len(all); size++ {
		var m messageReader
		var got []string
		for piece := range slices.Chunk(all, size) {
			err := m.read(piece, func(message []byte) { got = append(got, string(message)) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, sent) {
			t.Fatalf("in pieces of %d: %q", size, got)
		}
	}
}

// What the generator's blocks say, and that later ones are short, as a server sees it.
func TestRequestHeadersOfSeveralMethodsAreRead(t *testing.T) {
	headers := newRequestHeaders("host:1", []string{methodRange, methodPut}, 4096)
	decoder := hpack.NewDecoder(4096, nil)
	for index, method := range []int{0, 1, 0, 0, 1, 1, 0} {
		block := headers.block(method)
		fields, err := decoder.DecodeFull(block)
		if err != nil {
			t.Fatal(err)
		}
		if path := fields[2].Value; path != headers.methods[method] {
			t.Errorf("path of call %d: %q", index, path)
		}
		if index > 2 && len(block) > 8 {
			t.Errorf("block of call %d: %d bytes", index, len(block))
		}
	}
}

func TestAnswerHeadersFollowTheTable(t *testing.T) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	headers := newAnswerHeaders()
	for index, status := range []string{"0", "0", "0", "5", "0", "5", "5", "0"} {
		block.Reset()
		_ = encoder.WriteField(hpack.HeaderField{Name: "grpc-status", Value: status})
		_ = encoder.WriteField(hpack.HeaderField{Name: "grpc-message", Value: ""})
		got, err := headers.read(block.Bytes())
		if err != nil || fmt.Sprint(got) != status {
			t.Errorf("block %d: %d, not %s; %v", index, got, status, err)
		}
	}
}

func TestAMessageOfManyFramesIsCutAtTheirSize(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 40_000)
	c := &connection{headers: newRequestHeaders("host:1", []string{methodTxn}, 4096), nextStream: 1}
	stream, start := c.openCall(0)
	headerBytes := start - frameHeadBytes
	c.out = append(c.out, body...)
	c.seal(start, stream, flagEndStream)
	c.buffer, c.from, c.to = c.out, headerBytes, len(c.out)
	var got []byte
	var last byte
	for {
		kind, flags, of, payload, ok := c.nextFrame()
		if !ok {
			break
		}
		if kind != frameData || of != stream || len(payload) > frameBytesMax {
			t.Fatalf("a frame of type %d, stream %d, %d bytes", kind, of, len(payload))
		}
		got, last = append(got, payload...), flags
	}
	whole := bytes.Equal(got[messageHeadBytes:], body)
	if last != flagEndStream || uint32At(got[1:]) != 40_000 || !whole {
		t.Errorf("%d bytes, last flags %d", len(got), last)
	}
}

// keyValueBytes is a KeyValue as a server sends it.
func keyValueBytes(key string, value []byte) []byte {
	out := appendBytesField(nil, 1, []byte(key))
	for field, number := range []uint64{2: 5, 3: 7, 4: 1} {
		if number > 0 {
			out = appendVarintField(out, byte(field), number)
		}
	}
	return appendBytesField(out, 5, value)
}

func TestWrongAnswersToARangeAreNoticed(t *testing.T) {
	space := newKeySpace("/a/", 10, 20, 1)
	load := &oneLoad{space}
	right := keyValueBytes("/a/00000003", space.value)
	answer := func(count uint64, keyValues ...[]byte) []byte {
		out := appendBytesField(nil, 1, appendVarintField(nil, 3, 9))
		for _, keyValue := range keyValues {
			out = appendBytesField(out, 2, keyValue)
		}
		return appendVarintField(out, 4, count)
	}
	if err := load.check(nil, answer(1, right)); err != nil {
		t.Error(err)
	}
	for name, message := range map[string][]byte{
		"none":        answer(0),
		"two":         answer(2, right, right),
		"wrong count": answer(2, right),
		"other key":   answer(1, keyValueBytes("/b/00000003", space.value)),
		"other value": answer(1, keyValueBytes("/a/00000003", space.value[1:])),
		"cut":         answer(1, right)[:20],
	} {
		if load.check(nil, message) == nil {
			t.Errorf("not noticed: %s", name)
		}
	}
}

func TestKubeTransactionHasTheLengthsItSays(t *testing.T) {
	space := newKeySpace("/registry/pods/", 10, 2048, 1)
	for _, revision := range []uint64{0, 1, 127, 128, 1 << 40} {
		r := reader{rest: appendKubeTxn(nil, &space, 3, revision)}
		var fields []int
		for r.next() {
			fields = append(fields, r.field)
			if r.field != 1 {
				continue
			}
			if got, err := numberOf(r.bytes, 6); err != nil || got != revision {
				t.Errorf("compare with %d: %d %v", revision, got, err)
			}
		}
		if r.broken || !slices.Equal(fields, []int{1, 2, 3}) {
			t.Errorf("fields %v", fields)
		}
	}
}
