package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
)

// place stands in the GPS directory of test pictures; it must never be kept.
const place = "35.8562N129.2247E"

// corners is a picture whose four quarters tell its orientation: red, green / blue, white.
func corners(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case x < w/2 && y < h/2:
				c = color.RGBA{255, 0, 0, 255}
			case y < h/2:
				c = color.RGBA{0, 255, 0, 255}
			case x < w/2:
				c = color.RGBA{0, 0, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// exifBlock is a TIFF with orientation, camera time and a GPS directory.
func exifBlock(order binary.AppendByteOrder, orientation uint16, taken string) []byte {
	b := []byte("II*\x00")
	if order.String() == "BigEndian" {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	entry := func(tag, typ uint16, count, value uint32) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, typ)
		b = order.AppendUint32(b, count)
		if typ == typeShort {
			b = order.AppendUint16(b, uint16(value))
			b = order.AppendUint16(b, 0)
			return
		}
		b = order.AppendUint32(b, value)
	}
	const exifAt, gpsAt, wordsAt = 8 + 2 + 3*12 + 4, 50 + 18, 50 + 18 + 18
	b = order.AppendUint16(b, 3)
	entry(tagOrientation, typeShort, 1, uint32(orientation))
	entry(tagEXIF, typeLong, 1, exifAt)
	entry(0x8825, typeLong, 1, gpsAt)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 1)
	entry(tagOriginal, typeASCII, uint32(len(taken)+1), wordsAt)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, 1)
	entry(0x001b, typeASCII, uint32(len(place)), wordsAt+uint32(len(taken))+1)
	b = order.AppendUint32(b, 0)
	b = append(append(b, taken...), 0)
	return append(b, place...)
}

func asJPEG(t testing.TB, img image.Image, block []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if block == nil {
		return b.Bytes()
	}
	segment := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(2+len(exifHeader)+len(block)))...)
	segment = append(append(segment, exifHeader...), block...)
	return append(append([]byte{0xff, 0xd8}, segment...), b.Bytes()[2:]...)
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngChunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// claim is a small PNG that says it is w × h.
func claim(t testing.TB, w, h int) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	chunk := pngChunk("IHDR", append(header, 8, 2, 0, 0, 0))
	b := asPNG(t, corners(4, 4))
	return append(append(bytes.Clone(b[:8]), chunk...), b[8+25:]...)
}

// dot is a lossless WebP of one pixel.
var dot, _ = hex.DecodeString("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")

