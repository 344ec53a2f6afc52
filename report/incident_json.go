package report

import (
	"io"
	"maps"
	"slices"
	"time"

	"vitals/alerting"
)

// WriteIncidentJSON writes one incident, the record of the contract's section 5
// with what is known besides, and its timeline, the oldest line first.
func WriteIncidentJSON(w io.Writer, i alerting.Incident, timeline []alerting.Entry, v View) error {
	alerts := make(array, len(i.Alerts))
	for n, id := range i.Alerts {
		alerts[n] = id
	}
	record := object{
		{"id", i.ID}, {"type", i.Type}, {"severity", i.Severity}, {"description", i.Description}, {"timestamp", i.OpenedAt}, {"status", string(i.Status)},
		{"opened_by", i.OpenedBy}, {"acknowledged", i.AckedAt}, {"acknowledged_by", orNull(i.AckedBy)}, {"time_to_acknowledge_seconds", lengthOrNull(i.TimeToAck())},
		{"resolved", i.ResolvedAt}, {"resolved_by", orNull(i.ResolvedBy)}, {"time_to_resolve_seconds", lengthOrNull(i.TimeToResolve())},
		{"closed", i.ClosedAt}, {"runbook", orNull(i.Runbook)}, {"labels", textObject(i.Labels)}, {"alerts_firing", alerts},
	}
	entries := make(array, len(timeline))
	for n, e := range timeline {
		entries[n] = object{{"time", e.At}, {"kind", string(e.Kind)}, {"actor", e.Actor}, {"text", e.Text}, {"data", textObject(e.Data)}}
	}
	return encode(w, object{{"schema_version", int64(SchemaVersion)}, {"incident", record}, {"timeline", entries}}, v.location())
}

func lengthOrNull(d time.Duration, known bool) any {
	if !known {
		return nil
	}
	return d
}

func textObject(texts map[string]string) object {
	o := object{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		o = append(o, member{name, texts[name]})
	}
	return o
}
