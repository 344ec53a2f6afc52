package report

import (
	"io"

	"vitals/checks"
)

// WriteHealthIETF writes the same facts in the form of the draft "Health Check
// Response Format for HTTP APIs" (draft-inadarei-api-health-check-06).
func WriteHealthIETF(w io.Writer, doc Document, info HealthInfo, v View) error {
	o := object{{"status", ietfStatus(doc.Status)}}
	if info.Version != "" {
		o = append(o, member{"releaseId", info.Version})
	}
	o = append(o, member{"description", "as seen by Vitals"})
	parts := object{{"uptime", array{object{
		{"componentType", "system"}, {"observedValue", int64(info.Uptime.Seconds())}, {"observedUnit", "s"},
		{"status", "pass"}, {"time", doc.Timestamp},
	}}}}
	for _, r := range doc.Results {
		parts = append(parts, ietfParts(r)...)
	}
	return encode(w, append(o, member{"checks", parts}), v.location())
}

// ietfParts gives a check's duration as component:responseTime, and each of
// its numbers as component:measurement.
func ietfParts(r checks.Result) object {
	first := object{
		{"componentType", componentType(r.Check)}, {"observedValue", milliseconds(r.Duration)}, {"observedUnit", "ms"},
		{"status", ietfStatus(r.Status)}, {"time", r.Started},
	}
	if r.Status != checks.Healthy {
		first = append(first, member{"output", r.Summary})
	}
	parts := object{{r.Check + ":responseTime", array{first}}}
	for _, f := range r.Facts {
		if _, ok := f.Float(); !ok || f.Name == "response_time" || f.Kind == checks.KindTime || f.Kind == checks.KindBool {
			continue
		}
		o := object{{"componentType", componentType(r.Check)}, {"observedValue", f.Value}}
		if unit := ietfUnit(f.Kind); unit != "" {
			o = append(o, member{"observedUnit", unit})
		}
		parts = append(parts, member{r.Check + ":" + f.Name, array{append(o, member{"time", r.Started})}})
	}
	return parts
}

func ietfStatus(s checks.Status) string {
	switch s {
	case checks.Healthy:
		return "pass"
	case checks.Unhealthy:
		return "fail"
	}
	return "warn"
}

func ietfUnit(k checks.Kind) string {
	switch k {
	case checks.KindBytes:
		return "bytes"
	case checks.KindDuration:
		return "s"
	case checks.KindPercent:
		return "percent"
	}
	return ""
}

// componentType is one of the draft's three words.
func componentType(check string) string {
	for _, store := range []string{"database", "redis"} {
		if (&checks.Check{Name: check}).Matches(store) {
			return "datastore"
		}
	}
	if (&checks.Check{Name: check}).Matches("probe") {
		return "component"
	}
	return "system"
}
