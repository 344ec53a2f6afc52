package notify_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitals/alerting/notify"
	"vitals/checks"
)

// patience ends the tests in which nothing is waited for; a receiver that
// hangs is given less.
const (
	patience = 10 * time.Second
	short    = 100 * time.Millisecond
	middling = time.Second // long enough for headers, not for a body that never ends
)

func hook(t *testing.T, url string) *notify.WebhookOptions {
	o := options[*notify.WebhookOptions](t, "webhook")
	o.Name, o.URL, o.Timeout = "hook", checks.Secret(url), patience
	return o
}

// TestWhatBecomesOfAMessage: what may be taken later is told from what never
// will be, with what the receiver said.
func TestWhatBecomesOfAMessage(t *testing.T) {
	inAnHour := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for name, c := range map[string]struct {
		answer       http.HandlerFunc
		taken, retry bool
		timeout      time.Duration
		after        time.Duration // within 2 s
		status       int
		says         string
	}{
		"200":                {answer: answers(200, "ok"), taken: true},
		"202":                {answer: answers(202, ""), taken: true},
		"204":                {answer: answers(204, ""), taken: true},
		"200, endless":       {answer: sendsForever(200), taken: true},
		"200, slow":          {answer: dripsSlowly(200), taken: true},
		"500":                {answer: answers(500, "out of order\x1b[31m\n\nsorry"), retry: true, status: 500, says: "answered 500 Internal Server Error: out of order [31m sorry"},
		"503 after seconds":  {answer: answers(503, "", "Retry-After", "7"), retry: true, after: 7 * time.Second, status: 503, says: "503 Service Unavailable"},
		"429 after seconds":  {answer: answers(429, "slow down", "Retry-After", "120"), retry: true, after: 2 * time.Minute, status: 429, says: "slow down"},
		"429 after a date":   {answer: answers(429, "", "Retry-After", inAnHour), retry: true, after: time.Hour, status: 429},
		"429 in the past":    {answer: answers(429, "", "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), retry: true, status: 429},
		"429 after nonsense": {answer: answers(429, "", "Retry-After", "soon"), retry: true, status: 429},
		"429 after ages":     {answer: answers(429, "", "Retry-After", "99999999999999"), retry: true, after: 24 * time.Hour, status: 429},
		"408":                {answer: answers(408, ""), retry: true, status: 408},
		"400":                {answer: answers(400, `{"error":"invalid_payload"}`), status: 400, says: `answered 400 Bad Request: {"error":"invalid_payload"}`},
		"403":                {answer: answers(403, "", "Retry-After", "5"), status: 403},
		"404":                {answer: answers(404, "no_service"), status: 404, says: "no_service"},
		"400, endless":       {answer: sendsForever(400), status: 400, says: "too much"},
		"500, slow":          {answer: dripsSlowly(500), timeout: middling, retry: true, status: 500, says: "wait for it"},
		"hangs":              {answer: hangs, timeout: short, retry: true, says: "did not answer within 100ms"},
		"closes early":       {answer: closesEarly, retry: true, says: "closed the connection without an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, c.answer)
			o := hook(t, r.URL)
			o.Timeout = cmp.Or(c.timeout, patience)
			err := channel(t, o).Send(t.Context(), aMessage())
			if c.taken {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := failure(t, err)
			if e.Retry != c.retry || e.Status != c.status || !strings.Contains(e.Error(), c.says) || len([]rune(e.Said)) > 300 {
				t.Errorf("retry %v, status %d, %q", e.Retry, e.Status, e)
			}
			if d := e.After - c.after; d < -2*time.Second || d > 2*time.Second {
				t.Errorf("after %v, want %v", e.After, c.after)
			}
			if n := len(r.got(t)); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestRefusedConnectionIsTriedAgain(t *testing.T) {
	r := httptest.NewServer(nil)
	r.Close()
	e := failure(t, channel(t, hook(t, r.URL)).Send(t.Context(), aMessage()))
	if !e.Retry || !strings.Contains(e.Error(), "refuses connections") {
		t.Errorf("%+v", e)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := newReceiver(t, answers(status, "", "Location", elsewhere.URL))
		e := failure(t, channel(t, hook(t, r.URL)).Send(t.Context(), aMessage()))
		if e.Retry || e.Status != status || !strings.Contains(e.Error(), "leads elsewhere") {
			t.Errorf("%d: %+v", status, e)
		}
	}
	if got := elsewhere.got(t); len(got) != 0 {
		t.Errorf("the other place was told: %v", got)
	}
}

func TestStoppingIsNoFailureOfTheReceiver(t *testing.T) {
	r := newReceiver(t, hangs)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	err := channel(t, hook(t, r.URL)).Send(ctx, aMessage())
	if e := failure(t, err); !e.Retry || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", e)
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	r := &receiver{}
	server := httptest.NewUnstartedServer(r.handler(t, nil))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	e := failure(t, channel(t, hook(t, server.URL)).Send(t.Context(), aMessage()))
	if !e.Retry || !strings.Contains(e.Error(), "certificate") {
		t.Errorf("%+v", e)
	}
	if len(r.got(t)) != 0 {
		t.Error("it was told anyway")
	}
	o := hook(t, server.URL)
	o.CAFile = pemFile(t, server.Certificate().Raw)
	if err := channel(t, o).Send(t.Context(), aMessage()); err != nil {
		t.Error(err)
	}
}

// TestErrorsHoldNoSecrets: chat services have the password in the path, and
// receivers repeat what they were asked.
func TestErrorsHoldNoSecrets(t *testing.T) {
	const mark = "MARK3D"
	gone := httptest.NewServer(nil)
	gone.Close()
	servers := map[string]string{
		"repeats": newReceiver(t, repeatsItAll).URL, "hangs": newReceiver(t, hangs).URL, "closes": newReceiver(t, closesEarly).URL,
		"gone": gone.URL, "no host": "http://no-such-host.invalid", "tls": strings.Replace(newReceiver(t, nil).URL, "http://", "https://", 1),
		"as json": newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]any{"path": r.URL.String(), "headers": r.Header})
		}).URL,
		"redirects": newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String()+"/", http.StatusTemporaryRedirect)
		}).URL,
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hook(t, strings.Replace(server, "://", "://"+mark+"user:"+mark+"pw@", 1)+"/services/"+mark+"A/"+mark+"%2Fb+c/?token="+mark+"%26x&u="+mark)
			o.BearerToken, o.SigningSecret = mark+"/&<bearer>", mark+"signing"
			o.Headers = []notify.Header{{Name: "X-Api-Key", Value: mark + `"quoted"`}}
			if name == "hangs" {
				o.Timeout = short
			}
			err := channel(t, o).Send(t.Context(), aMessage())
			e := failure(t, err)
			for _, text := range []string{err.Error(), e.Hint, e.Said, e.What} {
				if strings.Contains(text, mark) {
					t.Errorf("holds a secret: %s", text)
				}
			}
		})
	}
}

