package configs

import (
	"reflect"

	"vitals/checks/host"
	"vitals/checks/redis"
)

// elementDefaults are the defaults of an element of a list, nil where they are
// the type's zero value.
func elementDefaults(t reflect.Type) any {
	switch t {
	case reflect.TypeFor[DatabaseOptions]():
		return DefaultDatabaseOptions()
	case reflect.TypeFor[redis.Options]():
		return redis.DefaultOptions()
	case reflect.TypeFor[JobOptions]():
		return DefaultJobOptions()
	case reflect.TypeFor[ResponseOptions]():
		return DefaultResponseOptions()
	case reflect.TypeFor[RouteOptions]():
		return DefaultRouteOptions()
	case reflect.TypeFor[host.ProcessOptions]():
		return host.DefaultProcessOptions()
	}
	return nil
}
