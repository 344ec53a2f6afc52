package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// loadOptions bound what is sent: a number of connections, for a time.
type loadOptions struct {
	connections int
	duration    time.Duration
}

// load is what came of it.
type load struct {
	loadOptions
	took     time.Duration
	times    []float64      // of the answered requests, in seconds
	statuses map[int]int    // answers by HTTP status
	failures map[string]int // requests without an answer, by reason
}

// run keeps every connection busy until the time is over, then lets the
// requests under way end.
func (o loadOptions) run(ctx context.Context, url string) *load {
	client := &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: o.connections, MaxConnsPerHost: o.connections, MaxIdleConns: o.connections},
	}
	defer client.CloseIdleConnections()
	l := &load{loadOptions: o, statuses: map[int]int{}, failures: map[string]int{}}
	var mu sync.Mutex
	var workers sync.WaitGroup
	began := time.Now()
	for range o.connections {
		workers.Go(func() {
			for time.Since(began) < o.duration && ctx.Err() == nil {
				sent := time.Now()
				status, err := get(client, url)
				took := time.Since(sent).Seconds()
				mu.Lock()
				if err != nil {
					l.failures[err.Error()]++
				} else {
					l.statuses[status]++
					l.times = append(l.times, took)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	l.took = time.Since(began)
	return l
}

func get(client *http.Client, url string) (int, error) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// report prints the table and returns how many targets were missed.
func (l *load) report(probes int) (missed int) {
	var answers []string
	bad := 0
	for _, status := range slices.Sorted(maps.Keys(l.statuses)) {
		answers = append(answers, fmt.Sprintf("%d × %d", l.statuses[status], status))
		if status != http.StatusOK {
			bad += l.statuses[status]
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(l.failures)) {
		answers = append(answers, fmt.Sprintf("%d × %s", l.failures[reason], reason))
		bad += l.failures[reason]
	}
	seconds := l.took.Seconds()
	// One probe may fall on each end of the time.
	seldom := float64(probes-1) <= seconds
	for _, met := range []bool{bad == 0, seldom} {
		if !met {
			missed++
		}
	}
	fmt.Printf("`/health` of `vitals serve`, %d connections for %.0f s, the load on the same machine.\n\n", l.connections, seconds)
	fmt.Println("| what | measured | target | met |")
	fmt.Println("|---|---|---|---|")
	fmt.Printf("| answers | %s | all 200 | %s |\n", strings.Join(answers, ", "), yes(bad == 0))
	fmt.Printf("| requests | %.0f a second | | |\n", float64(len(l.times))/seconds)
	fmt.Printf("| time to an answer | median %.1f ms, 99 %% within %.1f ms | | |\n", 1000*quantile(l.times, 0.5), 1000*quantile(l.times, 0.99))
	fmt.Printf("| probes of the database | %d, %.2f a second | at most 1 a second | %s |\n", probes, float64(probes)/seconds, yes(seldom))
	return missed
}
