package checks

import "testing"

func TestVerdictPutsTheWorstFirst(t *testing.T) {
	var v Verdict
	v.Add(Healthy, "", "runs")
	v.Add(Degraded, "look", "is %d %% full", 90)
	v.Add(Degraded, "other", "is slow")
	v.Add(Unhealthy, "mend", "refuses")
	v.Add(Degraded, "late", "is old")
	if v.Status != Unhealthy || v.Hint != "mend" || v.Text() != "refuses; is 90 % full; runs; is slow; is old" {
		t.Errorf("%v, %q, %q", v.Status, v.Hint, v.Text())
	}
}
