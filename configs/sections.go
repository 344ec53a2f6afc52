package configs

import (
	"reflect"

	"vitals/checks"
)

// section is one part of the configuration that makes checks.
type section struct {
	path    string
	options checks.Options
}

// sections lists the parts that make checks, in the order of their checks.
func (c *Config) sections() []section {
	out := []section{{"database", &c.Database}}
	for i := range c.Databases {
		out = append(out, section{index("databases", i), &c.Databases[i]})
	}
	out = append(out, section{"redis", &c.Redis})
	for i := range c.RedisServers {
		out = append(out, section{index("redis_servers", i), &c.RedisServers[i]})
	}
	out = append(out,
		section{"file_system", &c.FileSystem}, section{"memory", &c.Memory}, section{"cpu", &c.CPU},
		section{"disk", &c.Disk}, section{"load", &c.Load}, section{"network", &c.Network})
	for i := range c.Processes {
		out = append(out, section{index("processes", i), &c.Processes[i]})
	}
	for i := range c.Probes {
		if c.Probes[i].Options != nil {
			out = append(out, section{index("probes", i), c.Probes[i].Options})
		}
	}
	return out
}

// Checks makes all configured checks, in a stable order. Their names are
// unique. Each call makes new ones, to be closed by the caller.
func (c *Config) Checks() []checks.Check {
	var list []checks.Check
	for _, s := range c.sections() {
		if !s.common().Disabled {
			list = append(list, s.options.Checks()...)
		}
	}
	return list
}

// common finds the settings that every check has in the options.
func (s section) common() checks.Common {
	v := reflect.ValueOf(s.options).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Type == commonType {
			return v.Field(i).Interface().(checks.Common)
		}
	}
	return checks.Common{}
}

// wouldBe lists the names of the checks that a disabled section would make.
func (s section) wouldBe() []string {
	enabled := reflect.New(reflect.TypeOf(s.options).Elem())
	enabled.Elem().Set(reflect.ValueOf(s.options).Elem())
	for i := range enabled.Elem().NumField() {
		if field := enabled.Elem().Field(i); field.Type() == commonType {
			field.FieldByName("Disabled").SetBool(false)
		}
	}
	var names []string
	for _, check := range enabled.Interface().(checks.Options).Checks() {
		names = append(names, check.Name)
	}
	return names
}
