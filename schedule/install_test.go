package schedule

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func backup(Job) []string { return []string{"/usr/bin/vitals", "schedule", "run", "backup"} }

// The times that each spec becomes in cron and systemd. Worked out by hand.
var installs = []struct{ spec, cron, calendar string }{
	{"30 2 * * *", "30 2 * * *", "*-*-* 02:30:00"},
	{"*/15 * * * *", "*/15 * * * *", "*-*-* *:00/15:00"},
	{"* * * * *", "* * * * *", "*-*-* *:*:00"},
	{"0 9-17 * * mon-fri", "0 9-17 * * 1-5", "Mon..Fri *-*-* 09..17:00:00"},
	{"0,30 8,12 1 jan,jul *", "0,30 8,12 1 1,7 *", "*-01,07-01 08,12:00,30:00"},
	{"0 0 * * 7", "0 0 * * 0", "Sun *-*-* 00:00:00"},
	{"0 0 * * 5-7", "0 0 * * 0,5,6", "Fri..Sun *-*-* 00:00:00"},
	{"0 0 * * sat,sun", "0 0 * * 0,6", "Sat,Sun *-*-* 00:00:00"},
	{"0 0 13 * 5", "0 0 13 * 5", "*-*-13 00:00:00 | Fri *-*-* 00:00:00"},
	{"0 0 */2 * 5", "0 0 */2 * 5", "Fri *-*-01/2 00:00:00"},
	{"0 0 1-7 * */7", "0 0 1-7 * */7", "Sun *-*-01..07 00:00:00"},
	{"0 0 1-31 * 1", "0 0 1-31 * 1", "*-*-* 00:00:00"},
	{"0 0 8-14 * *", "0 0 8-14 * *", "*-*-08..14 00:00:00"},
	{"@daily", "0 0 * * *", "*-*-* 00:00:00"},
	{"@weekly", "0 0 * * 0", "Sun *-*-* 00:00:00"},
	{"0 */6 * * *", "0 */6 * * *", "*-*-* 00/6:00:00"},
	{"5-59/10 * * * *", "5,15,25,35,45,55 * * * *", "*-*-* *:05,15,25,35,45,55:00"},
	{"45 0 2 * * *", "0 2 * * *", "*-*-* 02:00:45"},
	{"*/10 * * * * *", "several seconds", "*-*-* *:*:00/10"},
	{"0 0 */2,4 * 5", "either of the days", "Fri *-*-01,03..05,07,09,11,13,15,17,19,21,23,25,27,29,31 00:00:00"},
	{"@every 5m", "*/5 * * * *", ""},
	{"@every 6h", "0 */6 * * *", ""},
	{"@every 24h", "0 0 * * *", ""},
	{"@every 90s", "cron cannot begin something every 1m30s", ""},
	{"@every 7m", "cron cannot begin something every 7m", ""},
	{"@every 36h", "cron cannot begin something every 36h", ""},
}

func TestCronTimes(t *testing.T) {
	for _, tt := range installs {
		s := mustParse(t, tt.spec, time.Local)
		fields, _, err := cronTimes(s)
		if err != nil && !strings.Contains(err.Error(), tt.cron) || err == nil && fields != tt.cron {
			t.Errorf("%q is %q for cron (%v), want %q", tt.spec, fields, err, tt.cron)
		}
		// What is written means the same.
		if err == nil && s.cron != nil && len(s.sets()[0].values()) == 1 && s.sets()[0].values()[0] == 0 {
			again, moment := mustParse(t, fields, time.Local), time.Now()
			for range 50 {
				if next := s.Next(moment); !again.Next(moment).Equal(next) {
					t.Errorf("%q written as %q comes at %s, not %s", tt.spec, fields, again.Next(moment), next)
					break
				}
				moment = s.Next(moment)
			}
		}
	}
}

func TestOnCalendar(t *testing.T) {
	for _, tt := range installs {
		if tt.calendar == "" {
			continue
		}
		got, err := mustParse(t, tt.spec, time.Local).OnCalendar()
		if err != nil || strings.Join(got, " | ") != tt.calendar {
			t.Errorf("%q is %q for systemd (%v), want %q", tt.spec, got, err, tt.calendar)
		}
	}
	if got, err := mustParse(t, "CRON_TZ=Europe/Berlin 0 2 * * 1", nil).OnCalendar(); err != nil || got[0] != "Mon *-*-* 02:00:00 Europe/Berlin" {
		t.Errorf("with a zone: %q, %v", got, err)
	}
	if _, err := mustParse(t, "0 2 * * 1", time.FixedZone("ours", 3600)).OnCalendar(); err == nil || !strings.Contains(err.Error(), `"ours" has no name that other programs know`) {
		t.Errorf("a zone of our own: %v", err)
	}
	if _, err := mustParse(t, "@every 5s", nil).OnCalendar(); err == nil {
		t.Error("@every is no calendar event")
	}
}

