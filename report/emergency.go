package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"vitals/checks"
)

// Emergency is what somebody who was just woken needs to know: the document of
// the contract, section 1, with contacts and procedure of section 10.
type Emergency struct {
	Status         string                   `json:"status"` // emergency or normal
	CriticalIssues []Issue                  `json:"critical_issues"`
	ResponseTimes  map[string]ResponseTime  `json:"response_times"` // by check; "http" is the application's own traffic
	ErrorRates     map[string]*float64      `json:"error_rates"`    // percent; null where nothing is known
	SystemHealth   map[string]HealthOfCheck `json:"system_health"`
	LastUpdated    time.Time                `json:"last_updated"`
	Contacts       []Contact                `json:"contacts"`
	Procedure      []string                 `json:"procedure"`
	Notes          []string                 `json:"notes,omitempty"` // what could not be found out, and why
}

// Issue is one thing that is wrong.
type Issue struct {
	Source  string    `json:"source"` // check, incident or alert
	Name    string    `json:"name"`
	Summary string    `json:"summary"`
	Hint    string    `json:"hint,omitempty"`
	Since   time.Time `json:"since"`
	Age     float64   `json:"age_seconds"` // of what is known about it; 0 when it was just looked at
}

// ResponseTime is how long something took to answer.
type ResponseTime struct {
	Milliseconds float64 `json:"response_time_ms"`
	Age          float64 `json:"age_seconds"` // 0 when it was just looked at
}

// HealthOfCheck is how a check is.
type HealthOfCheck struct {
	Status  string  `json:"status"`
	Summary string  `json:"summary"`
	Age     float64 `json:"age_seconds"` // 0 when it was just looked at
}

// Contact is whom to call.
type Contact struct {
	Order string `json:"order"` // primary, secondary, tertiary, then numbers
	Name  string `json:"name"`
	Role  string `json:"role,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Procedure is what to do in an emergency (contract, section 10).
func Procedure() []string {
	return []string{
		"Look at the emergency status: vitals emergency, or GET /emergency/status.",
		"Go through the critical issues below, the first one first: the others may follow from it.",
		"Call the right person: the first contact who answers; say what you see and since when.",
		"Take the incident (vitals incident ack ID) and follow its runbook; write down what you do (vitals incident note ID TEXT).",
		"When it is over: vitals incident resolve ID, then write the report with vitals incident report ID.",
	}
}

// OrderOf names the place of a contact, from 0.
func OrderOf(i int) string {
	if names := []string{"primary", "secondary", "tertiary"}; i < len(names) {
		return names[i]
	}
	return fmt.Sprint(i + 1)
}

// WriteEmergencyJSON writes the document for programs.
func WriteEmergencyJSON(w io.Writer, e Emergency, v View) error {
	e.LastUpdated = e.LastUpdated.In(v.location())
	e.CriticalIssues = slices.Clone(e.CriticalIssues)
	for i := range e.CriticalIssues {
		e.CriticalIssues[i].Since = e.CriticalIssues[i].Since.In(v.location())
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(e)
}

// WriteEmergency writes the document for a person.
func WriteEmergency(w io.Writer, e Emergency, v View) error {
	var b strings.Builder
	paint := newPaint(v)
	head := paint.status(checks.Healthy, "NORMAL: nothing critical is known")
	if e.Status == "emergency" {
		head = paint.status(checks.Unhealthy, fmt.Sprintf("EMERGENCY: %s", plural(len(e.CriticalIssues), "critical issue")))
	}
	fmt.Fprintf(&b, "%s  %s\n", head, e.LastUpdated.In(v.location()).Format("2006-01-02 15:04:05 MST"))
	for _, i := range e.CriticalIssues {
		fmt.Fprintf(&b, "\n  %s %s: %s\n", i.Source, Clean(i.Name), Clean(i.Summary))
		fmt.Fprintf(&b, "    since %s%s\n", i.Since.In(v.location()).Format("15:04:05"), agedText(i.Age))
		if i.Hint != "" {
			fmt.Fprintf(&b, "    next: %s\n", Clean(i.Hint))
		}
	}
	writeSystem(&b, e)
	fmt.Fprintf(&b, "\nWhom to call\n")
	if len(e.Contacts) == 0 {
		fmt.Fprintf(&b, "  nobody is configured: write contacts into vitals.yaml\n")
	}
	for _, c := range e.Contacts {
		fmt.Fprintf(&b, "  %-10s %s\n", c.Order, Clean(strings.Join(slices.DeleteFunc([]string{c.Name, c.Role, c.Phone, c.Email}, func(s string) bool { return s == "" }), ", ")))
	}
	fmt.Fprintf(&b, "\nWhat to do\n")
	for i, step := range e.Procedure {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, step)
	}
	for _, n := range e.Notes {
		fmt.Fprintf(&b, "\nnote: %s\n", Clean(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeSystem(b *strings.Builder, e Emergency) {
	fmt.Fprintf(b, "\nSystem\n")
	for _, name := range slices.Sorted(maps.Keys(e.SystemHealth)) {
		h := e.SystemHealth[name]
		fmt.Fprintf(b, "  %-10s %-24s %s%s\n", h.Status, Clean(name), Clean(h.Summary), agedText(h.Age))
	}
	for _, name := range slices.Sorted(maps.Keys(e.ErrorRates)) {
		if rate := e.ErrorRates[name]; rate != nil {
			fmt.Fprintf(b, "  %-10s %-24s %.1f %% fail\n", "", name, *rate)
		}
	}
	if h, ok := e.ResponseTimes["http"]; ok {
		fmt.Fprintf(b, "  %-10s %-24s %.0f ms on average\n", "", "requests", h.Milliseconds)
	}
}

func agedText(seconds float64) string {
	if seconds < 1 {
		return ""
	}
	return fmt.Sprintf(" (known for %s)", checks.DurationText(time.Duration(seconds*float64(time.Second))))
}