func webpWithEXIF(block []byte) []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data)))
		if b = append(b, data...); len(data)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	body := append([]byte("WEBP"), chunk("VP8X", []byte{8, 0, 0, 0, 0, 0, 0, 0, 0, 0})...)
	body = append(append(body, dot[12:]...), chunk("EXIF", block)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func mustReencode(t *testing.T, b []byte) (photo, image.Image) {
	t.Helper()
	p, err := reencode(context.Background(), bytes.NewReader(b))
	if err != nil {
		t.Fatalf("reencode: %v", err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatalf("what is kept is no JPEG: %v", err)
	}
	if size := img.Bounds().Size(); size.X != p.Width || size.Y != p.Height {
		t.Errorf("kept %v, said %d×%d", size, p.Width, p.Height)
	}
	return p, img
}

// quarter names the colour in the middle of a quarter.
func quarter(img image.Image, right, below int) string {
	size := img.Bounds().Size()
	r, g, b, _ := img.At(size.X/4+right*size.X/2, size.Y/4+below*size.Y/2).RGBA()
	on := func(v uint32) bool { return v > 0x8000 }
	switch {
	case on(r) && on(g) && on(b):
		return "W"
	case on(r) && !on(g) && !on(b):
		return "R"
	case on(g) && !on(r) && !on(b):
		return "G"
	case on(b) && !on(r) && !on(g):
		return "B"
	}
	return "?"
}

func quarters(img image.Image) string {
	return quarter(img, 0, 0) + quarter(img, 1, 0) + quarter(img, 0, 1) + quarter(img, 1, 1)
}

func TestPhotoIsUprightAndKeepsNoPlace(t *testing.T) {
	t.Parallel()
	// What the eye sees when the stored RG/BW is turned as EXIF 2.3 §4.6.4 A says.
	want := map[uint16]string{1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB"}
	for orientation, seen := range want {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			came := asJPEG(t, corners(80, 48), exifBlock(order, orientation, "2026:11:23 10:15:30"))
			if !bytes.Contains(came, []byte(place)) {
				t.Fatal("the test picture has no place to lose")
			}
			p, img := mustReencode(t, came)
			if got := quarters(img); got != seen {
				t.Errorf("orientation %d %v: %s, want %s", orientation, order, got, seen)
			}
			if turned := orientation >= 5; turned != (p.Width == 48) || turned == (p.Height == 48) {
				t.Errorf("orientation %d: %d×%d", orientation, p.Width, p.Height)
			}
			if p.TakenAt != "2026-11-23 10:15:30" {
				t.Errorf("taken at %q", p.TakenAt)
			}
			if sum := sha256.Sum256(came); p.SHA256 != hex.EncodeToString(sum[:]) {
				t.Error("the digest is not that of what came")
			}
			for _, word := range []string{place, "Exif", "2026:11:23"} {
				if bytes.Contains(p.JPEG, []byte(word)) {
					t.Errorf("kept bytes hold %q", word)
				}
			}
		}
	}
}

func TestPhotoFormats(t *testing.T) {
	t.Parallel()
	var moving bytes.Buffer
	pale := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{color.Black, color.White})
	dark := image.NewPaletted(pale.Rect, pale.Palette)
	for i := range pale.Pix {
		pale.Pix[i] = 1
	}
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{pale, dark}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	plain := asPNG(t, corners(60, 40))
	tagged := append(append(bytes.Clone(plain[:33]), pngChunk("eXIf", exifBlock(binary.BigEndian, 6, "2025:01:02 03:04:05"))...), plain[33:]...)
	glass := asPNG(t, image.NewNRGBA(image.Rect(0, 0, 20, 20)))
	for _, tt := range []struct {
		name, seen, taken string
		body              []byte
		w, h              int
	}{
		{"png", "RGBW", "", plain, 60, 40},
		{"png with EXIF", "BRWG", "2025-01-02 03:04:05", tagged, 40, 60},
		{"transparent png on white", "WWWW", "", glass, 20, 20},
		{"gif shows its first frame", "WWWW", "", moving.Bytes(), 40, 40},
		{"webp", "", "", dot, 1, 1},
		{"webp with EXIF", "", "2025-01-02 03:04:05", webpWithEXIF(exifBlock(binary.LittleEndian, 6, "2025:01:02 03:04:05")), 1, 1},
		{"jpeg with a page behind it", "RGBW", "", append(asJPEG(t, corners(60, 40), nil), "<script>alert(1)</script>"...), 60, 40},
		{"large becomes 2560", "RGBW", "", asJPEG(t, corners(6000, 900), nil), 2560, 384},
		{"just above 2560", "RGBW", "", asJPEG(t, corners(900, 3000), nil), 768, 2560},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, img := mustReencode(t, tt.body)
			if p.Width != tt.w || p.Height != tt.h {
				t.Errorf("%d×%d, want %d×%d", p.Width, p.Height, tt.w, tt.h)
			}
			if tt.seen != "" && quarters(img) != tt.seen {
				t.Errorf("%s, want %s", quarters(img), tt.seen)
			}
			if p.TakenAt != tt.taken {
				t.Errorf("taken at %q, want %q", p.TakenAt, tt.taken)
			}
			if bytes.Contains(p.JPEG, []byte("script")) {
				t.Error("what was appended is kept")
			}
		})
	}
}

