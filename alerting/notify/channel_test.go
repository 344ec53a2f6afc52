package notify_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"go.yaml.in/yaml/v3"

	"vitals/alerting/notify"
)

// TestEveryKindIsExplained: each kind has help, an example that can be copied
// as it stands, and help for every setting.
func TestEveryKindIsExplained(t *testing.T) {
	kinds := notify.Kinds()
	if !slices.IsSortedFunc(kinds, func(a, b notify.KindOfChannel) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted")
	}
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			if k.Help == "" {
				t.Error("no help")
			}
			o := k.New()
			decode(t, k.Example, o)
			if found := o.Problems(); found != nil {
				t.Errorf("the example has problems: %v", found)
			}
			if o.Settings().Name == "" || o.Settings().Timeout < 10*time.Second {
				t.Errorf("settings: %+v", o.Settings())
			}
			if found := k.New().Problems(); len(found) == 0 || found[0].Key != "name" {
				t.Errorf("a channel without a name: %v", found)
			}
			helped(t, reflect.TypeOf(o).Elem())
		})
	}
}

// decode reads an example. What it leaves to a file, which the configuration
// reads, is filled in.
func decode(t *testing.T, example string, o notify.Options) {
	t.Helper()
	var list []map[string]any
	if err := yaml.Unmarshal([]byte(example), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v in\n%s", err, example)
	}
	delete(list[0], "kind")
	inFiles := map[string]string{"url": "https://hooks.example.com/x", "token": "12345:abc"}
	for key := range list[0] {
		if setting, ok := strings.CutSuffix(key, "_file"); ok && setting != "ca" {
			delete(list[0], key)
			list[0][setting] = cmp.Or(inFiles[setting], "from-a-file")
		}
	}
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: o, ErrorUnused: true, DecodeHook: mapstructure.StringToTimeDurationHookFunc()})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(list[0]); err != nil {
		t.Fatal(err)
	}
}

func helped(t *testing.T, of reflect.Type) {
	for f := range of.Fields() {
		key := f.Tag.Get("mapstructure")
		switch {
		case key == ",squash":
			helped(t, f.Type)
		case key == "" || f.Tag.Get("help") == "":
			t.Errorf("%s has key %q and help %q", f.Name, key, f.Tag.Get("help"))
		}
	}
}

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	o := options[*notify.ConsoleOptions](t, "console")
	o.Name = "terminal"
	c := o.Channel(notify.Outlets{Console: &out})
	bad := aMessage()
	bad.Title, bad.Text = "one\ntwo\x1b[2J\u202Eoops", "a\x07\nb"
	for _, m := range []notify.Message{aMessage(), resolved(), bad, {Kind: notify.Test, At: written}} {
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "console.txt", strings.TrimSuffix(out.String(), "\n"))
	if err := o.Channel(notify.Outlets{}).Send(t.Context(), bad); err != nil {
		t.Errorf("without a console: %v", err)
	}
	if e := failure(t, o.Channel(notify.Outlets{Console: broken{}}).Send(t.Context(), bad)); e.Retry {
		t.Errorf("%+v", e)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("it is closed") }

func TestLog(t *testing.T) {
	for _, c := range []struct {
		kind            notify.Kind
		severity, level string
	}{
		{notify.Firing, "critical", "ERROR"}, {notify.Reminder, "critical", "ERROR"}, {notify.Firing, "warning", "WARN"},
		{notify.Firing, "info", "INFO"}, {notify.Resolved, "critical", "INFO"}, {notify.Test, "critical", "INFO"},
	} {
		var out bytes.Buffer
		o := options[*notify.LogOptions](t, "log")
		m := aMessage()
		m.Kind, m.Severity = c.kind, c.severity
		if err := o.Channel(notify.Outlets{Log: slog.New(slog.NewJSONHandler(&out, nil))}).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line["level"] != c.level || line["key"] != m.Key || line["group"] != m.Group || line["msg"] != m.Title {
			t.Errorf("%+v: %s", c, out.String())
		}
	}
}

// TestProblems: every slip is told with its key and what was expected, without
// what is secret.
func TestProblems(t *testing.T) {
	valid := pointed(t, "https://hooks.example.com/x")
	for _, c := range []struct {
		kind string
		set  func(o notify.Options)
		key  string
	}{
		{"alertmanager", func(o notify.Options) { o.(*notify.AlertmanagerOptions).ValidFor = 5 }, "valid_for"},
		{"alertmanager", func(o notify.Options) { o.(*notify.AlertmanagerOptions).BearerToken = "MARK3D" }, "bearer_token"},
		{"discord", func(o notify.Options) { o.(*notify.DiscordOptions).URL = "MARK3D" }, "url"},
		{"discord", func(o notify.Options) { o.(*notify.DiscordOptions).Timeout = 0 }, "timeout"},
		{"ntfy", func(o notify.Options) { o.(*notify.NtfyOptions).Topic = "MARK3D/x" }, "topic"},
		{"ntfy", func(o notify.Options) { o.(*notify.NtfyOptions).Topic = "" }, "topic"},
		{"pagerduty", func(o notify.Options) { o.(*notify.PagerDutyOptions).RoutingKey = "" }, "routing_key"},
		{"pagerduty", func(o notify.Options) { o.(*notify.PagerDutyOptions).Source = "" }, "source"},
		{"telegram", func(o notify.Options) { o.(*notify.TelegramOptions).Token = "MARK3D" }, "token"},
		{"telegram", func(o notify.Options) { o.(*notify.TelegramOptions).Token = "" }, "token"},
		{"telegram", func(o notify.Options) { o.(*notify.TelegramOptions).Chat = "my chat" }, "chat"},
		{"telegram", func(o notify.Options) { o.(*notify.TelegramOptions).Topic = -1 }, "topic"},
		{"webhook", func(o notify.Options) { o.(*notify.WebhookOptions).SigningSecret = "whsec_MARK3D!" }, "signing_secret"},
		{"webhook", func(o notify.Options) { o.(*notify.WebhookOptions).BearerToken = "MARK3D\n" }, "bearer_token"},
		{"webhook", func(o notify.Options) { o.(*notify.WebhookOptions).Headers = []notify.Header{{Name: "a b"}} }, "headers[0].name"},
		{"webhook", func(o notify.Options) {
			o.(*notify.WebhookOptions).Headers = []notify.Header{{Name: "A", Value: "MARK3D\r\nB: c"}}
		}, "headers[0].value"},
	} {
		o := reflect.New(reflect.TypeOf(valid[c.kind]).Elem())
		o.Elem().Set(reflect.ValueOf(valid[c.kind]).Elem())
		changed := o.Interface().(notify.Options)
		c.set(changed)
		found := changed.Problems()
		if len(found) != 1 || found[0].Key != c.key || strings.Contains(found[0].Message, "MARK3D") {
			t.Errorf("%s, %s: %v", c.kind, c.key, found)
		}
	}
}