// TestNoKindShowsItsSecrets: whatever a receiver repeats of what it was sent.
func TestNoKindShowsItsSecrets(t *testing.T) {
	const mark = "MARK3D"
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + mark + "-password"))
	repeats := func(asJSON bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			text := fmt.Sprint(r.URL, " ", r.Header.Get("Authorization"))
			if asJSON {
				_ = json.NewEncoder(w).Encode(text)
				return
			}
			fmt.Fprint(w, text)
		}
	}
	for name := range pointed(t, "http://x") {
		for _, asJSON := range []bool{false, true} {
			r := newReceiver(t, repeats(asJSON))
			o := pointed(t, r.URL+"/"+mark+"-in-the-path?x="+mark)[name]
			switch o := o.(type) {
			case *notify.TelegramOptions:
				o.API, o.Token = r.URL, "12345:"+mark+"-token"
			case *notify.NtfyOptions:
				o.Topic, o.BearerToken = mark+"_topic", mark+"-bearer"
			case *notify.AlertmanagerOptions:
				o.Username, o.Password = "user", mark+"-password"
			case *notify.WebhookOptions:
				o.URL = checks.Secret(strings.Replace(r.URL, "://", "://user:"+mark+"-password@", 1))
			}
			e := failure(t, channel(t, o).Send(t.Context(), aMessage()))
			if text := e.Error() + e.Hint; strings.Contains(text, mark) || strings.Contains(text, basic) || !strings.Contains(text, "[hidden]") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	// PagerDuty's key and ntfy's topic travel in the body.
	for name, secret := range map[string]string{"pagerduty": "routing-key-0123456789", "ntfy": "alerts"} {
		r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.Copy(w, r.Body)
		}))
		t.Cleanup(r.Close)
		if e := failure(t, channel(t, pointed(t, r.URL)[name]).Send(t.Context(), aMessage())); strings.Contains(e.Error(), secret) || !strings.Contains(e.Error(), "[hidden]") {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestBrokenAddressesAreToldWithoutTheirText(t *testing.T) {
	for _, address := range []string{"", "hooks.example.com/MARK3D", "ftp://h/MARK3D", "https:///MARK3D", "http://[::1/MARK3D", "https://h/%zzMARK3D"} {
		found := hook(t, address).Problems()
		if len(found) != 1 || found[0].Key != "url" || strings.Contains(found[0].Message, "MARK3D") {
			t.Errorf("%q: %v", address, found)
		}
		err := hook(t, address).Channel(notify.Outlets{}).Send(t.Context(), aMessage())
		if err == nil || strings.Contains(err.Error(), "MARK3D") {
			t.Errorf("%q: sending gave %v", address, err)
		}
	}
}
