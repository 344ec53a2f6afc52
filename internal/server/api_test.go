package server_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"vitals/checks"
	"vitals/internal/server"
)

func TestRoutesForScripts(t *testing.T) {
	id := (&desk{}).one().ID
	auth := "Bearer " + token
	for _, c := range []struct {
		name, method, path, body, auth string
		code                           int
		says, asks                     string
	}{
		{"checks", "GET", "/api/checks", "", "", 200, `"check": "database"`, ""},
		{"check history", "GET", "/api/checks/probe.web/history?limit=7", "", "", 200, `"most": 7`, ""},
		{"bad limit", "GET", "/api/checks/probe.web/history?limit=many", "", "", 400, "from 1 to", ""},
		{"incidents", "GET", "/api/incidents?since=2d&open=1", "", "", 200, `"since_seconds": 172800`, ""},
		{"bad since", "GET", "/api/incidents?since=yesterday", "", "", 400, "30d", ""},
		{"bad open", "GET", "/api/incidents?open=maybe", "", "", 400, "use 1 or 0", ""},
		{"one incident", "GET", "/api/incidents/3f2a", "", "", 200, `"kind": "opened"`, ""},
		{"no incident", "GET", "/api/incidents/ffff", "", "", 404, "no incident", ""},
		{"alerts", "GET", "/api/alerts", "", "", 200, `"alerts": []`, ""},
		{"alert history", "GET", "/api/alerts/history?since=1h", "", "", 200, `"transitions": []`, ""},
		{"silences", "GET", "/api/silences", "", "", 200, `"silences": []`, ""},

		{"checklists", "GET", "/api/checklists", "", "", 200, `"checklists": []`, ""},
		{"one checklist", "GET", "/api/checklists/daily", "", "", 200, `"check": "daily.health-status"`, ""},
		{"tick", "POST", "/api/checklists/items/backup-status", `{"note":"n"}`, auth, 200, `"title": "Title"`, "tick|backup-status|healthy|n|api"},
		{"tick without token", "POST", "/api/checklists/items/backup-status", `{}`, "", 401, "token", ""},
		{"jobs", "GET", "/api/jobs", "", "", 200, `"jobs": []`, ""},

		{"open without token", "POST", "/api/incidents", `{}`, "", 401, "bearer token", ""},
		{"open with a wrong token", "POST", "/api/incidents", `{}`, "Bearer no", 401, "bearer token", ""},
		{"open", "POST", "/api/incidents", `{"description":"down","by":"Ada"}`, auth, 201, `"id": "` + id, "open|manual|warning|down|Ada"},
		{"open with an unknown key", "POST", "/api/incidents", `{"descripton":"down"}`, auth, 400, "descripton", ""},
		{"open with two objects", "POST", "/api/incidents", `{}{}`, auth, 400, "something follows", ""},
		{"open with a list", "POST", "/api/incidents", `[]`, auth, 400, "JSON object", ""},
		{"open with a long body", "POST", "/api/incidents", `{"description":"` + strings.Repeat("x", 65<<10) + `"}`, auth, 413, "longer than 65536", ""},
		{"ack", "POST", "/api/incidents/3f2a/ack", "", auth, 200, `"timeline": [`, "ack|3f2a||api"},
		{"note by query", "POST", "/api/incidents/3f2a/note?by=Grace", `{"note":"n"}`, auth, 200, `"incident": {`, "note|3f2a|n|Grace"},
		{"unknown verb", "POST", "/api/incidents/3f2a/forget", "", auth, 404, "resolve", ""},
		{"ack without token", "POST", "/api/incidents/3f2a/ack", "", "", 401, "token", ""},
		{"silence", "POST", "/api/silences", `{"matchers":["a=b"],"for":"2h","why":"w"}`, auth, 201, `"id": "s1"`, "silence|2h|w|api|a=b"},
		{"end of a silence", "DELETE", "/api/silences/s1?by=Ada", "", auth, 200, `"id": "s1"`, "end|s1|Ada"},
		{"end without token", "DELETE", "/api/silences/s1", "", "", 401, "token", ""},
		{"unknown route", "GET", "/api/everything", "", "", 404, "there is no GET /api/everything", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &desk{}
			_, base := start(t, server.State{Board: board(t, always("database", checks.OK("fine"))), Kept: d, Token: token})
			code, body := do(t, c.method, base+c.path, c.body, "Authorization", c.auth)
			if code != c.code || !strings.Contains(body, c.says) {
				t.Errorf("%d, want %d with %q:\n%s", code, c.code, c.says, body)
			}
			if code >= 400 && !strings.HasPrefix(body, "{\n  \"error\": ") {
				t.Errorf("no error object: %s", body)
			}
			if got := strings.Join(d.asked, " "); got != c.asks {
				t.Errorf("asked %q, want %q", got, c.asks)
			}
		})
	}
}

func TestWritingIsClosedWithoutAToken(t *testing.T) {
	d := &desk{}
	_, base := start(t, server.State{Board: board(t), Kept: d})
	for _, path := range []string{"/api/incidents", "/api/incidents/3f2a/ack", "/api/silences"} {
		if code, _ := do(t, "POST", base+path, "{}", "Authorization", "Bearer "); code != 403 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("it was done all the same: %q", d.asked)
	}
}

func TestTroubleOfTheHistoryIsNotTheClients(t *testing.T) {
	secret := "/var/lib/vitals/history.db was locked"
	_, base := start(t, server.State{Board: board(t), Kept: &desk{fail: errors.New(secret)}, Token: token})
	for _, path := range []string{"/api/incidents", "/api/alerts", "/api/silences", "/api/checks/x/history"} {
		code, body := do(t, "GET", base+path, "")
		if code != 503 || strings.Contains(body, secret) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	_, base = start(t, server.State{Board: board(t)})
	if code, body := do(t, "GET", base+"/api/incidents", ""); code != 503 || !strings.Contains(body, "turned off") {
		t.Errorf("without history: %d %s", code, body)
	}
	if code, body := do(t, "GET", base+"/incidents/3f2a", ""); code != 503 || !strings.Contains(body, "<h1>") {
		t.Errorf("page without history: %d %s", code, body)
	}
}

func TestFiguresStandInMetricsAlsoWhenHistoryFailsLater(t *testing.T) {
	calls := 0
	_, base := start(t, server.State{Board: board(t), Figures: func(context.Context) ([]checks.Sample, error) {
		if calls++; calls > 1 {
			return nil, errors.New("gone")
		}
		return []checks.Sample{{Name: "vitals_alerts", Labels: map[string]string{"alertname": "a", "state": "firing"}, Value: 2}}, nil
	}})
	for range 2 {
		_, body := do(t, "GET", base+"/metrics", "")
		if want := `vitals_alerts{alertname="a",state="firing"} 2`; !slices.Contains(strings.Split(body, "\n"), want) {
			t.Errorf("no %s", want)
		}
	}
}
