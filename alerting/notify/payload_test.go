package notify_test

import (
	"bytes"
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
	slack := options[*notify.SlackOptions](t, "slack")
	slack.Name, slack.URL = "team", address
	return map[string]notify.Options{"slack": slack, "webhook": hook(t, url)}
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
				golden(t, name+"-"+kind+".json", indented(t, got.Body))
			})
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
