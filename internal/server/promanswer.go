package server

import (
	"math"
	"strconv"

	"vitals/internal/history"
)

// apiAnswer puts an answer into the form of Prometheus' HTTP API, where a value
// is a text, since JSON has no NaN.
func apiAnswer(a history.Answer) any {
	data := map[string]any{"resultType": string(a.Kind)}
	switch a.Kind {
	case history.Vector:
		result := make([]any, len(a.Vector))
		for i, e := range a.Vector {
			result[i] = map[string]any{"metric": e.Labels, "value": apiValue(e.Value)}
		}
		data["result"] = result
	case history.Matrix:
		result := make([]any, len(a.Matrix))
		for i, l := range a.Matrix {
			values := make([]any, len(l.Values))
			for j, v := range l.Values {
				values[j] = apiValue(v)
			}
			result[i] = map[string]any{"metric": l.Labels, "values": values}
		}
		data["result"] = result
	case history.Scalar:
		data["result"] = apiValue(a.Scalar)
	case history.String:
		data["result"] = []any{float64(a.Scalar.Time.UnixMilli()) / 1000, a.String}
	}
	return data
}

func apiValue(v history.Value) []any {
	return []any{float64(v.Time.UnixMilli()) / 1000, apiNumber(v.Value)}
}

func apiNumber(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
