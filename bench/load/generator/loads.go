package main

import (
	"bytes"
	"fmt"
)

const (
	methodRange     = "/etcdserverpb.KV/Range"
	methodPut       = "/etcdserverpb.KV/Put"
	methodTxn       = "/etcdserverpb.KV/Txn"
	methodWatch     = "/etcdserverpb.Watch/Watch"
	methodGrant     = "/etcdserverpb.Lease/LeaseGrant"
	methodKeepAlive = "/etcdserverpb.Lease/LeaseKeepAlive"
)

// Spreads the calls that follow each other over the key space; prime, and no divisor of a power of
// ten.
const keyStep = 7919

const keyDigits = 8

// keySpace is a prefix with numbered keys below it, all with values of one size.
type keySpace struct {
	prefix string
	keys   int
	value  []byte
	// All slots, over which the calls are spread.
	slots int
}

// Longer keys would need lengths of two bytes.
const keyBytesMax = 100

func newKeySpace(prefix string, keys, valueBytes, slots int) keySpace {
	if len(prefix)+keyDigits > keyBytesMax || keys > 100_000_000 {
		fatal(fmt.Errorf("too long a prefix or too many keys: %q, %d", prefix, keys))
	}
	value := make([]byte, valueBytes)
	for index := range value {
		value[index] = "0123456789abcdefghijklmnopqrstuvwxyz"[index*31%36]
	}
	return keySpace{prefix, keys, value, slots}
}

func (k *keySpace) keyBytes() int { return len(k.prefix) + keyDigits }

func (k *keySpace) appendKey(out []byte, index int) []byte {
	out = append(out, k.prefix...)
	var digits [keyDigits]byte
	for position := keyDigits - 1; position >= 0; position-- {
		digits[position] = byte('0' + index%10)
		index /= 10
	}
	return append(out, digits[:]...)
}

func (k *keySpace) appendKeyField(out []byte, field byte, index int) []byte {
	return k.appendKey(append(out, field<<3|2, byte(k.keyBytes())), index)
}

// indexFor is the key of a slot's call: every slot its own sequence, all together over all keys.
func (k *keySpace) indexFor(s *slot) int {
	return (s.number + int(s.count)*k.slots) % k.keys * keyStep % k.keys
}

// end is the first key behind the prefix.
func (k *keySpace) end() []byte {
	end := []byte(k.prefix)
	end[len(end)-1]++
	return end
}

func (k *keySpace) putBytes() int {
	return bytesFieldBytes(k.keyBytes()) + bytesFieldBytes(len(k.value))
}

func (k *keySpace) appendPut(out []byte, index int) []byte {
	return appendBytesField(k.appendKeyField(out, 1, index), 2, k.value)
}

// checkKeyValue holds one KeyValue against what was written; `bare` has no value.
func (k *keySpace) checkKeyValue(keyValue []byte, bare bool) error {
	r := reader{rest: keyValue}
	var key, value []byte
	for r.next() {
		switch r.field {
		case 1:
			key = r.bytes
		case 5:
			value = r.bytes
		}
	}
	if r.broken {
		return errMalformed
	}
	if len(key) != k.keyBytes() || string(key[:len(k.prefix)]) != k.prefix {
		return fmt.Errorf("a key that was not asked for: %q", key)
	}
	if bare && len(value) > 0 || !bare && !bytes.Equal(value, k.value) {
		return fmt.Errorf("another value than was written at %q: %d bytes", key, len(value))
	}
	return nil
}

type putLoad struct{ keySpace }

func (l *putLoad) methods() []string                   { return []string{methodPut} }
func (l *putLoad) requestBytes() int                   { return l.putBytes() }
func (l *putLoad) sampleEvery() uint64                 { return 16 }
func (l *putLoad) method(*slot) int                    { return 0 }
func (l *putLoad) request(s *slot, out []byte) []byte  { return l.appendPut(out, l.indexFor(s)) }
func (l *putLoad) check(_ *slot, message []byte) error { return checkPutResponse(message) }

