package notify_test

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"vitals/alerting/notify"
	"vitals/checks"
)

func pemFile(t *testing.T, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// indented shows JSON as a golden does.
func indented(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return b.String()
}

// pointed are the channels that post JSON, each sent to an address.
func pointed(t *testing.T, url string) map[string]notify.Options {
	address := checks.Secret(url)
	alertmanager := options[*notify.AlertmanagerOptions](t, "alertmanager")
	alertmanager.Name, alertmanager.URL, alertmanager.Username, alertmanager.Password = "x", address, "user", "pass"
	discord := options[*notify.DiscordOptions](t, "discord")
	discord.Name, discord.URL = "x", address
	ntfy := options[*notify.NtfyOptions](t, "ntfy")
	ntfy.Name, ntfy.URL, ntfy.Topic, ntfy.BearerToken = "x", address, "alerts", "tk_123"
	pagerDuty := options[*notify.PagerDutyOptions](t, "pagerduty")
	pagerDuty.Name, pagerDuty.URL, pagerDuty.RoutingKey = "x", address, "routing-key-0123456789"
	slack := options[*notify.SlackOptions](t, "slack")
	slack.Name, slack.URL = "x", address
	teams := options[*notify.TeamsOptions](t, "teams")
	teams.Name, teams.URL = "x", address
	telegram := options[*notify.TelegramOptions](t, "telegram")
	telegram.Name, telegram.API, telegram.Token, telegram.Chat, telegram.Topic = "x", url, "12345:abcdefghijk", "-100123", 7
	return map[string]notify.Options{
		"alertmanager": alertmanager, "discord": discord, "ntfy": ntfy, "pagerduty": pagerDuty, "slack": slack, "teams": teams,
		"telegram": telegram, "webhook": hook(t, url),
	}
}

func TestPayloads(t *testing.T) {
	for name := range pointed(t, "http://x") {
		for kind, m := range map[string]notify.Message{"firing": aMessage(), "resolved": resolved(), "bare": {Kind: notify.Test, At: written}} {
			t.Run(name+"-"+kind, func(t *testing.T) {
				r := newReceiver(t, nil)
				if err := channel(t, pointed(t, r.URL)[name]).Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				got := r.one(t)
				if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("User-Agent") != "vitals/1" {
					t.Errorf("headers: %v", got.Header)
				}
				wantPath := map[string]string{"alertmanager": "/api/v2/alerts", "pagerduty": "/v2/enqueue", "telegram": "/bot12345:abcdefghijk/sendMessage"}[name]
				wantLogin := map[string]string{"alertmanager": "Basic dXNlcjpwYXNz", "ntfy": "Bearer tk_123"}[name]
				if got.Path != cmp.Or(wantPath, "/") || got.Header.Get("Authorization") != wantLogin {
					t.Errorf("posted to %s with %q", got.Path, got.Header.Get("Authorization"))
				}
				golden(t, name+"-"+kind+".json", indented(t, got.Body))
			})
		}
	}
}

// TestLongWordsFromOutsideAreCut: receivers refuse messages that are too long.
func TestLongWordsFromOutsideAreCut(t *testing.T) {
	m := aMessage()
	m.Title, m.Text = strings.Repeat("[*ö\U0001F525", 9_000), strings.Repeat("[*ö\U0001F525\n", 90_000)
	for name := range pointed(t, "http://x") {
		r := newReceiver(t, nil)
		if err := channel(t, pointed(t, r.URL)[name]).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		body := r.one(t).Body
		var got struct {
			Text    string                                `json:"text"`
			Message string                                `json:"message"`
			Embeds  []struct{ Title, Description string } `json:"embeds"`
			Payload struct{ Summary string }              `json:"payload"`
		}
		if name != "alertmanager" {
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
		}
		length := func(text string) int { return utf8.RuneCountInString(text) }
		switch name {
		case "discord":
			if e := got.Embeds[0]; length(e.Title) > 256 || length(e.Description) > 4096 || length(e.Description) < 1000 {
				t.Errorf("discord: %d and %d", length(e.Title), length(e.Description))
			}
		case "ntfy":
			if len(got.Message) > 4096 || len(got.Message) < 4080 || !utf8.ValidString(got.Message) {
				t.Errorf("ntfy: %d bytes", len(got.Message))
			}
		case "pagerduty":
			if length(got.Payload.Summary) != 1024 {
				t.Errorf("pagerduty: %d", length(got.Payload.Summary))
			}
		case "teams":
			if len(body) > 28_000 {
				t.Errorf("teams: %d bytes", len(body))
			}
		case "telegram":
			if n := len(utf16.Encode([]rune(got.Text))); n > 4096 || n < 4090 {
				t.Errorf("telegram: %d", n)
			}
		}
	}
}

// TestWaitsGivenInTheAnswer: two services say in the body how long to wait.
func TestWaitsGivenInTheAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"discord":  `{"message":"You are being rate limited.","retry_after":7.5,"global":false}`,
		"telegram": `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7.5}}`,
	} {
		r := newReceiver(t, answers(429, body))
		e := failure(t, channel(t, pointed(t, r.URL)[name]).Send(t.Context(), aMessage()))
		if !e.Retry || e.After != 7500*time.Millisecond || e.Said == "" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestSlackColours(t *testing.T) {
	for severity, want := range map[string]string{"critical": "#FF0000", "warning": "#FFA500", "info": "#0000FF", "": "#000000", "strange": "#000000"} {
		r := newReceiver(t, nil)
		if err := channel(t, pointed(t, r.URL)["slack"]).Send(t.Context(), notify.Message{Kind: notify.Firing, Severity: severity, Title: "t", Text: "x", At: time.Unix(5, 0)}); err != nil {
			t.Fatal(err)
		}
		if got, want := r.one(t).Body, `{"attachments":[{"color":"`+want+`","title":"t","text":"x","ts":5}]}`; got != want {
			t.Errorf("%s: %s", severity, got)
		}
	}
}

// TestSignature checks it as a receiver would, by Standard Webhooks' rules.
func TestSignature(t *testing.T) {
	key := []byte("0123456789abcdef")
	for _, secret := range []string{"0123456789abcdef", "whsec_" + base64.StdEncoding.EncodeToString(key)} {
		r := newReceiver(t, nil)
		o := hook(t, r.URL)
		o.SigningSecret, o.BearerToken = checks.Secret(secret), "tok"
		o.Headers = []notify.Header{{Name: "X-Env", Value: "test"}}
		if err := channel(t, o).Send(t.Context(), aMessage()); err != nil {
			t.Fatal(err)
		}
		got := r.one(t)
		h := got.Header
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(h.Get("Webhook-Id") + "." + h.Get("Webhook-Timestamp") + "." + got.Body))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("Webhook-Signature") != want {
			t.Errorf("signature %q, want %q", h.Get("Webhook-Signature"), want)
		}
		at, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
			t.Errorf("time %q", h.Get("Webhook-Timestamp"))
		}
		if h.Get("Idempotency-Key") != "4f2a/firing/mkz3/team" || h.Get("Authorization") != "Bearer tok" || h.Get("X-Env") != "test" {
			t.Errorf("headers %v", h)
		}
	}
}

