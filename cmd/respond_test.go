package cmd_test

import (
	"strings"
	"testing"
	"time"

	"vitals/internal/testenv"
)

// TestTheDatabaseComesBack: for database_down Vitals closes the pool, waits,
// asks again, and resolves the incident when all is well.
func TestTheDatabaseComesBack(t *testing.T) {
	pg, dir := testenv.StartPostgres(t, testenv.PostgresOptions{}), t.TempDir()
	inbox := newMailbox(t, 0)
	writeConfig(t, dir, quiet+"database: {url: \""+pg.URL+"\"}\n"+
		"channels: [{kind: webhook, name: hook, url: \""+inbox.URL+"\"}]\n"+
		"incidents: {responses: [{name: database_down, incident: database_down, retest: true, resolve: true, wait: 3s}]}\n")
	if exit, out, errOut := runSplit(dir, "incident", "detect"); exit != 0 {
		t.Fatalf("exit %d\n%s%s", exit, out, errOut)
	}
	pg.Stop()
	go func() { time.Sleep(time.Second); pg.Start() }()
	exit, out, errOut := runSplit(dir, "incident", "detect")
	if exit != 2 || !strings.Contains(out, "does not answer") {
		t.Errorf("exit %d\n%s%s", exit, out, errOut)
	}
	if list := run(dir, "incident", "list", "-o", "csv"); !strings.Contains(list, "resolved") || !strings.Contains(list, "response database_down") {
		t.Errorf("the incident is not resolved:\n%s", list)
	}
	id := strings.Split(strings.Split(run(dir, "incident", "list", "-o", "csv"), "\n")[1], ",")[0]
	story := run(dir, "incident", "show", id)
	for _, want := range []string{"response_started", "close the connections of database, wait 3.0 s", "response_ended", "the incident is resolved", "alert_firing"} {
		if !strings.Contains(story, want) {
			t.Errorf("the timeline lacks %q:\n%s", want, story)
		}
	}
	kinds := map[string]int{}
	for _, r := range inbox.order {
		kinds[r.kind]++
	}
	if kinds["firing"] != 1 || kinds["info"] != 1 || kinds["resolved"] != 1 {
		t.Errorf("received %v, want each of firing, info and resolved once", kinds)
	}
}
