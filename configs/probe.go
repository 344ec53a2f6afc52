package configs

import (
	"reflect"

	"vitals/checks"
	"vitals/checks/probe"
)

// Probe is one element of `probes`. Its keys are those of the options of its
// kind.
type Probe struct {
	Kind    string
	Options checks.Options // a pointer to the options struct of the kind
}

func probeFamily() family {
	return family{
		element: reflect.TypeFor[Probe](), what: "probe",
		kinds: func() []kindOf {
			var all []kindOf
			for _, k := range probe.Kinds() {
				all = append(all, kindOf{k.Name, k.Help, k.Example, func() any { return k.New() }})
			}
			return all
		},
		wrap:   func(kind string, options any) any { return Probe{kind, options.(checks.Options)} },
		unwrap: func(element any) (string, any) { return element.(Probe).Kind, element.(Probe).Options },
	}
}
