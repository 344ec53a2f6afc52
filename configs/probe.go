package configs

import (
	"slices"

	"vitals/checks"
	"vitals/checks/probe"
)

// Probe is one element of `probes`. Its keys are those of the options of its
// kind.
type Probe struct {
	Kind    string
	Options checks.Options // a pointer to the options struct of the kind
}

func probeKinds() []checks.KindOfCheck { return probe.Kinds() }

func newProbe(kind string) (Probe, bool) {
	kinds := probeKinds()
	i := slices.IndexFunc(kinds, func(k checks.KindOfCheck) bool { return k.Name == kind })
	if i < 0 {
		return Probe{}, false
	}
	return Probe{Kind: kind, Options: kinds[i].New()}, true
}
