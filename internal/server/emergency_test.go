package server_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/server"
	"vitals/report"
)

func emergencyOf(t *testing.T, base string, header ...string) (report.Emergency, time.Duration) {
	t.Helper()
	began := time.Now()
	code, body := do(t, "GET", base+"/emergency/status", "", header...)
	took := time.Since(began)
	var doc report.Emergency
	if err := json.Unmarshal([]byte(body), &doc); err != nil || code != 200 {
		t.Fatalf("%d %v\n%s", code, err, body)
	}
	return doc, took
}

// TestEmergencyAnswersWithinASecond has everything hang that can: then the last
// results stand there with their age.
func TestEmergencyAnswersWithinASecond(t *testing.T) {
	t.Parallel()
	forever := make(chan struct{})
	defer close(forever)
	b := board(t, always("redis", checks.Fail("is down", nil)), checks.Check{Name: "database", Do: func(context.Context) checks.Result { <-forever; return checks.OK("") }})
	_, base := start(t, server.State{Board: b, Emergency: func(context.Context) report.Emergency { <-forever; return report.Emergency{} }})
	for range 3 {
		doc, took := emergencyOf(t, base)
		if took > time.Second {
			t.Errorf("it took %s", took)
		}
		if doc.Status != "emergency" || len(doc.CriticalIssues) != 1 || doc.CriticalIssues[0].Name != "redis" || doc.CriticalIssues[0].Age <= 0 || len(doc.Notes) == 0 {
			t.Errorf("%+v", doc)
		}
	}
}

func TestEmergencyShowsTheLastDocumentWithItsAge(t *testing.T) {
	t.Parallel()
	forever, calls := make(chan struct{}), make(chan int, 1)
	defer close(forever)
	calls <- 0
	_, base := start(t, server.State{Board: board(t), Emergency: func(context.Context) report.Emergency {
		n := <-calls
		calls <- n + 1
		if n > 0 {
			<-forever
		}
		return report.Emergency{Status: "normal", SystemHealth: map[string]report.HealthOfCheck{"database": {Status: "healthy"}}}
	}})
	if doc, _ := emergencyOf(t, base); doc.SystemHealth["database"].Age != 0 {
		t.Errorf("the first: %+v", doc)
	}
	time.Sleep(600 * time.Millisecond)
	doc, took := emergencyOf(t, base)
	if took > time.Second || doc.SystemHealth["database"].Age < 1 || len(doc.Notes) == 0 {
		t.Errorf("after %s: %+v", took, doc)
	}
}

// TestContactsAreNotForEverybody: telephone numbers are for those with the
// token and for a client on the machine that no proxy passed on.
func TestContactsAreNotForEverybody(t *testing.T) {
	_, base := start(t, server.State{Board: board(t), Token: token, Emergency: func(context.Context) report.Emergency {
		return report.Emergency{Status: "normal", Contacts: []report.Contact{{Name: "Ada", Phone: "+49 1"}}, Procedure: report.Procedure()}
	}})
	for _, c := range []struct {
		name   string
		header []string
		shown  bool
	}{
		{"on this machine", nil, true},
		{"by name on this machine", []string{"Host", "localhost:8080"}, true},
		{"through a proxy on this machine", []string{"X-Forwarded-For", "203.0.113.9"}, false},
		{"through another proxy", []string{"Forwarded", "for=203.0.113.9"}, false},
		{"by a name from elsewhere", []string{"Host", "rebound.example.com"}, false},
		{"with the token", []string{"Host", "ops.example.com", "X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer " + token}, true},
		{"with a wrong token", []string{"Host", "ops.example.com", "Authorization", "Bearer x"}, false},
	} {
		doc, _ := emergencyOf(t, base, c.header...)
		if shown := len(doc.Contacts) > 0 && len(doc.Procedure) > 0; shown != c.shown {
			t.Errorf("%s: shown %v, want %v", c.name, shown, c.shown)
		}
		if !c.shown && len(doc.Contacts)+len(doc.Procedure) > 0 {
			t.Errorf("%s: something leaks: %+v", c.name, doc)
		}
	}
}
