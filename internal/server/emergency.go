package server

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"vitals/checks"
	"vitals/report"
)

const (
	// emergencyPatience is when /emergency/status answers with what it has: the
	// contract gives it a second.
	emergencyPatience = 900 * time.Millisecond
	// emergencyMaxAge lets everybody who was woken at once share one answer.
	emergencyMaxAge = 500 * time.Millisecond
)

// emergency answers within a second whatever hangs: with the last document,
// which says how old it is, or with what the checks last said.
func (s *Server) emergency(w http.ResponseWriter, r *http.Request) {
	state := s.state.Load()
	ctx, cancel := context.WithTimeout(r.Context(), emergencyPatience)
	defer cancel()
	var doc report.Emergency
	var made time.Time
	if state.Emergency != nil {
		doc, made = state.emergency.get(ctx, emergencyMaxAge, func(ctx context.Context) (report.Emergency, bool) {
			return state.Emergency(ctx), true
		})
	}
	if made.IsZero() {
		doc = s.emergencyOfBoard(state)
	} else if age := time.Since(made); age > time.Second {
		doc = aged(doc, age)
	}
	if !s.trusted(r) {
		doc.Contacts, doc.Procedure = []report.Contact{}, []string{}
		doc.Notes = append(doc.Notes[:len(doc.Notes):len(doc.Notes)], "Contacts and procedure are shown with the token, or to a client on this machine.")
	}
	var body bytes.Buffer
	if err := report.WriteEmergencyJSON(&body, doc, report.View{Location: state.Location}); err != nil {
		s.fault(w, r, err)
		return
	}
	send(w, http.StatusOK, "application/json", body.Bytes())
}

// aged is a document of some time ago: all that it knows is that much older.
func aged(doc report.Emergency, age time.Duration) report.Emergency {
	old := doc
	old.CriticalIssues, old.ResponseTimes, old.SystemHealth = make([]report.Issue, len(doc.CriticalIssues)), map[string]report.ResponseTime{}, map[string]report.HealthOfCheck{}
	for i, issue := range doc.CriticalIssues {
		issue.Age += age.Seconds()
		old.CriticalIssues[i] = issue
	}
	for name, t := range doc.ResponseTimes {
		t.Age += age.Seconds()
		old.ResponseTimes[name] = t
	}
	for name, h := range doc.SystemHealth {
		h.Age += age.Seconds()
		old.SystemHealth[name] = h
	}
	old.Notes = append(doc.Notes[:len(doc.Notes):len(doc.Notes)], fmt.Sprintf("No newer answer could be had in time: this is how it was %s ago.", checks.DurationText(age)))
	return old
}

// emergencyOfBoard is the document when nothing but the last results is known.
func (s *Server) emergencyOfBoard(state *State) report.Emergency {
	results, _ := state.Board.Last()
	doc := report.Emergency{
		Status: "normal", CriticalIssues: []report.Issue{}, ResponseTimes: map[string]report.ResponseTime{}, ErrorRates: map[string]*float64{},
		SystemHealth: map[string]report.HealthOfCheck{}, LastUpdated: time.Now(), Contacts: []report.Contact{}, Procedure: report.Procedure(),
		Notes: []string{"Only the last results of the checks could be had in time: incidents, alerts and error rates are missing."},
	}
	for _, r := range results {
		age := time.Since(r.Started.Add(r.Duration)).Seconds()
		doc.SystemHealth[r.Check] = report.HealthOfCheck{Status: r.Status.String(), Summary: r.Summary, Age: age}
		doc.ResponseTimes[r.Check] = report.ResponseTime{Milliseconds: float64(r.Duration.Microseconds()) / 1000, Age: age}
		if r.Critical && r.Status == checks.Unhealthy {
			doc.Status = "emergency"
			doc.CriticalIssues = append(doc.CriticalIssues, report.Issue{Source: "check", Name: r.Check, Summary: r.Summary, Hint: r.Hint, Since: r.Started, Age: age})
		}
	}
	return doc
}

// trusted tells whether a request may see telephone numbers: it has the token,
// or it comes from this machine and was not passed on by a proxy on it.
func (s *Server) trusted(r *http.Request) bool {
	if token := s.state.Load().Token; token != "" && bearerMatches(r.Header.Get("Authorization"), token) {
		return true
	}
	for _, passedOn := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(passedOn) != "" {
			return false
		}
	}
	// The name that was asked for counts too: a page from elsewhere whose name
	// was made to lead to this machine must not read it through a browser.
	return isLoopback(r.RemoteAddr) && isLoopback(r.Host)
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(trimBrackets(host))
	return err == nil && ip.Unmap().IsLoopback()
}

func trimBrackets(host string) string {
	if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}
