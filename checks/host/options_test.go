package host

import (
	"slices"
	"strings"
	"testing"

	"vitals/checks"
)

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		options checks.Options
		key     string
	}{
		"empty path":        {folders(" "), "paths[0]"},
		"above 100":         {&MemoryOptions{DegradedPercent: 120}, "degraded_percent"},
		"turned round":      {&MemoryOptions{DegradedPercent: 90, UnhealthyPercent: 80}, "degraded_percent"},
		"no sample":         {&CPUOptions{}, "sample"},
		"pattern":           {&DiskOptions{Include: []string{"["}}, "include[0]"},
		"no name":           {&ProcessOptions{Match: "x"}, "name"},
		"nothing named":     {&ProcessOptions{Name: "x"}, "match"},
		"two ways":          {&ProcessOptions{Name: "x", PID: 1, Match: "x"}, "match"},
		"no expression":     {&ProcessOptions{Name: "x", Match: "("}, "match"},
		"max below min":     {&ProcessOptions{Name: "x", PID: 1, MinCount: 3, MaxCount: 2}, "max_count"},
		"negative rate":     {&NetworkOptions{ErrorsPerSecond: -1}, "errors_per_second"},
		"negative load":     {&LoadOptions{Degraded: -1}, "degraded"},
		"load turned":       {&LoadOptions{Degraded: 9, Unhealthy: 2}, "degraded"},
		"negative floor":    {&DiskOptions{DegradedFree: -1}, "degraded_free"},
		"no such number":    {&ProcessOptions{Name: "x", PID: -4}, "pid"},
		"memory below 0":    {&ProcessOptions{Name: "x", PID: 1, MemoryDegraded: -1}, "memory_degraded"},
		"memory turned":     {&ProcessOptions{Name: "x", PID: 1, MemoryDegraded: 2, MemoryUnhealthy: 1}, "memory_degraded"},
		"negative duration": {&FileSystemOptions{SizeTimeout: -1}, "size_timeout"},
	} {
		got := c.options.Problems()
		if len(got) != 1 || got[0].Key != c.key || got[0].Message == "" {
			t.Errorf("%s: %v, want one of %s", name, got, c.key)
		}
	}
	if !slices.IsSortedFunc(Kinds(), func(a, b checks.KindOfCheck) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted")
	}
	for _, k := range Kinds() {
		if o := k.New(); k.Name != "processes" && o.Problems() != nil {
			t.Errorf("the defaults of %s: %v", k.Name, o.Problems())
		}
		if k.Help == "" || !strings.HasPrefix(k.Example, k.Name+":") {
			t.Errorf("%s: help %q, example %q", k.Name, k.Help, k.Example)
		}
	}
}
