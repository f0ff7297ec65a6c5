// Package event owns the wire format of Kakao's Event API, by which a bot writes to a citizen first: the call, its
// answer, the result of its task, and the answer to a callback, which has the same shape.
//
// The event carries no words of ours: it names an attempt, Kakao then calls the skill for that citizen, and the skill
// answers with the bubbles. What Kakao sends is decoded leniently, what we send is encoded strictly.
//
// The package is pure and may import the standard library only. Section numbers in comments (§5.1) are those of the
// fact sheet kakao-chatbot.md.
package event
