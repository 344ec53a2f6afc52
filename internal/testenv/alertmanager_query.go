package testenv

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Log is what it has printed so far.
func (a *Alertmanager) Log() string { return a.process.out.String() }

// Notifications are what its receiver has been told so far.
func (a *Alertmanager) Notifications() []Notification {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// Wait waits until the receiver has been told n times and returns what it was
// told. It fails the test after ten seconds, and when it was told more often.
func (a *Alertmanager) Wait(t testing.TB, n int) []Notification {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(a.Notifications()) < n && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	all := a.Notifications()
	if len(all) != n {
		t.Fatalf("Alertmanager told its receiver %d times, not %d: %+v\n%s", len(all), n, all, a.Log())
	}
	return all
}

// WaitLonger does as Wait and then makes sure that nothing more comes for as
// long as Alertmanager takes to look at a group three times.
func (a *Alertmanager) WaitLonger(t testing.TB, n int) []Notification {
	t.Helper()
	a.Wait(t, n)
	time.Sleep(3 * 200 * time.Millisecond)
	return a.Wait(t, n)
}

// HeldAlert is an alert as Alertmanager lists it.
type HeldAlert struct {
	Labels       map[string]string
	Annotations  map[string]string
	StartsAt     time.Time
	EndsAt       time.Time // when it takes the alert for resolved if it hears nothing more
	GeneratorURL string
	Fingerprint  string
	Status       struct{ State string } // active, suppressed or unprocessed
}

// Alerts lists the alerts that it holds and that are not resolved.
func (a *Alertmanager) Alerts(t testing.TB) []HeldAlert {
	t.Helper()
	response, err := a.client.Get(a.URL + "/api/v2/alerts")
	if err != nil {
		t.Fatalf("Alertmanager: %v\n%s", err, a.Log())
	}
	defer response.Body.Close()
	var all []HeldAlert
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s: %v", response.Status, err)
	}
	return all
}

// Stop ends it at once, as a crash would. Stopping twice does no harm.
func (a *Alertmanager) Stop() { a.process.stop() }

// Start starts it again after Stop, on the same port.
func (a *Alertmanager) Start() { a.process.t.Helper(); a.process.start() }

// Amtool is the path of amtool, which checks configurations of Alertmanager and
// asks it.
func Amtool(t testing.TB) string {
	t.Helper()
	return tool(t, "amtool")
}

// CheckAlertmanagerConfig fails the test when amtool does not accept the text
// of an alertmanager.yml, with what it says.
func CheckAlertmanagerConfig(t testing.TB, text string) {
	t.Helper()
	runTool(t, Amtool(t), "alertmanager.yml", text, "check-config")
}
