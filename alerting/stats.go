package alerting

import (
	"maps"
	"slices"
	"time"
)

// IncidentStats are the figures of the incidents of one type.
type IncidentStats struct {
	Type          string // "all" for those of every type together
	Count, Open   int
	MeanToAck     time.Duration // MTTA, of those that somebody acknowledged; below 0 when none was
	MeanToResolve time.Duration // MTTR, of those that are over; below 0 when none is
}

// Stats gives the figures of each type, by name, and of all at the end. None
// for no incidents.
func Stats(incidents []Incident) []IncidentStats {
	byType := map[string][]Incident{}
	for _, i := range incidents {
		byType[i.Type] = append(byType[i.Type], i)
	}
	var all []IncidentStats
	for _, name := range slices.Sorted(maps.Keys(byType)) {
		all = append(all, statsOf(name, byType[name]))
	}
	if len(all) > 0 {
		all = append(all, statsOf("all", incidents))
	}
	return all
}

func statsOf(name string, incidents []Incident) IncidentStats {
	s := IncidentStats{Type: name, Count: len(incidents)}
	var ack, resolve []time.Duration
	for _, i := range incidents {
		if i.IsOpen() {
			s.Open++
		}
		if d, ok := i.TimeToAck(); ok {
			ack = append(ack, d)
		}
		if d, ok := i.TimeToResolve(); ok {
			resolve = append(resolve, d)
		}
	}
	s.MeanToAck, s.MeanToResolve = mean(ack), mean(resolve)
	return s
}

func mean(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return -1
	}
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return sum / time.Duration(len(all))
}