// TestSystemdAgrees asks systemd itself, where the machine has it. The table
// above was worked out by hand for those that do not.
func TestSystemdAgrees(t *testing.T) {
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze here; the tables above have to do")
		return
	}
	base := time.Date(2026, 11, 23, 10, 7, 31, 0, time.UTC)
	for _, tt := range installs {
		for _, name := range []string{"UTC", "Asia/Kolkata"} {
			s := mustParse(t, tt.spec, zone(t, name))
			if s.every > 0 {
				continue
			}
			expressions, err := s.OnCalendar()
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, e := range expressions {
				got = append(got, systemdTimes(t, program, e, base)...)
			}
			slices.Sort(got)
			got = slices.Compact(got)[:5]
			for m := s.Next(base); len(want) < 5; m = s.Next(m) {
				want = append(want, m.UTC().Format("2006-01-02 15:04:05"))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q as %q: systemd says %q, we say %q", s, expressions, got, want)
			}
		}
	}
}

// systemdTimes are the next times of a calendar event as systemd has them.
func systemdTimes(t *testing.T, program, event string, base time.Time) []string {
	t.Helper()
	cmd := exec.Command(program, "calendar", "--iterations=5", "--base-time="+base.Format("2006-01-02 15:04:05 UTC"), event)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", event, err, out)
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		label, rest, _ := strings.Cut(line, ": ")
		label = strings.TrimSpace(label)
		if words := strings.Fields(rest); len(words) == 4 && words[3] == "UTC" && (label == "Next elapse" || strings.HasPrefix(label, "Iter.")) {
			all = append(all, words[1]+" "+words[2])
		}
	}
	if len(all) != 5 {
		t.Fatalf("%s: %d times in\n%s", event, len(all), out)
	}
	return all
}

