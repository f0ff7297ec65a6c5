package web

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// compressFrom is the size below which gzip saves no packet.
const compressFrom = 1 << 10

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return z
}}

// compressor packs HTML, JSON, CSS, scripts and SVG for callers who can unpack them. It decides when the header goes
// out; streams, pictures, parts and small answers pass as they are.
type compressor struct {
	http.ResponseWriter
	r       *http.Request
	decided bool
	zip     *gzip.Writer
}

func (c *compressor) WriteHeader(status int) {
	if !c.decided && status >= 200 {
		c.decide(status, -1)
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *compressor) Write(b []byte) (int, error) {
	if !c.decided {
		c.decide(http.StatusOK, len(b))
	}
	if c.zip != nil {
		return c.zip.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

func (c *compressor) decide(status, size int) {
	c.decided = true
	h := c.Header()
	if !packable(h.Get("Content-Type")) || c.plain() {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if n, err := strconv.Atoi(h.Get("Content-Length")); err == nil {
		size = n
	}
	switch {
	case size >= 0 && size < compressFrom, h.Get("Content-Encoding") != "", !acceptsGzip(c.r),
		status == http.StatusPartialContent, status == http.StatusNoContent, status == http.StatusNotModified:
		return
	}
	h.Del("Content-Length")
	h.Set("Content-Encoding", "gzip")
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", "W/"+tag) // other bytes, same meaning (RFC 9110 §8.8.1)
	}
	if c.r.Method == http.MethodHead {
		return
	}
	c.zip = zippers.Get().(*gzip.Writer)
	c.zip.Reset(c.ResponseWriter)
}

// plain keeps answers to webhooks as they are: their caller must know when the last byte is out (RULES D1).
func (c *compressor) plain() bool {
	sc := scopeOf(c.r)
	return sc != nil && sc.Route.Door == DoorKey
}

// FlushError sends on what is packed so far; http.ResponseController calls it.
func (c *compressor) FlushError() error {
	if c.zip != nil {
		if err := c.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Close ends the packed stream.
func (c *compressor) Close() error {
	if c.zip == nil {
		return nil
	}
	err := c.zip.Close()
	zippers.Put(c.zip)
	c.zip = nil
	return err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func packable(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.TrimSpace(kind) {
	case "text/html", "text/css", "text/javascript", "text/plain", "application/json", "application/problem+json", "application/javascript", "image/svg+xml", "application/manifest+json":
		return true
	}
	return false
}

func acceptsGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(one), ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		weight = strings.ReplaceAll(weight, " ", "")
		return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000"
	}
	return false
}
