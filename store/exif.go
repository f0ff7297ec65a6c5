package store

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
	"time"
)

// exif is all that is read of a picture's metadata. The place it was taken at is not read at all (RULES B8).
type exif struct {
	orientation int    // 1–8; 0 = not said
	takenAt     string // 2026-11-23 10:15:30 by the camera's own clock; empty = not said
}

// Tags and types of TIFF 6.0 and EXIF 2.3.
const (
	tagOrientation = 0x0112
	tagEXIF        = 0x8769 // where the EXIF directory lies
	tagOriginal    = 0x9003 // DateTimeOriginal
	typeASCII      = 2
	typeShort      = 3
	typeLong       = 4
	maxEntries     = 512 // of a directory; cameras write a few dozen
)

// tiff is an EXIF block; every read is checked against its end, since the block came from outside.
type tiff struct {
	b     []byte
	order binary.ByteOrder
}

func parseEXIF(b []byte) exif {
	var e exif
	t := tiff{b: b}
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		t.order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		t.order = binary.BigEndian
	default:
		return e
	}
	first, ok := t.u32(4)
	if !ok {
		return e
	}
	if n, ok := t.number(first, tagOrientation); ok && n >= 1 && n <= 8 {
		e.orientation = int(n)
	}
	if at, ok := t.number(first, tagEXIF); ok {
		e.takenAt = cameraTime(t.text(at, tagOriginal))
	}
	return e
}

// cameraTime reads "2026:11:23 10:15:30"; a time without a zone stays one.
func cameraTime(s string) string {
	at, err := time.Parse("2006:01:02 15:04:05", strings.TrimRight(s, "\x00 "))
	if err != nil {
		return ""
	}
	return at.Format(time.DateTime)
}

// find returns the 12 bytes of a tag's entry in the directory at off.
func (t tiff) find(off uint32, tag uint16) []byte {
	n, ok := t.u16(off)
	if !ok {
		return nil
	}
	for i := range uint64(min(n, maxEntries)) {
		at := uint64(off) + 2 + 12*i
		if at+12 > uint64(len(t.b)) {
			return nil
		}
		if entry := t.b[at : at+12]; t.order.Uint16(entry) == tag {
			return entry
		}
	}
	return nil
}

// number reads a tag that holds one short or long.
func (t tiff) number(off uint32, tag uint16) (uint32, bool) {
	entry := t.find(off, tag)
	if entry == nil || t.order.Uint32(entry[4:]) != 1 {
		return 0, false
	}
	switch t.order.Uint16(entry[2:]) {
	case typeShort:
		return uint32(t.order.Uint16(entry[8:])), true
	case typeLong:
		return t.order.Uint32(entry[8:]), true
	}
	return 0, false
}

// text reads a tag of up to 64 ASCII bytes.
func (t tiff) text(off uint32, tag uint16) string {
	entry := t.find(off, tag)
	if entry == nil || t.order.Uint16(entry[2:]) != typeASCII {
		return ""
	}
	n := uint64(t.order.Uint32(entry[4:]))
	if n <= 4 {
		return string(entry[8 : 8+n])
	}
	at := uint64(t.order.Uint32(entry[8:]))
	if n > 64 || at+n > uint64(len(t.b)) {
		return ""
	}
	return string(t.b[at : at+n])
}

func (t tiff) u16(off uint32) (uint16, bool) {
	if uint64(off)+2 > uint64(len(t.b)) {
		return 0, false
	}
	return t.order.Uint16(t.b[off:]), true
}

func (t tiff) u32(off uint32) (uint32, bool) {
	if uint64(off)+4 > uint64(len(t.b)) {
		return 0, false
	}
	return t.order.Uint32(t.b[off:]), true
}

var exifHeader = []byte("Exif\x00\x00")

// jpegEXIF returns the block of the first APP1 segment that holds one.
func jpegEXIF(b []byte) []byte {
	for marker, data := range jpegSegments(b) {
		if marker == 0xe1 && bytes.HasPrefix(data, exifHeader) {
			return data[len(exifHeader):]
		}
		if marker == 0xda {
			return nil
		}
	}
	return nil
}

// jpegScans counts the scans of a picture.
func jpegScans(b []byte) int {
	n := 0
	for marker := range jpegSegments(b) {
		if marker == 0xda {
			n++
		}
	}
	return n
}

// jpegSegments yields markers and their data up to the end of the picture. Like the decoder it skips what stands
// between segments, coded data among it, where 0xff is followed by 0 or a restart marker.
func jpegSegments(b []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		b := b[min(2, len(b)):]
		for {
			i := bytes.IndexByte(b, 0xff)
			if i < 0 {
				return
			}
			for b = b[i:]; len(b) > 0 && b[0] == 0xff; { // fill bytes
				b = b[1:]
			}
			if len(b) == 0 || b[0] == 0xd9 {
				return
			}
			marker := b[0]
			b = b[1:]
			if marker == 0 || marker >= 0xd0 && marker <= 0xd7 {
				continue
			}
			if len(b) < 2 {
				return
			}
			n := int(binary.BigEndian.Uint16(b))
			if n < 2 || n > len(b) {
				return
			}
			if !yield(marker, b[2:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// pngEXIF returns the data of the eXIf chunk.
func pngEXIF(b []byte) []byte {
	for b = b[min(8, len(b)):]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+n]
		}
		b = b[12+n:]
	}
	return nil
}

// webpEXIF returns the data of the EXIF chunk; some writers put JPEG's header before it.
func webpEXIF(b []byte) []byte {
	for b = b[min(12, len(b)):]; len(b) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n+8 > uint64(len(b)) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			return bytes.TrimPrefix(b[8:8+n], exifHeader)
		}
		b = b[min(8+n+n%2, uint64(len(b))):] // chunks are padded to even length
	}
	return nil
}
