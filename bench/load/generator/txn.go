package main

import (
	"fmt"
	"time"
)

// What kube-apiserver sends for a create and for an update: a compare of mod_revision, a put, and
// else a range.

// appendPutOperation appends a RequestOp with a put as the given field of a TxnRequest.
func appendPutOperation(out []byte, field byte, space *keySpace, index int) []byte {
	put := space.putBytes()
	out = appendVarint(append(out, field<<3|2), uint64(bytesFieldBytes(put)))
	out = appendVarint(append(out, 2<<3|2), uint64(put))
	return space.appendPut(out, index)
}

// appendKubeTxn appends a transaction that writes the key if its mod_revision is `revision`.
func appendKubeTxn(out []byte, space *keySpace, index int, revision uint64) []byte {
	key := bytesFieldBytes(space.keyBytes())
	out = append(out, 1<<3|2, byte(2+key+1+varintBytes(revision)))
	// Target MOD; the result EQUAL is 0 and not sent. A oneof's field is sent even when it is 0.
	out = space.appendKeyField(append(out, 2<<3, 2), 3, index)
	out = appendVarintField(out, 6, revision)
	out = appendPutOperation(out, 2, space, index)
	out = append(out, 3<<3|2, byte(2+key), 1<<3|2, byte(key))
	return space.appendKeyField(out, 1, index)
}

// txnResult is what a kube-shaped transaction said: the header's revision is that of the put, if
// there was one.
type txnResult struct {
	succeeded bool
	revision  uint64
	// Of the range in the else branch.
	keyRevision uint64
}

func readTxnResponse(message []byte) (result txnResult, err error) {
	r := reader{rest: message}
	for r.next() && err == nil {
		switch r.field {
		case 1:
			result.revision, err = headerRevision(r.bytes)
		case 2:
			result.succeeded = r.number == 1
		case 3:
			if !result.succeeded {
				result.keyRevision, err = rangedRevision(r.bytes)
			}
		}
	}
	if r.broken {
		err = errMalformed
	}
	return result, err
}

// rangedRevision returns the mod_revision of the key in a ResponseOp, 0 when there is none.
func rangedRevision(operation []byte) (uint64, error) {
	// response_range, and in it kvs.
	for _, field := range [...]int{1, 2} {
		r := reader{rest: operation}
		var inner []byte
		for r.next() {
			if r.field == field {
				inner = r.bytes
			}
		}
		if r.broken {
			return 0, errMalformed
		}
		operation = inner
	}
	return numberOf(operation, 3)
}

// createLoad makes keys that were never there.
type createLoad struct{ keySpace }

func newCreateLoad(space keySpace) *createLoad {
	// Another run against the same server makes other keys.
	space.prefix += fmt.Sprintf("%x/", time.Now().UnixNano())
	return &createLoad{space}
}

func (l *createLoad) methods() []string   { return []string{methodTxn} }
func (l *createLoad) requestBytes() int   { return l.putBytes() + 4*l.keyBytes() + 64 }
func (l *createLoad) sampleEvery() uint64 { return 1 }
func (l *createLoad) method(*slot) int    { return 0 }
func (l *createLoad) request(s *slot, out []byte) []byte {
	return appendKubeTxn(out, &l.keySpace, s.number+int(s.count)*l.slots, 0)
}
func (l *createLoad) check(s *slot, message []byte) error {
	result, err := readTxnResponse(message)
	s.conflict = !result.succeeded
	return err
}

// updateLoad changes keys at the revision that the last answer gave; every slot has keys of its
// own.
type updateLoad struct {
	keySpace
	// Of every key, its mod revision; the slots share nothing of it.
	revisions []uint64
}

func (l *updateLoad) methods() []string   { return []string{methodTxn} }
func (l *updateLoad) requestBytes() int   { return l.putBytes() + 4*l.keyBytes() + 64 }
func (l *updateLoad) sampleEvery() uint64 { return 1 }
func (l *updateLoad) method(*slot) int    { return 0 }

func (l *updateLoad) request(s *slot, out []byte) []byte {
	owned := (l.keys - s.number + l.slots - 1) / l.slots
	s.index = s.number + int(s.count)%owned*l.slots
	return appendKubeTxn(out, &l.keySpace, s.index, l.revisions[s.index])
}

func (l *updateLoad) check(s *slot, message []byte) error {
	result, err := readTxnResponse(message)
	s.conflict = !result.succeeded
	l.revisions[s.index] = result.revision
	if s.conflict {
		l.revisions[s.index] = result.keyRevision
	}
	return err
}
