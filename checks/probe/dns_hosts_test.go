package probe

import (
	"strings"
	"testing"
	"time"

	"vitals/checks"
)

// The resolver reads the hosts file before it asks anybody, and a test cannot
// put a name into it: so this looks at the words alone.
func TestHostsFileIsNoAnswerOfAServer(t *testing.T) {
	l := &lookup{DNSOptions: DNSOptions{Query: "www.example", Type: "A"}, server: "192.0.2.53:53"}
	got, wrong := l.trouble(t.Context(), time.Now(), &listener{server: l.server}, []string{"192.0.2.1"}, nil)
	if !wrong || got.Status != checks.Unknown || !strings.Contains(got.What, "hosts file") || got.Hint == "" {
		t.Errorf("got %+v", got)
	}
	l.server = ""
	if got, wrong := l.trouble(t.Context(), time.Now(), &listener{}, []string{"192.0.2.1"}, nil); wrong {
		t.Errorf("without a server of its own the hosts file is an answer as good as any: %+v", got)
	}
}
