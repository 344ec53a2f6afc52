package checks

import (
	"fmt"
	"strings"
)

// Verdict gathers what a check finds wrong, the worst first. The zero value
// has found nothing.
type Verdict struct {
	Status  Status
	Reasons []string // each continues a sentence that begins with the thing looked at
	Hint    string   // of the worst reason, or of the first that has one
}

// Add notes one reason.
func (v *Verdict) Add(status Status, hint, format string, values ...any) {
	reason := fmt.Sprintf(format, values...)
	if status > v.Status {
		v.Status, v.Hint = status, hint
		v.Reasons = append([]string{reason}, v.Reasons...)
		return
	}
	v.Reasons = append(v.Reasons, reason)
	if v.Hint == "" {
		v.Hint = hint
	}
}

// Text joins the reasons.
func (v *Verdict) Text() string { return strings.Join(v.Reasons, "; ") }
