package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitals/alerting"
	"vitals/checks"
	"vitals/internal/server"
)

const token = "a-long-enough-token"

// board has the last results of checks that answer as they are told.
func board(t *testing.T, list ...checks.Check) *checks.Board {
	t.Helper()
	b := checks.NewBoard(&checks.Runner{Timeout: time.Minute}, list, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	b.All(ctx, 0)
	return b
}

func always(name string, r checks.Result) checks.Check {
	return checks.Check{Name: name, Critical: true, Do: func(context.Context) checks.Result { return r }}
}

// start serves a state over HTTP until the test ends.
func start(t *testing.T, state server.State) (*server.Server, string) {
	t.Helper()
	s := server.New(server.Options{State: state, Log: slog.New(slog.DiscardHandler), Started: time.Now(), Version: "1.2.3", Push: 50 * time.Millisecond})
	listening := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
		listening.Close()
	})
	return s, listening.URL
}

// do sends a request and returns the status and the body.
func do(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// desk is a history of one incident, which remembers what it was asked.
type desk struct {
	asked []string
	fail  error
}

func (d *desk) one() alerting.Incident {
	return alerting.Incident{ID: "3f2a91bc-0000-4000-8000-000000000000", Type: "manual", Severity: "critical", Description: "x < y", Status: alerting.Open, OpenedAt: time.Unix(1e9, 0)}
}

func (d *desk) ListIncidents(_ context.Context, since time.Duration, open bool) (checks.Table, error) {
	return checks.Table{Name: "incidents", Columns: []checks.Column{{Name: "since", Kind: checks.KindDuration}, {Name: "open", Kind: checks.KindBool}}, Rows: [][]any{{since, open}}}, d.fail
}

func (d *desk) Incident(_ context.Context, id string) (alerting.Incident, []alerting.Entry, error) {
	if !strings.HasPrefix(d.one().ID, id) {
		return alerting.Incident{}, nil, &server.Refusal{Code: 404, Why: "no incident has this id"}
	}
	return d.one(), []alerting.Entry{{At: time.Unix(1e9, 0), Kind: alerting.EntryOpened, Actor: "Ada", Text: "<b>"}}, d.fail
}

func (d *desk) OpenIncident(_ context.Context, r server.IncidentRequest) (alerting.Incident, error) {
	d.asked = append(d.asked, strings.Join([]string{"open", r.Type, r.Severity, r.Description, r.By}, "|"))
	return d.one(), d.fail
}

func (d *desk) ChangeIncident(_ context.Context, id, verb string, r server.ChangeRequest) (alerting.Incident, error) {
	d.asked = append(d.asked, strings.Join([]string{verb, id, r.Note, r.By}, "|"))
	return d.one(), d.fail
}

func (d *desk) ActiveAlerts(context.Context) (checks.Table, error) {
	return checks.Table{Name: "alerts", Columns: []checks.Column{{Name: "id"}}}, d.fail
}

func (d *desk) AlertHistory(context.Context, time.Duration, int) (checks.Table, error) {
	return checks.Table{Name: "transitions", Columns: []checks.Column{{Name: "id"}}}, d.fail
}

func (d *desk) ListSilences(context.Context) (checks.Table, error) {
	return checks.Table{Name: "silences", Columns: []checks.Column{{Name: "id"}}}, d.fail
}

func (d *desk) AddSilence(_ context.Context, r server.SilenceRequest) (alerting.Silence, error) {
	d.asked = append(d.asked, strings.Join(append([]string{"silence", r.For, r.Why, r.By}, r.Matchers...), "|"))
	return alerting.Silence{ID: "s1"}, d.fail
}

func (d *desk) EndSilence(_ context.Context, id, by string) (alerting.Silence, error) {
	d.asked = append(d.asked, "end|"+id+"|"+by)
	return alerting.Silence{ID: id}, d.fail
}

func (d *desk) CheckHistory(_ context.Context, check string, most int) (checks.Table, error) {
	return checks.Table{Name: "results", Columns: []checks.Column{{Name: "check"}, {Name: "most", Kind: checks.KindInteger}}, Rows: [][]any{{check, int64(most)}}}, d.fail
}

func (d *desk) Checklists(context.Context) (checks.Table, error) {
	return checks.Table{Name: "checklists", Columns: []checks.Column{{Name: "list"}}}, d.fail
}

func (d *desk) Checklist(_ context.Context, name string) ([]checks.Result, error) {
	r := checks.OK("fine")
	r.Check = name + ".health-status"
	return []checks.Result{r}, d.fail
}

func (d *desk) Tick(_ context.Context, item string, r server.TickRequest) (string, error) {
	d.asked = append(d.asked, strings.Join([]string{"tick", item, r.Status, r.Note, r.By}, "|"))
	return "Title", d.fail
}

func (d *desk) Jobs(context.Context) (checks.Table, error) {
	return checks.Table{Name: "jobs", Columns: []checks.Column{{Name: "name"}}}, d.fail
}
