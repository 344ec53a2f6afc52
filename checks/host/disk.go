package host

import (
	"fmt"
	"path"

	"vitals/checks"
)

// DiskOptions are the settings of the disk check. A share of a disk says
// little about a large one (5 % of 10 TB is room for months), so both the
// share and the floor in bytes must be passed.
type DiskOptions struct {
	Include          []string `mapstructure:"include" help:"patterns of mount points to look at; empty means all real disks"`
	Exclude          []string `mapstructure:"exclude" help:"patterns of mount points to leave out"`
	DegradedPercent  float64  `mapstructure:"degraded_percent" help:"degraded above this share of space or inodes used"`
	UnhealthyPercent float64  `mapstructure:"unhealthy_percent" help:"unhealthy above this share of space or inodes used"`
	DegradedFree     int64    `mapstructure:"degraded_free" unit:"bytes" help:"but not degraded while more than this is free; 0 means that the share alone decides"`
	UnhealthyFree    int64    `mapstructure:"unhealthy_free" unit:"bytes" help:"but not unhealthy while more than this is free; 0 means that the share alone decides"`
	checks.Common    `mapstructure:",squash"`

	Root string `mapstructure:"-"` // of /proc and /sys; "" but in tests
}

const diskExample = `disk:
  degraded_percent: 85
  unhealthy_percent: 95
  exclude: [/mnt/*]
`

// DefaultDiskOptions degrades above 85 % with less than 10 GB free and fails
// above 95 % with less than 2 GB free.
func DefaultDiskOptions() DiskOptions {
	return DiskOptions{
		DegradedPercent: 85, UnhealthyPercent: 95, DegradedFree: 10e9, UnhealthyFree: 2e9,
		Common: checks.Common{Critical: true},
	}
}

// Problems returns what is wrong with the settings.
func (o *DiskOptions) Problems() []checks.Problem {
	all := percentProblems(o.DegradedPercent, o.UnhealthyPercent)
	all = append(all, patternProblems("include", o.Include)...)
	all = append(all, patternProblems("exclude", o.Exclude)...)
	if o.DegradedFree < 0 {
		all = append(all, checks.Problem{Key: "degraded_free", Message: "cannot be below 0"})
	}
	if o.UnhealthyFree < 0 {
		all = append(all, checks.Problem{Key: "unhealthy_free", Message: "cannot be below 0"})
	}
	return all
}

func patternProblems(key string, patterns []string) []checks.Problem {
	var all []checks.Problem
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			all = append(all, checks.Problem{Key: fmt.Sprintf("%s[%d]", key, i), Message: "is no pattern: " + err.Error()})
		}
	}
	return all
}

// Checks makes the check `disk`.
func (o *DiskOptions) Checks() []checks.Check {
	w := &diskWatch{options: *o, space: readSpace}
	return []checks.Check{o.Apply(checks.Check{Name: "disk", Help: "space and inodes of each mounted disk", Tags: []string{"host"}, Do: w.look})}
}
