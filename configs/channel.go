package configs

import (
	"reflect"

	"vitals/alerting/notify"
)

// Channel is one element of `channels`. Its keys are those of the options of
// its kind.
type Channel struct {
	Kind    string
	Options notify.Options // a pointer to the options struct of the kind
}

func channelFamily() family {
	return family{
		element: reflect.TypeFor[Channel](), what: "channel",
		kinds: func() []kindOf {
			var all []kindOf
			for _, k := range notify.Kinds() {
				all = append(all, kindOf{k.Name, k.Help, k.Example, func() any { return k.New() }})
			}
			return all
		},
		wrap:   func(kind string, options any) any { return Channel{kind, options.(notify.Options)} },
		unwrap: func(element any) (string, any) { return element.(Channel).Kind, element.(Channel).Options },
	}
}
