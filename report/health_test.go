package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"vitals/checks"
)

// A part says no more than is known: one that could not be asked is neither
// "passed" nor "failed", and its status stands beside.
func TestHealthSaysNoMoreThanIsKnown(t *testing.T) {
	lost := errors.New("too many open files")
	for name, c := range map[string]struct {
		result checks.Result
		want   string
	}{
		"healthy":   {checks.OK("fine"), `{"connection_test":"passed","healthy":true}`},
		"degraded":  {checks.Warn("slow"), `{"connection_test":"passed","healthy":true,"status":"degraded"}`},
		"unknown":   {checks.CannotTell("cannot ask", lost), `{"connection_test":"unknown","error":"too many open files","healthy":true,"status":"unknown"}`},
		"unhealthy": {checks.Fail("does not answer", nil), `{"connection_test":"failed","error":"does not answer","healthy":false}`},
		"its own word": {checks.Fail("too old", nil, checks.Text("type", "SQLite"), checks.Text("connection_test", "passed")),
			`{"connection_test":"passed","error":"too old","healthy":false,"type":"SQLite"}`},
		"unmeasured": {checks.OK("fine", checks.Unmeasured("users_count", checks.KindInteger)), `{"connection_test":"passed","healthy":true}`},
	} {
		c.result.Check = "database"
		var b bytes.Buffer
		if err := WriteHealth(&b, NewDocument([]checks.Result{c.result}, moment, 0), HealthInfo{}, View{Location: india}); err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(doc["database"])
		if string(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		for _, absent := range []string{"redis", "memory", "file_system"} {
			if _, ok := doc[absent]; ok {
				t.Errorf("%s: %s is not configured and stands there", name, absent)
			}
		}
	}
}

func TestGuideDocumentsOfWhatIsNotKnown(t *testing.T) {
	text, err := json.Marshal(CacheStats(checks.OK("")))
	if want := `{"cache_stats":{"hits":null,"misses":null,"hit_rate_percent":null,"memory_used_mb":null,"keys_count":null,"uptime_days":null}}`; err != nil || string(text) != want {
		t.Errorf("%v %s", err, text)
	}
}
