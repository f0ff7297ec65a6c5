package secret

// Slots are the places for hashes under way.
var Slots = slots
