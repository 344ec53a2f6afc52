package demo

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// routes are what the application answers. Each is measured under its
// template, never under the path that came.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(*http.Request) (int, any){
		"GET /{$}":              a.home,
		"GET /api/events":       a.events,
		"GET /api/events/{id}":  a.event,
		"GET /api/users/{id}":   a.user,
		"POST /api/bookings":    a.book,
		"POST /login":           a.login,
		"GET /api/":             notFound,
		"GET /api/users":        notFound,
		"GET /favicon.ico":      notFound,
		"GET /api/teams/{team}": notFound,
	} {
		mux.Handle(pattern, a.measured(pattern, true, h))
	}
	mux.Handle("GET /health", a.measured("GET /health", false, a.health))
	mux.Handle("GET /api/status", a.measured("GET /api/status", false, a.status))
	mux.Handle("GET /metrics", a.metrics.handler())
	return mux
}

// measured answers with JSON and counts, times and logs the request. The
// routes that only watchers ask do not fail on purpose.
func (a *app) measured(pattern string, mayFail bool, h func(*http.Request) (int, any)) http.Handler {
	endpoint := endpointOf(pattern)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		if a.slow.Load() {
			select {
			case <-time.After(slowness):
			case <-r.Context().Done():
			}
		}
		code, body := http.StatusInternalServerError, any(map[string]string{"detail": "out of order, on purpose"})
		if !mayFail || !a.failing.Load() || rand.IntN(10) >= 3 {
			code, body = h(r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body) // a client that went away misses nothing
		took := time.Since(started)
		if mayFail {
			a.recent.add(code >= 500)
		}
		a.metrics.observe(r.Method, endpoint, code, took)
		a.writeLine(r, code, took)
	})
}

func notFound(*http.Request) (int, any) {
	return http.StatusNotFound, map[string]string{"detail": "not found"}
}

func (a *app) fault(err error) (int, any) {
	a.log.Error("request failed", "error", err)
	return http.StatusInternalServerError, map[string]string{"detail": "internal error"}
}

func (a *app) home(*http.Request) (int, any) {
	return http.StatusOK, map[string]string{"platform": "a made-up fitness-event platform"}
}

func (a *app) health(*http.Request) (int, any) { return http.StatusOK, map[string]bool{"ok": true} }

// status says how many of the last requests failed.
func (a *app) status(*http.Request) (int, any) {
	requests, percent := a.recent.errorPercent()
	return http.StatusOK, map[string]any{"requests": requests, "error_percent": percent}
}

func (a *app) events(r *http.Request) (int, any) {
	n, err := a.data.count(r.Context(), "SELECT count(*) FROM events WHERE starts_at > ?", stamp(a.now()))
	if err != nil {
		return a.fault(err)
	}
	return http.StatusOK, map[string]int64{"upcoming": n}
}

// event looks in the cache first. Without a cache it goes to the database.
func (a *app) event(r *http.Request) (int, any) {
	id := r.PathValue("id")
	key := "event:" + id
	title, err := a.cache.client.Get(r.Context(), key).Result()
	if err == nil || errors.Is(err, redis.Nil) {
		a.cache.count(err == nil)
	}
	if err == nil {
		return http.StatusOK, map[string]string{"id": id, "title": title}
	}
	title, err = a.data.text(r.Context(), "SELECT title FROM events WHERE id = ?", id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return notFound(r)
	case err != nil:
		return a.fault(err)
	}
	_ = a.cache.client.Set(r.Context(), key, title, time.Minute).Err() // only slower without
	return http.StatusOK, map[string]string{"id": id, "title": title}
}

func (a *app) user(r *http.Request) (int, any) {
	name, err := a.data.text(r.Context(), "SELECT display_name FROM users WHERE id = ?", r.PathValue("id"))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return notFound(r)
	case err != nil:
		return a.fault(err)
	}
	return http.StatusOK, map[string]string{"name": name}
}

// book makes a booking and its payment, so that the figures move.
func (a *app) book(r *http.Request) (int, any) {
	event, err := strconv.Atoi(r.FormValue("event"))
	if err != nil {
		return http.StatusUnprocessableEntity, map[string]string{"detail": "event must be a number"}
	}
	user := 1 + event%userCount
	id, err := a.data.exec(r.Context(), "INSERT INTO bookings (event_id, user_id, status, created_at) VALUES (?,?,'confirmed',?)", event, user, stamp(a.now()))
	if err != nil {
		return a.fault(err)
	}
	status := "success"
	if rand.IntN(25) == 0 {
		status = "failed"
	}
	if _, err := a.data.exec(r.Context(), "INSERT INTO payments (booking_id, amount_minor, currency, status, created_at) SELECT ?, price_minor, currency, ?, ? FROM events WHERE id = ?", id, status, stamp(a.now()), event); err != nil {
		return a.fault(err)
	}
	return http.StatusCreated, map[string]int64{"booking": id}
}

// login knows one password, which nobody uses.
func (a *app) login(r *http.Request) (int, any) {
	if r.FormValue("password") != "swordfish" {
		return http.StatusUnauthorized, map[string]string{"detail": "wrong e-mail or password"}
	}
	return http.StatusOK, map[string]bool{"ok": true}
}
