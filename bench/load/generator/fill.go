package main

import (
	"fmt"
	"sync/atomic"
)

// finiteLoad ends by itself: a slot that gets nothing more from `take` rests.
type finiteLoad interface {
	unaryLoad
	take(s *slot) bool
}

// fillLoad writes every key once, many in one transaction.
type fillLoad struct {
	keySpace
	// First key that nobody has taken; keys before it may be there from an earlier run.
	next atomic.Int64
	// Of every key, its mod revision.
	revisions []uint64
}

// Bytes of one transaction: fits the window of a stream that nobody has enlarged. Operations: etcd
// takes 128.
const (
	fillBytesMax = 56_000
	fillPutsMax  = 100
)

func newFillLoad(space keySpace, from int) *fillLoad {
	load := &fillLoad{keySpace: space, revisions: make([]uint64, space.keys)}
	load.next.Store(int64(from))
	return load
}

func (l *fillLoad) perTxn() int { return max(1, min(fillPutsMax, fillBytesMax/(l.putBytes()+16))) }

func (l *fillLoad) take(s *slot) bool {
	s.index = int(l.next.Add(int64(l.perTxn()))) - l.perTxn()
	return s.index < l.keys
}

func (l *fillLoad) methods() []string   { return []string{methodTxn} }
func (l *fillLoad) requestBytes() int   { return l.perTxn() * (l.putBytes() + 16) }
func (l *fillLoad) sampleEvery() uint64 { return 1 }
func (l *fillLoad) method(*slot) int    { return 0 }
func (l *fillLoad) request(s *slot, out []byte) []byte {
	for index := s.index; index < min(s.index+l.perTxn(), l.keys); index++ {
		out = appendPutOperation(out, 2, &l.keySpace, index)
	}
	return out
}
func (l *fillLoad) check(s *slot, message []byte) error {
	result, err := readTxnResponse(message)
	if err == nil && !result.succeeded {
		err = fmt.Errorf("a transaction without compares did not succeed")
	}
	for index := s.index; index < min(s.index+l.perTxn(), l.keys); index++ {
		l.revisions[index] = result.revision
	}
	return err
}

// overwriteLoad puts to the same keys a number of times.
type overwriteLoad struct {
	putLoad
	left atomic.Int64
}

func (l *overwriteLoad) take(*slot) bool { return l.left.Add(-1) >= 0 }