func TestPhotoRefused(t *testing.T) {
	t.Parallel()
	whole := asJPEG(t, corners(400, 300), nil)
	scans := whole
	if i := bytes.Index(whole, []byte{0xff, 0xda}); i > 0 {
		scan := bytes.TrimSuffix(whole[i:], []byte{0xff, 0xd9})
		scans = append(bytes.Clone(whole[:i]), bytes.Repeat(scan[:14], maxScans+1)...)
	}
	if few, many := jpegScans(whole), jpegScans(scans); few != 1 || many != maxScans+1 {
		t.Fatalf("scans counted: %d and %d", few, many)
	}
	for _, tt := range []struct {
		name string
		body []byte
		want refusal
	}{
		{"nothing", nil, refusedEmpty},
		{"png that claims 20000×20000", claim(t, 20000, 20000), refusedPixels},
		{"png just over 40 megapixels", claim(t, 8000, 5001), refusedPixels},
		{"truncated jpeg", whole[:len(whole)/2], refusedDamaged},
		{"only a jpeg's beginning", whole[:3], refusedDamaged},
		{"jpeg of many scans", scans, refusedDamaged},
		{"more than 10 MiB", append(bytes.Clone(whole), make([]byte, MaxPhoto)...), refusedLarge},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), refusedHEIC},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`), refusedType},
		{"page", []byte("<!doctype html><title>x</title>"), refusedType},
		{"gif that is a script", []byte("GIF89a/*<script>*/=1"), refusedPixels},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), refusedType},
		{"pdf", []byte("%PDF-1.7\n"), refusedType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := reencode(context.Background(), bytes.NewReader(tt.body))
			if got, ok := errors.AsType[refusal](err); !ok || got != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A picture waits for its turn only as long as its context lasts, and a big one never meets another.
func TestPhotoTurns(t *testing.T) {
	t.Parallel()
	gate := turns{slots: make(chan struct{}, 2), big: make(chan struct{}, 1)}
	gate.slots <- struct{}{}
	body := asJPEG(t, corners(16, 16), nil)
	of := formats["image/jpeg"]
	if _, err := gate.picture(context.Background(), of, body, image.Config{Width: 16, Height: 16}); err != nil {
		t.Fatalf("one slot is free: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := gate.picture(ctx, of, body, image.Config{Width: 5000, Height: 5000}); !errors.Is(err, context.Canceled) {
		t.Errorf("a big one must wait: %v", err)
	}
	if len(gate.slots) != 1 || len(gate.big) != 0 {
		t.Errorf("slots not given back: %d, %d", len(gate.slots), len(gate.big))
	}
}

func FuzzEXIF(f *testing.F) {
	f.Add(exifBlock(binary.LittleEndian, 6, "2026:11:23 10:15:30"))
	f.Add(exifBlock(binary.BigEndian, 3, "0000:00:00 00:00:00"))
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := parseEXIF(b)
		if e.orientation < 0 || e.orientation > 8 {
			t.Errorf("orientation %d", e.orientation)
		}
		if n := len(e.takenAt); n != 0 && n != len("2026-11-23 10:15:30") {
			t.Errorf("taken at %q", e.takenAt)
		}
		for _, block := range [][]byte{jpegEXIF(b), pngEXIF(b), webpEXIF(b)} {
			if len(block) > len(b) {
				t.Error("a block longer than its file")
			}
		}
	})
}

func FuzzReencode(f *testing.F) {
	f.Add(asJPEG(f, corners(24, 16), exifBlock(binary.LittleEndian, 5, "2026:11:23 10:15:30")))
	f.Add(asPNG(f, corners(8, 8)))
	f.Add(dot)
	f.Add(webpWithEXIF(exifBlock(binary.BigEndian, 2, "2026:11:23 10:15:30")))
	f.Add(claim(f, 3000, 3000))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := reencode(context.Background(), bytes.NewReader(b))
		if err != nil {
			if _, ok := errors.AsType[refusal](err); !ok {
				t.Errorf("neither a picture nor a refusal: %v", err)
			}
			return
		}
		if bytes.Contains(p.JPEG, exifHeader) || max(p.Width, p.Height) > photoSide {
			t.Errorf("%d×%d with metadata or too large", p.Width, p.Height)
		}
	})
}

// A citizen's words never stand in a refusal, whatever the file held.
func TestRefusalsAreFixedTexts(t *testing.T) {
	t.Parallel()
	_, err := reencode(context.Background(), strings.NewReader("우리 집 앞 가로등 "+os.TempDir()))
	if err == nil || strings.Contains(err.Error(), "가로등") {
		t.Errorf("got %v", err)
	}
}