func checkPutResponse(message []byte) error {
	r := reader{rest: message}
	var revision uint64
	for r.next() {
		if r.field != 1 {
			return fmt.Errorf("field %d in the answer to a put", r.field)
		}
		revision, _ = headerRevision(r.bytes)
	}
	if r.broken || revision < 2 {
		return fmt.Errorf("revision %d after a put", revision)
	}
	return nil
}

// oneLoad reads one key.
type oneLoad struct{ keySpace }

func (l *oneLoad) methods() []string   { return []string{methodRange} }
func (l *oneLoad) requestBytes() int   { return bytesFieldBytes(l.keyBytes()) }
func (l *oneLoad) sampleEvery() uint64 { return 16 }
func (l *oneLoad) method(*slot) int    { return 0 }
func (l *oneLoad) request(s *slot, out []byte) []byte {
	return l.appendKeyField(out, 1, l.indexFor(s))
}
func (l *oneLoad) check(_ *slot, message []byte) error {
	return l.checkRange(message, rangeExpected{keyValues: 1, count: 1})
}

type rangeExpected struct {
	keyValues int
	count     uint64
	// Without values.
	bare bool
}

func (k *keySpace) checkRange(message []byte, expected rangeExpected) error {
	r := reader{rest: message}
	keyValues, count := 0, uint64(0)
	for r.next() {
		switch r.field {
		case 2:
			keyValues++
			if err := k.checkKeyValue(r.bytes, expected.bare); err != nil {
				return err
			}
		case 4:
			count = r.number
		}
	}
	if r.broken {
		return errMalformed
	}
	if keyValues != expected.keyValues || count != expected.count {
		return fmt.Errorf("a range of %d keys, count %d, expected %v", keyValues, count, expected)
	}
	return nil
}

// allLoad reads all keys below the prefix, or only their names, or only their number.
type allLoad struct {
	keySpace
	// Field of the RangeRequest that is set, 0 is none.
	only byte
}

const (
	fieldKeysOnly  = 8
	fieldCountOnly = 9
)

func (l *allLoad) methods() []string   { return []string{methodRange} }
func (l *allLoad) requestBytes() int   { return 2*bytesFieldBytes(len(l.prefix)) + 2 }
func (l *allLoad) sampleEvery() uint64 { return 16 }
func (l *allLoad) method(*slot) int    { return 0 }
func (l *allLoad) request(_ *slot, out []byte) []byte {
	out = appendBytesField(appendBytesField(out, 1, []byte(l.prefix)), 2, l.end())
	if l.only != 0 {
		out = appendVarintField(out, l.only, 1)
	}
	return out
}
func (l *allLoad) check(_ *slot, message []byte) error {
	expected := rangeExpected{l.keys, uint64(l.keys), l.only == fieldKeysOnly}
	if l.only == fieldCountOnly {
		expected.keyValues = 0
	}
	return l.checkRange(message, expected)
}

// mixedLoad is four reads of one key to one put.
type mixedLoad struct {
	put putLoad
	one oneLoad
}

const mixedEvery = 5

func (l *mixedLoad) methods() []string   { return []string{methodRange, methodPut} }
func (l *mixedLoad) requestBytes() int   { return l.put.putBytes() }
func (l *mixedLoad) sampleEvery() uint64 { return 16 }
func (l *mixedLoad) method(s *slot) int {
	if (s.count+uint64(s.number))%mixedEvery == 0 {
		return 1
	}
	return 0
}
func (l *mixedLoad) request(s *slot, out []byte) []byte {
	if s.method == 1 {
		return l.put.request(s, out)
	}
	return l.one.request(s, out)
}
func (l *mixedLoad) check(s *slot, message []byte) error {
	if s.method == 1 {
		return l.put.check(s, message)
	}
	return l.one.check(s, message)
}
