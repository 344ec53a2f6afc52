package testenv

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// What AlertmanagerOptions.Login asks for; both exist only in tests.
const (
	AlertmanagerUser     = "vitals"
	AlertmanagerPassword = "vitals"
	// alertmanagerHash is bcrypt's of the password, at its lowest cost.
	alertmanagerHash = "$2a$04$duyioNd2sF/FloTg.Pimf.S3KOGoMMyKmSuWXZij71svMrdP4p5LS"
)

// AlertmanagerOptions say what an Alertmanager is to be like.
type AlertmanagerOptions struct {
	GroupBy string        // a YAML list of labels; "" is [alertname]
	Repeat  time.Duration // when it tells again of what still fires; 0 is an hour
	Config  string        // below the route and the receiver, such as inhibit_rules
	TLS     bool          // it speaks https only, with the certificate in CAFile
	Login   bool          // it wants AlertmanagerUser and AlertmanagerPassword
}

// Alertmanager is a running Alertmanager on 127.0.0.1 whose one receiver
// records. It waits a tenth of a second for more alerts of a group, and looks
// at a group again each fifth of a second.
type Alertmanager struct {
	URL     string // without a slash at its end
	CAFile  string // of its certificate, "" without TLS
	process *process
	client  *http.Client

	mu  sync.Mutex
	all []Notification
}

// Notification is what Alertmanager told its receiver at one time.
type Notification struct {
	Status      string // firing, or resolved when all of it is
	GroupLabels map[string]string
	Alerts      []NotifiedAlert
}

// NotifiedAlert is one alert of a Notification.
type NotifiedAlert struct {
	Status       string // firing or resolved
	Labels       map[string]string
	Annotations  map[string]string
	StartsAt     time.Time
	EndsAt       time.Time // zero while it fires
	GeneratorURL string
	Fingerprint  string // the same for the same labels
}

// StartAlertmanager starts Debian's Alertmanager. It ends with the test.
func StartAlertmanager(t testing.TB, o AlertmanagerOptions) *Alertmanager {
	t.Helper()
	dir, port := serverDir(t), freePort(t)
	a := &Alertmanager{client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(a.client.CloseIdleConnections)
	hook := httptest.NewServer(http.HandlerFunc(a.record))
	t.Cleanup(hook.Close)
	file := filepath.Join(dir, "alertmanager.yml")
	serverFile(t, file, fmt.Sprintf(`route:
  receiver: recording
  group_by: %s
  group_wait: 100ms
  group_interval: 200ms
  repeat_interval: %s
receivers:
  - name: recording
    webhook_configs:
      - url: %s
        send_resolved: true
%s
`, cmp.Or(o.GroupBy, "[alertname]"), cmp.Or(o.Repeat, time.Hour), hook.URL, o.Config))
	args := []string{
		"--config.file=" + file, "--storage.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + local(port),
		"--cluster.listen-address=", "--log.level=warn",
	}
	if web := a.webConfig(t, dir, o); web != "" {
		serverFile(t, filepath.Join(dir, "web.yml"), web)
		args = append(args, "--web.config.file="+filepath.Join(dir, "web.yml"))
	}
	a.URL += local(port)
	a.process = &process{t: t, name: tool(t, "prometheus-alertmanager"), args: args, ready: func() error {
		return answers(a.client, a.URL+"/-/ready")
	}}
	a.process.start()
	t.Cleanup(a.process.stop)
	return a
}

// webConfig is the text of the file that has TLS and logins, "" for none. It
// also makes a client that trusts the certificate and can log in.
func (a *Alertmanager) webConfig(t testing.TB, dir string, o AlertmanagerOptions) (text string) {
	t.Helper()
	a.URL = "http://"
	if o.TLS {
		a.URL, a.CAFile = "https://", filepath.Join(t.TempDir(), "cert.pem")
		Certificate(t, dir, "alertmanager")
		own(t, filepath.Join(dir, "cert.pem"))
		own(t, filepath.Join(dir, "key.pem"))
		text += "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
		pem, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
		if err == nil {
			err = os.WriteFile(a.CAFile, pem, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		a.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	if o.Login {
		text += fmt.Sprintf("basic_auth_users:\n  %s: %q\n", AlertmanagerUser, alertmanagerHash)
		a.client.Transport = loggedIn{a.client.Transport}
	}
	return text
}

type loggedIn struct{ http.RoundTripper }

// RoundTrip adds the login to a request.
func (l loggedIn) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(AlertmanagerUser, AlertmanagerPassword)
	return l.RoundTripper.RoundTrip(r)
}

func (a *Alertmanager) record(_ http.ResponseWriter, r *http.Request) {
	var n Notification
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		n.Status = "cannot be read: " + err.Error()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, n)
}
