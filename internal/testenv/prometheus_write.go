package testenv

import (
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"
)

// PromSample is one value of one series. A checks.Sample can be converted to
// it.
type PromSample struct {
	Name   string
	Labels map[string]string
	Value  float64
	Time   time.Time
}

// perWrite is how many samples one request carries.
const perWrite = 10_000

// Write gives samples to Prometheus by remote write. They may come in any
// order, but no sample may be more than an hour older than what an earlier call
// wrote: Prometheus refuses those.
func (p *Prometheus) Write(t testing.TB, samples []PromSample) {
	t.Helper()
	sorted := slices.Clone(samples)
	slices.SortStableFunc(sorted, func(a, b PromSample) int { return a.Time.Compare(b.Time) })
	for chunk := range slices.Chunk(sorted, perWrite) {
		p.write(t, snappy(writeRequest(chunk)))
	}
}

func (p *Prometheus) write(t testing.TB, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/api/v1/write", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("Prometheus: %v\n%s", err, p.Log())
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(response.Body) // only for the message
	if response.StatusCode/100 != 2 {
		t.Fatalf("Prometheus refuses a remote write: %s: %s\n%s", response.Status, said, p.Log())
	}
}

// writeRequest is the protocol's message prometheus.WriteRequest:
//
//	message WriteRequest { repeated TimeSeries timeseries = 1; }
//	message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
//	message Label        { string name = 1; string value = 2; }
//	message Sample       { double value = 1; int64 timestamp = 2; }
func writeRequest(samples []PromSample) []byte {
	series, order := map[string][]byte{}, []string{}
	for _, s := range samples {
		labels := protoLabels(s)
		if series[string(labels)] == nil {
			order = append(order, string(labels))
			series[string(labels)] = labels
		}
		series[string(labels)] = field(series[string(labels)], 2, protoSample(s))
	}
	var all []byte
	for _, key := range order {
		all = field(all, 1, series[key])
	}
	return all
}

// protoLabels are the labels of a sample, sorted, with the name among them.
// Labels that are empty are left out: they are as good as none.
func protoLabels(s PromSample) []byte {
	labels := map[string]string{}
	maps.Copy(labels, s.Labels)
	labels["__name__"] = s.Name
	var all []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if labels[name] != "" {
			all = field(all, 1, field(field(nil, 1, []byte(name)), 2, []byte(labels[name])))
		}
	}
	return all
}

func protoSample(s PromSample) []byte {
	b := append(make([]byte, 0, 20), 1<<3|1) // field 1, eight bytes
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.Value))
	b = append(b, 2<<3) // field 2, a number of as many bytes as it needs
	return binary.AppendUvarint(b, uint64(s.Time.UnixMilli()))
}

// field appends a field that holds bytes.
func field(to []byte, number byte, value []byte) []byte {
	return append(binary.AppendUvarint(append(to, number<<3|2), uint64(len(value))), value...)
}

// snappy writes bytes in snappy's block format as they are: its length, then
// literals of at most 64 KiB.
func snappy(data []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(len(data)))
	for literal := range slices.Chunk(data, 1<<16) {
		out = append(out, 61<<2) // a literal whose length follows in two bytes
		out = binary.LittleEndian.AppendUint16(out, uint16(len(literal)-1))
		out = append(out, literal...)
	}
	return out
}
