package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Crontab writes jobs as lines for crontab, for those who run no daemon.
// Command gives a job's program and arguments.
//
// Jobs whose zone is not the machine's own stand below a CRON_TZ line, which
// cronie knows and Debian's cron does not. What cron cannot do comes as near as
// it can, with a comment that says so: @every counts from midnight, a single
// second is left out. Where there is nothing near, such as @every 90s or
// several seconds, it is an error; all such errors come at once, and systemd's
// timers can do it. Jitter, Timeout and Missed have no counterpart in cron.
func Crontab(jobs []Job, command func(Job) []string) (string, error) {
	var b strings.Builder
	b.WriteString("# Jobs of Vitals. Put them in with: crontab FILE\n")
	var problems []error
	current := ""
	for _, job := range byZone(jobs) {
		lines, err := cronLines(job, command(job))
		if err != nil {
			problems = append(problems, fmt.Errorf("the job %s cannot be written for cron: %w", job.Name, err))
			continue
		}
		zone, err := zoneName(job.Spec)
		if err != nil {
			problems = append(problems, fmt.Errorf("the job %s cannot be written for cron: %w", job.Name, err))
			continue
		}
		if zone != current {
			current = zone
			b.WriteString("\n# From here on times are those of " + zone + ". Debian's cron ignores CRON_TZ: use systemd's timers there.\nCRON_TZ=" + zone + "\n")
		}
		b.WriteString("\n# " + job.Name + ": " + job.Spec.Describe() + "\n" + lines)
	}
	if err := errors.Join(problems...); err != nil {
		return "", err
	}
	return b.String(), nil
}

// byZone puts those of the machine's own zone first: nothing but the end of the
// file ends a CRON_TZ. @every has no zone.
func byZone(jobs []Job) []Job {
	sorted := slices.Clone(jobs)
	slices.SortStableFunc(sorted, func(a, b Job) int {
		x, _ := zoneName(a.Spec)
		y, _ := zoneName(b.Spec)
		return strings.Compare(x, y)
	})
	return sorted
}

// zoneName is the name of the spec's zone, "" for the machine's own and for
// @every.
func zoneName(s Spec) (string, error) {
	if s.every > 0 || s.loc == nil || s.loc == time.Local {
		return "", nil
	}
	name := s.loc.String()
	if _, err := time.LoadLocation(name); err != nil || name == "" {
		return "", fmt.Errorf("its time zone %q has no name that other programs know", name)
	}
	return name, nil
}

// cronLines are the comments and the line of one job.
func cronLines(job Job, command []string) (string, error) {
	if err := job.Validate(); err != nil {
		return "", err
	}
	what, err := cronCommand(command)
	if err != nil {
		return "", err
	}
	when, note, err := cronTimes(job.Spec)
	if err != nil {
		return "", err
	}
	if note != "" {
		note = "# " + note + "\n"
	}
	return note + when + " " + what + "\n", nil
}

// cronTimes writes the five fields, and a note where they are not quite it.
func cronTimes(s Spec) (fields, note string, err error) {
	if s.every > 0 {
		return cronEvery(s.every)
	}
	all := s.sets()
	seconds := all[0].values()
	if len(seconds) > 1 {
		return "", "", fmt.Errorf("cron begins jobs at whole minutes and %q has several seconds: use systemd's timers", s)
	}
	if seconds[0] != 0 {
		note = fmt.Sprintf("Cron begins jobs at whole minutes: this is %d s earlier than in Vitals.", seconds[0])
	}
	parts := make([]string, 5)
	for i, v := range all[1:] {
		parts[i] = cronField5(v, i == 2 && s.cron.Dom&starBit != 0 || i == 4 && s.cron.Dow&starBit != 0)
	}
	if !s.eitherDay() && parts[2][0] != '*' && parts[4][0] != '*' {
		return "", "", fmt.Errorf("cron would run %q when either of the days fits instead of both: write the day field with the star as *, */2 or the like alone", s)
	}
	return strings.Join(parts, " "), note, nil
}

// cronField5 writes one field. A star decides how days are combined, so one
// that was there stays, and none comes in.
func cronField5(v set, star bool) string {
	days := v.high == 31 || v.high == 6
	step, ok := v.steps()
	switch all := v.values(); {
	case star && len(all) == 1 && all[0] == v.low: // such as */7 for Sunday
		return fmt.Sprintf("*/%d", v.high-v.low+1)
	case v.full() && (star || !days):
		return "*"
	case ok && step > 1 && (star || !days && len(all) > 3):
		return fmt.Sprintf("*/%d", step)
	}
	return v.text("-", func(n int) string { return fmt.Sprint(n) })
}

// cronEvery writes lengths that divide an hour or a day.
func cronEvery(length time.Duration) (fields, note string, err error) {
	const day = 24 * time.Hour
	note = fmt.Sprintf("Nearest to @every %s: cron counts from midnight of its own zone.", shortLength(length))
	switch {
	case length == time.Minute:
		return "* * * * *", "", nil
	case length%time.Minute == 0 && length < time.Hour && time.Hour%length == 0:
		return fmt.Sprintf("*/%d * * * *", length/time.Minute), note, nil
	case length == time.Hour:
		return "0 * * * *", note, nil
	case length%time.Hour == 0 && length < day && day%length == 0:
		return fmt.Sprintf("0 */%d * * *", length/time.Hour), note, nil
	case length == day:
		return "0 0 * * *", note, nil
	}
	return "", "", fmt.Errorf("cron cannot begin something every %s: use a length that divides an hour or a day, such as 5m, 30m or 6h, or systemd's timers", shortLength(length))
}

// cronCommand quotes a command for the shell, and % for cron.
func cronCommand(command []string) (string, error) {
	if len(command) == 0 || command[0] == "" {
		return "", errors.New("it has no command")
	}
	quoted := make([]string, len(command))
	for i, word := range command {
		if strings.ContainsFunc(word, unicode.IsControl) {
			return "", fmt.Errorf("its command has a line break or another control character in %q", word)
		}
		quoted[i] = shellWord(word)
	}
	return strings.ReplaceAll(strings.Join(quoted, " "), "%", `\%`), nil
}

// shellWord quotes a word for any POSIX shell where it needs that.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+./:@,=%", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// shortLength writes 5m0s as 5m and 1h0m0s as 1h.
func shortLength(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
