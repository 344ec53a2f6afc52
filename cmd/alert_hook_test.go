package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdHook starts a receiver of webhooks that answers as it is told, in
// turn, the last answer for ever, and sets a variable to its address:
//
//	hook HOOK 500 429:7 200
//
// An answer is a status, one with the seconds of Retry-After, hang, or close
// for a connection that ends without one. What comes in stands in HOOK.log, a
// line each: the Idempotency-Key and the body.
func cmdHook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hook NAME ANSWER ...")
	}
	r := &scriptHook{answers: args[1:], file: ts.MkAbs(args[0] + ".log"), end: make(chan struct{})}
	server := httptest.NewServer(r)
	ts.Setenv(args[0], server.URL)
	ts.Check(os.WriteFile(r.file, nil, 0o600))
	ts.Defer(func() {
		close(r.end)
		server.Close()
	})
}

type scriptHook struct {
	mu      sync.Mutex
	answers []string
	file    string
	end     chan struct{}
}

func (r *scriptHook) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	answer := r.take(req.Header.Get("Idempotency-Key"), string(body))
	status, seconds, _ := strings.Cut(answer, ":")
	code, number := strconv.Atoi(status)
	switch {
	case err != nil || answer == "close":
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			c.Close()
		}
	case answer == "hang":
		select {
		case <-req.Context().Done():
		case <-r.end:
		}
	case number != nil:
		panic("no answer: " + answer)
	default:
		if seconds != "" {
			w.Header().Set("Retry-After", seconds)
		}
		w.WriteHeader(code)
		if code >= 300 {
			fmt.Fprintf(w, "answer %d of the receiver", code)
		}
	}
}

// take writes down what came and returns how to answer.
func (r *scriptHook) take(key, body string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.file, os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintf(f, "%s %s\n", key, strings.ReplaceAll(body, "\n", " "))
		f.Close()
	}
	answer := r.answers[0]
	if len(r.answers) > 1 {
		r.answers = r.answers[1:]
	}
	return answer
}
