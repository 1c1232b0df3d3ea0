package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// receiver hears what a connection reads.
type receiver interface {
	// data has one DATA frame's payload, valid during the call.
	data(stream uint32, payload []byte)
	// ended has the grpc-status of a stream that is over, or statusAbsent if it was reset.
	ended(stream uint32, status int)
	// windowGrew: what waited for the connection's window (stream 0) or for a stream's may fit now.
	windowGrew(stream uint32, bytes int64)
	// batchEnd comes after all frames of one read, before what was written meanwhile goes out.
	batchEnd()
}

// connection is one HTTP/2 connection with prior knowledge. One goroutine reads; whoever writes
// holds the lock.
type connection struct {
	socket net.Conn
	buffer []byte
	// Read but not handled yet: buffer[from:to].
	from, to int
	answers  *answerHeaders
	headers  *requestHeaders
	receiver receiver
	// What to send after a batch, which nobody else looks at.
	control []byte

	lock       sync.Mutex
	out        []byte
	nextStream uint32
	sendWindow int64
	// Initial window of a stream, as the server's SETTINGS say.
	streamWindow int64
	received     int
}

// dial connects and exchanges SETTINGS, as grpc-go does before the first call. The buffer must hold
// two frames.
func dial(address string, methods []string, buffer []byte) (*connection, error) {
	socket, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &connection{
		socket: socket, buffer: buffer, answers: newAnswerHeaders(),
		nextStream: 1, sendWindow: windowDefault, streamWindow: windowDefault,
	}
	hello := []byte(preface)
	hello = appendFrameHead(hello, 6, frameSettings, 0, 0)
	hello = appendSetting(hello, settingInitialWindowBytes, windowMax)
	hello = appendWindowUpdate(hello, 0, windowMax-windowDefault)
	if _, err := socket.Write(hello); err != nil {
		return nil, c.closeWith(err)
	}
	settings, err := c.serverSettings()
	if err != nil {
		return nil, c.closeWith(err)
	}
	tableBytes := uint32(4096)
	c.settings(settings, func(name uint16, value uint32) {
		if name == settingHeaderTableBytes {
			tableBytes = min(tableBytes, value)
		}
	})
	c.headers = newRequestHeaders(address, methods, tableBytes)
	return c, nil
}

func (c *connection) closeWith(err error) error {
	c.socket.Close()
	return err
}

// serverSettings reads the server's first frame, which is SETTINGS.
func (c *connection) serverSettings() ([]byte, error) {
	for {
		kind, _, _, payload, ok := c.nextFrame()
		if ok && kind == frameSettings {
			return payload, nil
		}
		if ok {
			return nil, fmt.Errorf("the server's first frame is of type %d", kind)
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once; what was left over is moved to the front.
func (c *connection) fill() error {
	if c.from > 0 {
		c.to = copy(c.buffer, c.buffer[c.from:c.to])
		c.from = 0
	}
	count, err := c.socket.Read(c.buffer[c.to:])
	c.to += count
	if count > 0 {
		return nil
	}
	return err
}

func (c *connection) nextFrame() (kind, flags byte, stream uint32, payload []byte, ok bool) {
	rest := c.buffer[c.from:c.to]
	if len(rest) < frameHeadBytes {
		return
	}
	length := int(rest[0])<<16 | int(rest[1])<<8 | int(rest[2])
	if len(rest) < frameHeadBytes+length {
		return
	}
	c.from += frameHeadBytes + length
	payload = rest[frameHeadBytes : frameHeadBytes+length]
	return rest[3], rest[4], uint32At(rest[5:]) & windowMax, payload, true
}

// run reads until the socket ends, or until `done` says so after a batch. Returns why it ended, nil
// for `done`.
func (c *connection) run(done func() bool) error {
	for {
		for {
			kind, flags, stream, payload, ok := c.nextFrame()
			if !ok {
				break
			}
			if err := c.frame(kind, flags, stream, payload); err != nil {
				return err
			}
		}
		c.receiver.batchEnd()
		if err := c.flush(); err != nil {
			return err
		}
		if done() {
			return nil
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

func (c *connection) frame(kind, flags byte, stream uint32, payload []byte) error {
	switch kind {
	case frameData:
		c.received += len(payload)
		if flags&flagPadded != 0 {
			payload = payload[1 : len(payload)-int(payload[0])]
		}
		c.receiver.data(stream, payload)
		if flags&flagEndStream != 0 {
			// gRPC ends with trailers.
			c.receiver.ended(stream, statusAbsent)
		}
	case frameHeaders:
		if flags&(flagPadded|flagPriority) != 0 || flags&flagEndHeaders == 0 {
			return errors.New("headers with padding, priority or continuation: not understood")
		}
		status, err := c.answers.read(payload)
		if err != nil {
			return err
		}
		if flags&flagEndStream != 0 {
			c.receiver.ended(stream, status)
		}
	case frameReset:
		c.receiver.ended(stream, statusAbsent)
	case frameSettings:
		if flags&flagAck == 0 {
			c.settings(payload, func(uint16, uint32) {})
		}
	case framePing:
		if flags&flagAck == 0 {
			c.control = append(appendFrameHead(c.control, 8, framePing, flagAck, 0), payload...)
		}
	case frameGoAway:
		return fmt.Errorf("the server ends the connection: %q", payload[8:])
	case frameWindowUpdate:
		bytes := int64(uint32At(payload) & windowMax)
		if stream == 0 {
			c.lock.Lock()
			c.sendWindow += bytes
			c.lock.Unlock()
		}
		c.receiver.windowGrew(stream, bytes)
	}
	return nil
}

func (c *connection) settings(payload []byte, each func(name uint16, value uint32)) {
	for ; len(payload) >= 6; payload = payload[6:] {
		name, value := uint16(payload[0])<<8|uint16(payload[1]), uint32At(payload[2:])
		if name == settingInitialWindowBytes {
			c.streamWindow = int64(value)
		}
		each(name, value)
	}
	c.control = appendFrameHead(c.control, 0, frameSettings, flagAck, 0)
}

// openCall begins a call: HEADERS, and room for the heads of a DATA frame and a message, after
// which the caller appends the message and gives it to sealMessage with the position returned.
// Needs the lock.
func (c *connection) openCall(method int) (stream uint32, start int) {
	stream = c.nextStream
	c.nextStream += 2
	block := c.headers.block(method)
	c.out = appendFrameHead(c.out, len(block), frameHeaders, flagEndHeaders, stream)
	c.out = append(c.out, block...)
	return stream, c.openMessage()
}

// openMessage makes room for the heads of one more message; see openCall.
func (c *connection) openMessage() int {
	var room [frameHeadBytes + messageHeadBytes]byte
	c.out = append(c.out, room[:]...)
	return len(c.out) - messageHeadBytes
}

// seal ends the message that begins at `start`, and takes its bytes from the window. Needs the
// lock.
func (c *connection) seal(start int, stream uint32, flags byte) {
	c.sendWindow -= int64(len(c.out) - start)
	c.out = sealMessage(c.out, start, stream, flags)
}

// flush writes everything in one go.
func (c *connection) flush() error {
	if c.received > windowMax/2 {
		c.control = appendWindowUpdate(c.control, 0, c.received)
		c.received = 0
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.control) > 0 {
		c.out = append(c.out, c.control...)
		c.control = c.control[:0]
	}
	return c.flushLocked()
}

func (c *connection) flushLocked() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.socket.Write(c.out)
	c.out = c.out[:0]
	return err
}
