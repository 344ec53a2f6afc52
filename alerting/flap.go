package alerting

import "math/bits"

// Flaps remembers the last states of something and judges whether it changes
// too often to tell people about each change. The zero value has seen nothing.
//
// The method and its figures are Icinga's: the last 20 changes between 21
// states, the newer weighted more (0.8 for the oldest, 0.02 more for each
// after it), flapping from 30 % on and until it falls below 25 %.
type Flaps struct {
	History  uint32 // one bit for each state, the newest lowest
	Seen     uint8  // how many bits of History count, at most flapStates
	Flapping bool
}

const (
	flapStates = 21
	flapStart  = 30.0 // percent
	flapStop   = 25.0 // percent
)

// FlapChange tells what one more state did.
type FlapChange uint8

// The ways in which flapping can change.
const (
	FlapSame FlapChange = iota
	FlapBegan
	FlapCeased
)

// Add takes the next state and returns the new memory and what changed.
func (f Flaps) Add(bad bool) (Flaps, FlapChange) {
	f.History = f.History << 1 & (1<<flapStates - 1)
	if bad {
		f.History |= 1
	}
	f.Seen = min(f.Seen+1, flapStates)
	switch percent := f.Percent(); {
	case !f.Flapping && percent >= flapStart:
		f.Flapping = true
		return f, FlapBegan
	case f.Flapping && percent < flapStop:
		f.Flapping = false
		return f, FlapCeased
	}
	return f, FlapSame
}

// Percent is the weighted share of changes among the last 20, 0 to 100.
func (f Flaps) Percent() float64 {
	if f.Seen < 2 {
		return 0
	}
	changes := (f.History ^ f.History>>1) & (1<<(f.Seen-1) - 1)
	sum := 0.0
	for changes != 0 {
		age := bits.TrailingZeros32(changes) // 0 is the newest change
		changes &= changes - 1
		sum += 0.8 + 0.02*float64(flapStates-2-age)
	}
	return sum * 100 / (flapStates - 1)
}
