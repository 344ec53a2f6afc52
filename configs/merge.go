package configs

import (
	"errors"
	"reflect"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// merge lays the layers over each other and decodes the outcome into a struct
// that holds the defaults. Every value has its final type already, so an error
// here is a fault of this package; it is not shown, because the decoder's
// words quote values.
func merge(layers []*layer) (*Config, error) {
	v := viper.New()
	for _, l := range layers {
		if err := v.MergeConfigMap(l.values); err != nil {
			return nil, err
		}
	}
	cfg := Default()
	if err := v.UnmarshalExact(cfg, strictly); err != nil {
		return nil, errors.New("a value did not fit its place; this is a fault in Vitals, please report it")
	}
	return cfg, nil
}

func strictly(c *mapstructure.DecoderConfig) {
	c.WeaklyTypedInput = false
	c.ErrorUnused = true
	c.ZeroFields = true
	c.DecodeHook = mapstructure.DecodeHookFuncType(decodeKind)
}

// decodeKind makes an element of a family from its keys: which options they
// belong to depends on one of them.
func decodeKind(_, to reflect.Type, data any) (any, error) {
	keys, isSection := data.(map[string]any)
	f, isFamily := familyOf(to)
	if !isFamily || !isSection {
		return data, nil
	}
	kind, _ := keys[kindKey].(string)
	options, ok := f.make(kind)
	if !ok {
		return nil, errors.New("unknown kind")
	}
	delete(keys, kindKey)
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: options, ErrorUnused: true, ZeroFields: true})
	if err != nil {
		return nil, err
	}
	return f.wrap(kind, options), decoder.Decode(keys)
}
