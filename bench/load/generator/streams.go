package main

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// sendStream is a call whose sending side stays open. It respects the stream's window; one
// goroutine uses it.
type sendStream struct {
	connection *connection
	stream     uint32
	window     int64
	// Messages that wait for a window.
	waiting [][]byte
}

// open begins the call with its first message. Needs the connection's lock, as do the others.
func (s *sendStream) open(c *connection, method int, message []byte) {
	s.connection, s.window = c, c.streamWindow-int64(messageHeadBytes+len(message))
	var start int
	s.stream, start = c.openCall(method)
	c.out = append(c.out, message...)
	c.seal(start, s.stream, 0)
}

func (s *sendStream) send(message []byte) {
	s.waiting = append(s.waiting, message)
	s.pump()
}

// pump sends what the windows allow.
func (s *sendStream) pump() {
	c := s.connection
	sent := 0
	for _, message := range s.waiting {
		bytes := int64(messageHeadBytes + len(message))
		if bytes > s.window || bytes > c.sendWindow {
			break
		}
		s.window -= bytes
		start := c.openMessage()
		c.out = append(c.out, message...)
		c.seal(start, s.stream, 0)
		sent++
	}
	s.waiting = slices.Delete(s.waiting, 0, sent)
}

// messageReader finds the gRPC messages in the DATA frames of a stream.
type messageReader struct {
	// The message under way, with its head, when it is not in one frame.
	partial []byte
	// Bytes since the stream's window was last enlarged.
	received int
}

// read calls `each` for every message that is complete; its bytes are valid during the call.
func (m *messageReader) read(payload []byte, each func(message []byte)) error {
	m.received += len(payload)
	for len(payload) > 0 {
		if len(m.partial) > 0 || len(payload) < messageHeadBytes {
			payload = m.fillUp(payload)
			if len(m.partial) < messageHeadBytes || len(m.partial) < m.bytesOf(m.partial) {
				return nil
			}
			each(m.partial[messageHeadBytes:])
			m.partial = m.partial[:0]
			continue
		}
		if payload[0] != 0 {
			return fmt.Errorf("a compressed message that was not asked for")
		}
		end := m.bytesOf(payload)
		if end > len(payload) {
			m.partial = append(m.partial, payload...)
			return nil
		}
		each(payload[messageHeadBytes:end])
		payload = payload[end:]
	}
	return nil
}

// fillUp moves what the message under way lacks, first of its head and then of its body.
func (m *messageReader) fillUp(payload []byte) []byte {
	if missing := messageHeadBytes - len(m.partial); missing > 0 {
		count := min(missing, len(payload))
		m.partial = append(m.partial, payload[:count]...)
		payload = payload[count:]
	}
	if len(m.partial) >= messageHeadBytes {
		count := min(m.bytesOf(m.partial)-len(m.partial), len(payload))
		m.partial = append(m.partial, payload[:count]...)
		payload = payload[count:]
	}
	return payload
}

func (m *messageReader) bytesOf(head []byte) int {
	return messageHeadBytes + int(binary.BigEndian.Uint32(head[1:]))
}
