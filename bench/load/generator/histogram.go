package main

import "math/bits"

// Latencies in nanoseconds, in buckets whose width is at most 1/128 of their value: the same idea
// as HdrHistogram.
const (
	subBucketBits = 7
	subBuckets    = 1 << subBucketBits
	bucketCount   = (65 - subBucketBits) * subBuckets
)

type histogram struct {
	counts [bucketCount]uint32
	total  uint64
	most   int64
}

func bucketOf(nanos uint64) int {
	if nanos < subBuckets {
		return int(nanos)
	}
	shift := bits.Len64(nanos) - subBucketBits - 1
	return shift<<subBucketBits + int(nanos>>shift)
}

// The largest value of a bucket.
func bucketEnd(bucket int) uint64 {
	if bucket < 2*subBuckets {
		return uint64(bucket)
	}
	shift := bucket>>subBucketBits - 1
	return uint64(bucket-shift<<subBucketBits+1)<<shift - 1
}

func (h *histogram) add(nanos int64) {
	nanos = max(nanos, 0)
	h.counts[bucketOf(uint64(nanos))]++
	h.total++
	h.most = max(h.most, nanos)
}

func (h *histogram) merge(other *histogram) {
	for bucket, count := range other.counts {
		h.counts[bucket] += count
	}
	h.total += other.total
	h.most = max(h.most, other.most)
}

// quantile returns milliseconds; 0 when nothing was added.
func (h *histogram) quantile(q float64) float64 {
	rank := uint64(q * float64(h.total))
	var seen uint64
	for bucket, count := range h.counts {
		seen += uint64(count)
		if count > 0 && seen > rank {
			return float64(min(int64(bucketEnd(bucket)), h.most)) / 1e6
		}
	}
	return float64(h.most) / 1e6
}
