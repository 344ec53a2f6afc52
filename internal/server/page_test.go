package server_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitals/checks"
	"vitals/internal/server"
	"vitals/report"
)

func TestAThousandReadersCostOnePageASecond(t *testing.T) {
	var made atomic.Int64
	_, base := start(t, server.State{Board: board(t), Page: func(context.Context) report.StatusPage {
		made.Add(1)
		time.Sleep(20 * time.Millisecond)
		return report.StatusPage{Now: time.Now()}
	}})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer client.CloseIdleConnections()
	began := time.Now()
	var all sync.WaitGroup
	var failed atomic.Int64
	for range 1000 {
		all.Go(func() {
			res, err := client.Get(base + "/")
			if err != nil || res.StatusCode != 200 {
				failed.Add(1)
				return
			}
			res.Body.Close()
		})
	}
	all.Wait()
	if most := int64(time.Since(began).Seconds()) + 2; made.Load() > most || failed.Load() > 0 {
		t.Errorf("%d pages made in %s, %d requests failed", made.Load(), time.Since(began), failed.Load())
	}
}

func TestThePageComesWhileTheHistoryHangs(t *testing.T) {
	t.Parallel()
	forever := make(chan struct{})
	defer close(forever)
	_, base := start(t, server.State{Board: board(t, always("redis", checks.OK("fine"))), Page: func(context.Context) report.StatusPage { <-forever; return report.StatusPage{} }})
	began := time.Now()
	code, body := do(t, "GET", base+"/", "")
	if took := time.Since(began); code != 200 || took > 4*time.Second || !strings.Contains(body, "redis") || !strings.Contains(body, "The history does not answer") {
		t.Errorf("%d after %s\n%s", code, took, body)
	}
}

func TestPagesKeepStrangersOut(t *testing.T) {
	_, base := start(t, server.State{Board: board(t, always("redis", checks.OK("fine"))), Kept: &desk{}})
	for path, want := range map[string]int{"/": 200, "/incidents/3f2a": 200, "/incidents/ffff": 404, "/incidents/": 404, "/other": 404} {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
		policy := res.Header.Get("Content-Security-Policy")
		if want == 200 && (!strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'")) {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	if _, body := do(t, "GET", base+"/incidents/3f2a", ""); !strings.Contains(body, "x &lt; y") || strings.Contains(body, "<b><bdi>") || !strings.Contains(body, "&lt;b&gt;") {
		t.Errorf("%s", body)
	}
}
