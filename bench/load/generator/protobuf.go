package main

import "errors"

// The protobuf wire format, as far as the loads need it. Lengths of messages that are nested are
// counted first.

func appendVarint(out []byte, value uint64) []byte {
	for value >= 0x80 {
		out = append(out, byte(value)|0x80)
		value >>= 7
	}
	return append(out, byte(value))
}

func varintBytes(value uint64) int {
	count := 1
	for value >= 0x80 {
		value >>= 7
		count++
	}
	return count
}

// Field numbers of the API are all below 16, so that a tag is one byte.
func appendBytesField(out []byte, field byte, value []byte) []byte {
	return append(appendVarint(append(out, field<<3|2), uint64(len(value))), value...)
}

func appendVarintField(out []byte, field byte, value uint64) []byte {
	return appendVarint(append(out, field<<3), value)
}

func bytesFieldBytes(length int) int {
	return 1 + varintBytes(uint64(length)) + length
}

var errMalformed = errors.New("malformed message in an answer")

// reader walks over the fields of one message.
type reader struct {
	rest  []byte
	field int
	// Of a field with a number.
	number uint64
	// Of a field with a length.
	bytes  []byte
	broken bool
}

func (r *reader) varint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		value := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return value
	}
	var value uint64
	for index := 0; index < len(r.rest) && index < 10; index++ {
		octet := r.rest[index]
		value |= uint64(octet&0x7f) << (7 * index)
		if octet < 0x80 {
			r.rest = r.rest[index+1:]
			return value
		}
	}
	r.broken = true
	r.rest = nil
	return 0
}

// next moves to the next field; false at the end or at a fault, which `broken` tells apart.
func (r *reader) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	tag := r.varint()
	r.field = int(tag >> 3)
	switch tag & 7 {
	case 0:
		r.number = r.varint()
	case 2:
		length := r.varint()
		if length > uint64(len(r.rest)) {
			r.broken = true
			return false
		}
		r.bytes = r.rest[:length]
		r.rest = r.rest[length:]
	default:
		r.broken = true
	}
	return !r.broken
}

// numberOf returns a field of a message that is a number, 0 when it is not there.
func numberOf(message []byte, field int) (uint64, error) {
	r := reader{rest: message}
	var value uint64
	for r.next() {
		if r.field == field {
			value = r.number
		}
	}
	if r.broken {
		return 0, errMalformed
	}
	return value, nil
}

// headerRevision reads a ResponseHeader.
func headerRevision(header []byte) (uint64, error) { return numberOf(header, 3) }
