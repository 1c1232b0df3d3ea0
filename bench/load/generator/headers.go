package main

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/net/http2/hpack"
)

// requestHeaders makes the header blocks of a connection's calls. The first call fills the server's
// dynamic table; the blocks of later calls only point into it, and are kept, one per method. The
// fields and their order are grpc-go's, with the version that clientv3 adds.
type requestHeaders struct {
	authority string
	methods   []string
	encoder   *hpack.Encoder
	encoded   bytes.Buffer
	kept      [][]byte
}

func newRequestHeaders(authority string, methods []string, tableBytes uint32) *requestHeaders {
	kept := make([][]byte, len(methods))
	headers := &requestHeaders{authority: authority, methods: methods, kept: kept}
	headers.encoder = hpack.NewEncoder(&headers.encoded)
	headers.encoder.SetMaxDynamicTableSizeLimit(tableBytes)
	return headers
}

// block returns the bytes for the next call of a method: valid until the next call of this
// function.
func (headers *requestHeaders) block(method int) []byte {
	if block := headers.kept[method]; block != nil {
		return block
	}
	headers.encoded.Reset()
	for _, field := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":path", Value: headers.methods[method]},
		{Name: ":authority", Value: headers.authority},
		{Name: "content-type", Value: "application/grpc"},
		{Name: "user-agent", Value: "grpc-go/1.79.3"},
		{Name: "te", Value: "trailers"},
		{Name: "client-api-version", Value: "3.7.3"},
	} {
		// Writing to memory does not fail.
		_ = headers.encoder.WriteField(field)
	}
	block := headers.encoded.Bytes()
	if pointsOnly(block) {
		headers.kept[method] = bytes.Clone(block)
	} else {
		// The table has moved.
		clear(headers.kept)
	}
	return block
}

// pointsOnly says whether a block consists of indexed fields of one byte each, which leave the
// table as it is.
func pointsOnly(block []byte) bool {
	for _, octet := range block {
		if octet&0x80 == 0 || octet == 0xff {
			return false
		}
	}
	return true
}

// answerHeaders decodes the header blocks of answers. After the first answers a server's blocks are
// the same few bytes, which point into the table: those are remembered, as long as the table stands
// still.
type answerHeaders struct {
	decoder    *hpack.Decoder
	grpcStatus int
	httpStatus string
	message    string
	known      [4]knownBlock
	knownCount int
}

type knownBlock struct {
	bytes  [8]byte
	length int
	status int
}

// No status was in the block.
const statusAbsent = -1

func newAnswerHeaders() *answerHeaders {
	headers := &answerHeaders{}
	headers.decoder = hpack.NewDecoder(4096, func(field hpack.HeaderField) {
		switch field.Name {
		case "grpc-status":
			status, err := strconv.Atoi(field.Value)
			if err != nil {
				status = 2
			}
			headers.grpcStatus = status
		case "grpc-message":
			headers.message = field.Value
		case ":status":
			headers.httpStatus = field.Value
		}
	})
	return headers
}

// read returns the block's grpc-status, or statusAbsent.
func (headers *answerHeaders) read(block []byte) (int, error) {
	if len(block) <= len(knownBlock{}.bytes) {
		for index := range headers.knownCount {
			known := &headers.known[index]
			if string(known.bytes[:known.length]) == string(block) {
				return known.status, nil
			}
		}
	}
	headers.grpcStatus, headers.httpStatus, headers.message = statusAbsent, "200", ""
	if _, err := headers.decoder.Write(block); err != nil {
		return 0, fmt.Errorf("Cannot decode the headers of an answer: %w", err)
	}
	if err := headers.decoder.Close(); err != nil {
		return 0, fmt.Errorf("Cannot decode the headers of an answer: %w", err)
	}
	if headers.httpStatus != "200" {
		return 0, fmt.Errorf("HTTP status of an answer: %q", headers.httpStatus)
	}
	headers.remember(block)
	return headers.grpcStatus, nil
}

// A block that may change the table also changes what the remembered blocks mean.
func (headers *answerHeaders) remember(block []byte) {
	if !pointsOnly(block) {
		headers.knownCount = 0
		return
	}
	if len(block) > len(knownBlock{}.bytes) || headers.knownCount == len(headers.known) {
		return
	}
	known := &headers.known[headers.knownCount]
	known.length = copy(known.bytes[:], block)
	known.status = headers.grpcStatus
	headers.knownCount++
}
