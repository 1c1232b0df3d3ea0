package main

import "encoding/binary"

// HTTP/2 framing, RFC 9113: only what a client needs that opens calls and reads answers.

const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8
	frameContinuation = 9

	flagEndStream  = 1
	flagAck        = 1
	flagEndHeaders = 4
	flagPadded     = 8
	flagPriority   = 32

	settingHeaderTableBytes   = 1
	settingInitialWindowBytes = 4

	frameHeadBytes = 9
	// The largest frame that either side may send unless told otherwise, RFC 9113 section 4.2.
	frameBytesMax = 16384
	windowDefault = 65535
	windowMax     = 1<<31 - 1
	// Length and compression flag of a gRPC message.
	messageHeadBytes = 5

	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

func appendFrameHead(out []byte, length int, kind, flags byte, stream uint32) []byte {
	return append(out, byte(length>>16), byte(length>>8), byte(length), kind, flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

func appendUint32(out []byte, value uint32) []byte {
	return append(out, byte(value>>24), byte(value>>16), byte(value>>8), byte(value))
}

func appendWindowUpdate(out []byte, stream uint32, bytes int) []byte {
	out = appendFrameHead(out, 4, frameWindowUpdate, 0, stream)
	return appendUint32(out, uint32(bytes))
}

func appendSetting(out []byte, name uint16, value uint32) []byte {
	return appendUint32(append(out, byte(name>>8), byte(name)), value)
}

func uint32At(bytes []byte) uint32 {
	return binary.BigEndian.Uint32(bytes)
}

// sealMessage turns out[start:], a protobuf message with messageHeadBytes of room before it, into
// the DATA frames of a stream: out[start] is the first byte of the room, before which
// frameHeadBytes are free too. Messages of one frame, nearly all, are not copied.
func sealMessage(out []byte, start int, stream uint32, flags byte) []byte {
	length := len(out) - start
	body := out[start:]
	body[0] = 0
	binary.BigEndian.PutUint32(body[1:], uint32(length-messageHeadBytes))
	head := start - frameHeadBytes
	if length <= frameBytesMax {
		appendFrameHead(out[:head], length, frameData, flags, stream)
		return out
	}
	rest := append([]byte(nil), body...)
	out = out[:head]
	for len(rest) > 0 {
		count := min(len(rest), frameBytesMax)
		last := byte(0)
		if count == len(rest) {
			last = flags
		}
		out = appendFrameHead(out, count, frameData, last, stream)
		out = append(out, rest[:count]...)
		rest = rest[count:]
	}
	return out
}