// TestKeysOfAnyShapeFitAHeader: the same key is always the same, and others
// differ.
func TestKeysOfAnyShapeFitAHeader(t *testing.T) {
	seen := map[string]string{}
	for _, key := range []string{"a", "Ärger\nmit/Zeilen", "Ärger\nmit/Zeilen2", strings.Repeat("x", 999), "a.b"} {
		for range 2 {
			r := newReceiver(t, nil)
			m := aMessage()
			m.Key = key
			if err := channel(t, hook(t, r.URL)).Send(t.Context(), m); err != nil {
				t.Fatalf("%q: %v", key, err)
			}
			id := r.one(t).Header.Get("Idempotency-Key")
			if before, ok := seen[id]; id == "" || ok && before != key {
				t.Errorf("%q became %q, as %q did", key, id, before)
			}
			seen[id] = key
		}
	}
	if len(seen) != 5 {
		t.Errorf("5 keys became %d", len(seen))
	}
}

func TestValuesThatAreNoNumbersAreNull(t *testing.T) {
	r := newReceiver(t, nil)
	m := aMessage()
	m.Alerts[0].Value = math.NaN()
	if err := channel(t, hook(t, r.URL)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.one(t).Body, `"value":null`) {
		t.Error(r.one(t).Body)
	}
}

func TestRedactedLeavesTheOriginalAlone(t *testing.T) {
	m := aMessage()
	m.Labels["dsn"], m.Alerts[0].Annotations["x"], m.Text = "s3cret-word", "s3cret-word", "s3cret-word"
	clean := m.Redacted(checks.NewRedactor("s3cret-word"))
	if clean.Labels["dsn"] != "[hidden]" || clean.Alerts[0].Annotations["x"] != "[hidden]" || clean.Text != "[hidden]" {
		t.Errorf("%+v", clean)
	}
	if m.Labels["dsn"] != "s3cret-word" || m.Alerts[0].Annotations["x"] != "s3cret-word" {
		t.Error("the original was changed")
	}
}
