package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// MaxPhoto is how many bytes of a photo are taken (DESIGN §6 step 5).
const MaxPhoto = 10 << 20

const (
	maxPixels   = 40_000_000 // reliability-security.md §2.4: a 49 KB PNG claimed 20000×20000
	bigPixels   = 12_000_000 // a larger one is decoded alone: a progressive JPEG needs up to 12 bytes a pixel
	maxScans    = 64         // encoders write about ten; each scan of a bomb walks the whole image again
	photoSide   = 2560       // largest side kept
	jpegQuality = 85
)

// photo is a picture made anew: nothing of the file that came is in it but the pixels.
type photo struct {
	JPEG          []byte
	Width, Height int
	TakenAt       string
	SHA256        string // of what came
}

// refusal is the Korean reason for which a picture is not taken, as the thread shows it.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	refusedEmpty   refusal = "빈 파일이라서 사진을 받지 못했어요."
	refusedLarge   refusal = "사진이 10MB보다 커서 받지 못했어요."
	refusedPixels  refusal = "사진이 4천만 화소보다 커서 받지 못했어요."
	refusedHEIC    refusal = "HEIC 형식의 사진은 열 수 없어요. JPG로 다시 받아 주세요."
	refusedType    refusal = "사진이 아닌 파일이라서 받지 않았어요. JPG·PNG·GIF·WebP만 받을 수 있어요."
	refusedDamaged refusal = "사진 파일이 손상되어 열 수 없어요."
)

// format is one kind of picture that is taken in, by what its bytes are.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	exif   func([]byte) []byte // its EXIF block, nil = none
}

var formats = map[string]format{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, jpegEXIF},
	"image/png":  {png.DecodeConfig, png.Decode, pngEXIF},
	"image/apng": {png.DecodeConfig, png.Decode, pngEXIF}, // its still image
	"image/gif":  {gif.DecodeConfig, gif.Decode, nil},     // its first frame
	"image/webp": {webp.DecodeConfig, webp.Decode, webpEXIF},
}

// reencode reads a picture and draws it anew as an upright JPEG without metadata; the camera's time is read, a place
// never is. An error of type refusal is final, any other one is of reading or of ctx, which bounds only the wait for a
// turn.
func reencode(ctx context.Context, r io.Reader) (p photo, err error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxPhoto+1))
	switch {
	case err != nil:
		return photo{}, err
	case len(body) == 0:
		return photo{}, refusedEmpty
	case len(body) > MaxPhoto:
		return photo{}, refusedLarge
	}
	of, err := formatOf(body)
	if err != nil {
		return photo{}, err
	}
	defer func() { // a decoder's own fault costs this picture, not the process
		if recover() != nil {
			p, err = photo{}, refusedDamaged
		}
	}()
	c, err := of.config(bytes.NewReader(body))
	switch {
	case err != nil || c.Width <= 0 || c.Height <= 0:
		return photo{}, refusedDamaged
	case int64(c.Width)*int64(c.Height) > maxPixels:
		return photo{}, refusedPixels
	}
	var meta exif
	if of.exif != nil {
		meta = parseEXIF(of.exif(body))
	}
	drawn, err := draws.picture(ctx, of, body, c)
	if err != nil {
		return photo{}, err
	}
	drawn = upright(drawn, meta.orientation)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, drawn, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return photo{}, fmt.Errorf("encode photo: %w", err)
	}
	sum := sha256.Sum256(body)
	size := drawn.Bounds().Size()
	return photo{JPEG: out.Bytes(), Width: size.X, Height: size.Y, TakenAt: meta.takenAt, SHA256: hex.EncodeToString(sum[:])}, nil
}

// formatOf tells the type by content; what the sender called it is not asked (kakao-chatbot.md §2.1).
func formatOf(body []byte) (format, error) {
	kind := mimetype.Detect(body).String()
	switch kind {
	case "image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence":
		return format{}, refusedHEIC
	}
	of, ok := formats[kind]
	if !ok {
		return format{}, refusedType
	}
	if kind == "image/jpeg" && jpegScans(body) > maxScans {
		return format{}, refusedDamaged
	}
	return of, nil
}

// turns bounds the memory of decoding: two pictures at once, a big one alone.
type turns struct {
	slots chan struct{}
	big   chan struct{} // who takes both slots, so that two big ones do not hold one each
}

var draws = turns{slots: make(chan struct{}, 2), big: make(chan struct{}, 1)}

// picture decodes and shrinks in its turn.
func (t turns) picture(ctx context.Context, of format, body []byte, c image.Config) (*image.RGBA, error) {
	need := 1
	if c.Width*c.Height > bigPixels {
		need = cap(t.slots)
		if err := enter(ctx, t.big); err != nil {
			return nil, err
		}
		defer func() { <-t.big }()
	}
	for range need {
		if err := enter(ctx, t.slots); err != nil {
			return nil, err
		}
		defer func() { <-t.slots }()
	}
	img, err := of.decode(bytes.NewReader(body))
	if err != nil {
		return nil, refusedDamaged
	}
	return shrink(img, photoSide), nil
}

func enter(ctx context.Context, c chan struct{}) error {
	select {
	case c <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shrink draws img on white so that its largest side is at most side. It halves first: at exactly one half the four
// neighbours that ApproxBiLinear looks at are all there are, so nothing is skipped over.
func shrink(img image.Image, side int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	tw, th := w, h
	if largest := max(w, h); largest > side {
		tw, th = max(1, w*side/largest), max(1, h*side/largest)
	}
	for max(w, h) >= 2*side {
		w, h = max(1, w/2), max(1, h/2)
		half := image.NewRGBA(image.Rect(0, 0, w, h))
		draw.ApproxBiLinear.Scale(half, half.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = half
	}
	out := image.NewRGBA(image.Rect(0, 0, tw, th))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if tw == w && th == h {
		draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Over)
	} else {
		draw.ApproxBiLinear.Scale(out, out.Bounds(), img, img.Bounds(), draw.Over, nil)
	}
	return out
}

// upright turns and mirrors as the eight EXIF orientations ask; 0 and 1 stay.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			mx, my := w-1-x, h-1-y
			var to image.Point
			switch orientation {
			case 2:
				to = image.Pt(mx, y)
			case 3:
				to = image.Pt(mx, my)
			case 4:
				to = image.Pt(x, my)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(my, x)
			case 7:
				to = image.Pt(my, mx)
			case 8:
				to = image.Pt(y, mx)
			}
			from, at := src.PixOffset(x, y), dst.PixOffset(to.X, to.Y)
			copy(dst.Pix[at:at+4], src.Pix[from:from+4])
		}
	}
	return dst
}
