package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// File is a file that somebody is to put somewhere.
type File struct {
	Name string // without a folder
	Text string
}

// SystemdUnits writes a service and a timer for each job, for those who run no
// daemon. Command gives a job's program, with its whole path, and arguments.
//
// A spec becomes OnCalendar, an @every OnUnitActiveSec, which counts from the
// run before. Missed times are caught up once (Persistent) as the job says;
// Grace has no counterpart. In the nights in which clocks change systemd goes
// its own way. All jobs that cannot be written are told at once.
func SystemdUnits(jobs []Job, command func(Job) []string) ([]File, error) {
	var files []File
	var problems []error
	owner := map[string]string{}
	for _, job := range jobs {
		name := unitName(job.Name)
		service, timer, err := units(job, command(job))
		if err == nil && owner[name] != "" {
			err = fmt.Errorf("its units would be called as those of the job %s: give it another name", owner[name])
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("the job %s cannot be written for systemd: %w", job.Name, err))
			continue
		}
		owner[name] = job.Name
		files = append(files, File{name + ".service", service}, File{name + ".timer", timer})
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return files, nil
}

func units(job Job, command []string) (service, timer string, err error) {
	if err := job.Validate(); err != nil {
		return "", "", err
	}
	start, err := execStart(command)
	if err != nil {
		return "", "", err
	}
	when, err := timerLines(job)
	if err != nil {
		return "", "", err
	}
	limit := ""
	if job.Timeout > 0 {
		limit = "TimeoutStartSec=" + systemdLength(job.Timeout) + "\n"
	}
	service = "[Unit]\nDescription=Vitals: " + escapePercent(job.Name) + "\n\n[Service]\nType=oneshot\n" + limit + "ExecStart=" + start + "\n"
	timer = "[Unit]\nDescription=When Vitals does " + escapePercent(job.Name) + ": " + escapePercent(job.Spec.Describe()) + "\n\n[Timer]\n" + when +
		"\n[Install]\nWantedBy=timers.target\n"
	return service, timer, nil
}

// timerLines are the lines of the section [Timer].
func timerLines(job Job) (string, error) {
	var b strings.Builder
	accuracy := time.Second
	if every := job.Spec.every; every > 0 {
		fmt.Fprintf(&b, "OnActiveSec=%s\nOnUnitActiveSec=%[1]s\n", systemdLength(every))
	} else {
		expressions, err := job.Spec.OnCalendar()
		if err != nil {
			return "", err
		}
		for _, e := range expressions {
			b.WriteString("OnCalendar=" + e + "\n")
		}
		if job.Missed != MissedSkip {
			b.WriteString("Persistent=true\n")
		}
	}
	fmt.Fprintf(&b, "AccuracySec=%s\n", systemdLength(accuracy))
	if job.Jitter > 0 {
		b.WriteString("RandomizedDelaySec=" + systemdLength(job.Jitter) + "\nFixedRandomDelay=true\n")
	}
	return b.String(), nil
}

// OnCalendar writes the spec as systemd's calendar events: one, or two where
// either the day of the month or the day of the week will do. An @every has
// none, nor has a zone without a name.
func (s Spec) OnCalendar() ([]string, error) {
	if s.cron == nil {
		return nil, fmt.Errorf("%q is no time of the calendar", s)
	}
	zone, err := zoneName(s)
	if err != nil {
		return nil, err
	}
	if zone != "" {
		zone = " " + zone
	}
	all := s.sets()
	clock := calendarField(all[2]) + ":" + calendarField(all[1]) + ":" + calendarField(all[0])
	month := calendarField(all[4])
	weekdays := ""
	if !all[5].full() {
		weekdays = calendarWeekdays(all[5]) + " "
	}
	byDay := "*-" + month + "-" + calendarField(all[3]) + " " + clock + zone
	if s.eitherDay() && !all[3].full() && !all[5].full() {
		return []string{byDay, weekdays + "*-" + month + "-* " + clock + zone}, nil
	}
	if s.eitherDay() && (all[3].full() || all[5].full()) { // 1-31 or 0-6: every day
		return []string{"*-" + month + "-* " + clock + zone}, nil
	}
	return []string{weekdays + byDay}, nil
}

// calendarField writes one number field. A step begins at the lowest value.
func calendarField(v set) string {
	if v.full() {
		return "*"
	}
	if step, ok := v.steps(); ok && step > 1 && len(v.values()) > 3 {
		return twoDigits(v.low) + "/" + strconv.Itoa(step)
	}
	return v.text("..", twoDigits)
}

// calendarWeekdays writes days of the week. systemd's week begins on Monday.
func calendarWeekdays(v set) string {
	fromMonday := set{bits: v.bits&^1 | v.bits&1<<7, low: 1, high: 7}
	names := []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	return fromMonday.text("..", func(day int) string { return names[day-1] })
}

// execStart quotes a command line for systemd, which is no shell: % and $ would
// be filled in, so they are doubled.
func execStart(command []string) (string, error) {
	if len(command) == 0 || command[0] == "" {
		return "", errors.New("it has no command")
	}
	if !strings.HasPrefix(command[0], "/") {
		return "", fmt.Errorf("systemd needs the whole path of the program, not %q", command[0])
	}
	quoted := make([]string, len(command))
	for i, word := range command {
		if strings.ContainsFunc(word, unicode.IsControl) {
			return "", fmt.Errorf("its command has a line break or another control character in %q", word)
		}
		text := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(word)
		if i > 0 { // systemd fills no variables into the program
			text = strings.ReplaceAll(text, "$", "$$")
		}
		if text != word || word == "" || strings.ContainsAny(word, " ';#") {
			text = `"` + text + `"`
		}
		quoted[i] = text
	}
	return strings.Join(quoted, " "), nil
}

// unitName makes a unit's name of a job's, escaped as systemd-escape does.
func unitName(job string) string {
	var b strings.Builder
	b.WriteString("vitals-")
	for i := range len(job) {
		switch c := job[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == ':' || c == '-':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

func escapePercent(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// systemdLength writes a length in seconds, which systemd reads with a point.
func systemdLength(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
