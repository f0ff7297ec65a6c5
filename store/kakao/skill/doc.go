// Package skill owns the wire format of the KakaoTalk chatbot skill, version 2.0: the request Kakao posts to us, the
// bubbles we answer with, and the rules an answer has to keep.
//
// Requests are decoded leniently: fields may be missing, null, of another type or new, and none of that may cost a
// citizen's words. Answers are encoded strictly: Encode checks every limit first, because Kakao shows nothing at all
// when an answer breaks one. Validate judges any answer as Kakao would; the simulator and the tests use it.
//
// The package is pure and may import the standard library only. Section numbers in comments (§3.2) are those of the
// fact sheet kakao-chatbot.md.
package skill