func TestCrontab(t *testing.T) {
	jobs := []Job{
		{Name: "report", Spec: mustParse(t, "CRON_TZ=Europe/Berlin 0 8 * * mon", nil)},
		{Name: "backup", Spec: mustParse(t, "30 2 * * *", nil)},
		{Name: "detect", Spec: mustParse(t, "@every 5m", zone(t, "Europe/Berlin"))},
		{Name: "late", Spec: mustParse(t, "30 15 2 * * *", nil)},
	}
	got, err := Crontab(jobs, func(j Job) []string { return []string{"/opt/my vitals/bin", j.Name, "it's 100%", "a%b", ""} })
	if err != nil {
		t.Fatal(err)
	}
	want := `# Jobs of Vitals. Put them in with: crontab FILE

# backup: at 02:30 every day
30 2 * * * '/opt/my vitals/bin' backup 'it'\''s 100\%' a\%b ''

# detect: every 5m
# Nearest to @every 5m: cron counts from midnight of its own zone.
*/5 * * * * '/opt/my vitals/bin' detect 'it'\''s 100\%' a\%b ''

# late: at 02:15 and 30 seconds every day
# Cron begins jobs at whole minutes: this is 30 s earlier than in Vitals.
15 2 * * * '/opt/my vitals/bin' late 'it'\''s 100\%' a\%b ''

# From here on times are those of Europe/Berlin. Debian's cron ignores CRON_TZ: use systemd's timers there.
CRON_TZ=Europe/Berlin

# report: at 08:00 on Monday (Europe/Berlin)
0 8 * * 1 '/opt/my vitals/bin' report 'it'\''s 100\%' a\%b ''
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCrontabTellsAllThatItCannotDo(t *testing.T) {
	jobs := []Job{
		{Name: "a", Spec: mustParse(t, "@every 90s", nil)},
		{Name: "b", Spec: mustParse(t, "*/5 * * * * *", nil)},
		{Name: "c", Spec: mustParse(t, "@daily", time.FixedZone("ours", 3600))},
		{Name: "d", Spec: mustParse(t, "@daily", nil)},
		{Name: "e", Spec: mustParse(t, "@daily", nil)},
		{Name: "f"},
	}
	text, err := Crontab(jobs, func(j Job) []string {
		return map[string][]string{"d": {"x", "line\nbreak"}, "e": nil}[j.Name]
	})
	if text != "" || err == nil {
		t.Fatalf("%q, %v", text, err)
	}
	text, err = Crontab(jobs[:3], backup)
	for _, want := range []string{"the job a cannot be written for cron: cron cannot begin something every 1m30s", "the job b cannot", "several seconds", "the job c cannot", `"ours" has no name`} {
		if text != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestSystemdUnits(t *testing.T) {
	jobs := []Job{
		{Name: "nightly backup", Spec: mustParse(t, "CRON_TZ=Europe/Berlin 30 2 13 * 5", nil), Timeout: 90 * time.Minute, Jitter: 5 * time.Minute},
		{Name: "detect", Spec: mustParse(t, "@every 90s", nil), Missed: MissedSkip},
	}
	files, err := SystemdUnits(jobs, func(j Job) []string { return []string{"/usr/bin/vitals", "run", j.Name, `50% "off" for $5 \ 'x'`} })
	if err != nil {
		t.Fatal(err)
	}
	want := []File{
		{`vitals-nightly\x20backup.service`, `[Unit]
Description=Vitals: nightly backup

[Service]
Type=oneshot
TimeoutStartSec=5400s
ExecStart=/usr/bin/vitals run "nightly backup" "50%% \"off\" for $$5 \\ 'x'"
`},
		{`vitals-nightly\x20backup.timer`, `[Unit]
Description=When Vitals does nightly backup: at 02:30 on day 13 of the month and on Friday (Europe/Berlin)

[Timer]
OnCalendar=*-*-13 02:30:00 Europe/Berlin
OnCalendar=Fri *-*-* 02:30:00 Europe/Berlin
Persistent=true
AccuracySec=1s
RandomizedDelaySec=300s
FixedRandomDelay=true

[Install]
WantedBy=timers.target
`},
		{"vitals-detect.service", `[Unit]
Description=Vitals: detect

[Service]
Type=oneshot
ExecStart=/usr/bin/vitals run detect "50%% \"off\" for $$5 \\ 'x'"
`},
		{"vitals-detect.timer", `[Unit]
Description=When Vitals does detect: every 1m30s

[Timer]
OnActiveSec=90s
OnUnitActiveSec=90s
AccuracySec=1s

[Install]
WantedBy=timers.target
`},
	}
	for i := range max(len(files), len(want)) {
		if i >= len(files) || i >= len(want) || files[i] != want[i] {
			t.Errorf("file %d: got %+v", i, files[min(i, len(files)-1)])
		}
	}
	verifyUnits(t, files)
	_, err = SystemdUnits([]Job{jobs[0], {Name: "bad"}, jobs[0]}, backup)
	for _, want := range []string{"the job bad cannot be written for systemd", "needs a schedule", "called as those of the job nightly backup"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := SystemdUnits(jobs, func(Job) []string { return []string{"vitals"} }); err == nil || !strings.Contains(err.Error(), "the whole path") {
		t.Errorf("a bare name: %v", err)
	}
}

// verifyUnits lets systemd read the files, where the machine has it.
func verifyUnits(t *testing.T, files []File) {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return
	}
	folder := t.TempDir()
	var paths []string
	for _, f := range files {
		paths = append(paths, filepath.Join(folder, f.Name))
		text := strings.ReplaceAll(f.Text, "/usr/bin/vitals", "/bin/true")
		if err := os.WriteFile(paths[len(paths)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := exec.Command(program, append([]string{"verify", "--man=no"}, paths...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		// Of other units of the machine, and where there is no systemd running,
		// it says what does not matter here.
		if strings.Contains(line, "vitals-") {
			t.Errorf("systemd: %s", line)
		}
	}
}

func TestDescribe(t *testing.T) {
	for spec, want := range map[string]string{
		"*/15 * * * *":                 "every 15 minutes",
		"* * * * *":                    "every minute",
		"* * * * * *":                  "every second",
		"*/10 * * * * *":               "every 10 seconds",
		"0 * * * *":                    "every hour",
		"5 * * * *":                    "at minute 5 of every hour",
		"30 2 * * *":                   "at 02:30 every day",
		"30 2 * * 1-5":                 "at 02:30 on Monday, Tuesday, Wednesday, Thursday and Friday",
		"0 8,20 1 * *":                 "at 08:00 and 20:00 on day 1 of the month",
		"0 0 13 * 5":                   "at 00:00 on day 13 of the month and on Friday",
		"0 0 */16 * 5":                 "at 00:00 on day 1 and 17 of the month if it is Friday",
		"0 0 29 2 *":                   "at 00:00 on day 29 of the month in February",
		"0 */2 * * *":                  "at minute 0 of every 2nd hour",
		"*/20 9-17 * * *":              "every 20 minutes from hour 9 to 17",
		"CRON_TZ=Asia/Kolkata @weekly": "at 00:00 on Sunday (Asia/Kolkata)",
		"@every 1h30m":                 "every 1h30m",
		"15 30 2 * * *":                "at 02:30 and 15 seconds every day",
	} {
		if got := mustParse(t, spec, time.UTC).Describe(); got != want {
			t.Errorf("%q: %q, want %q", spec, got, want)
		}
	}
	if got := fmt.Sprint((Spec{}).Describe()); got != "never" {
		t.Errorf("the zero Spec: %q", got)
	}
}
