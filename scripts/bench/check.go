package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"
)

const plugins = "/usr/lib/nagios/plugins/"

// check compares whole processes: Vitals, and the plugins of Debian that look
// at the same things.
func (b *bench) check(ctx context.Context) (missed int, err error) {
	words := []string{"check", "database", "redis", "disk", "load"}
	if err := b.answers(ctx, words); err != nil {
		return 0, err
	}
	all := []program{b.judging(words...)}
	rows := []struct {
		name         string
		ours, theirs []program
		target       float64       // of the ratio
		atMost       time.Duration // of ours; 0 = any
	}{
		{"`vitals check database redis disk load` / check_pgsql, check_tcp, check_disk, check_load", all, b.nagios(), 1, 0},
		{"the same with `--no-record`", []program{b.judging(append(words, "--no-record")...)}, b.nagios(), 1, 0},
		{"`vitals check database redis disk load` / one check_postgres", all, b.checkPostgres(), 0.25, 0},
		{"`vitals version` / a bare Go hello", []program{{path: b.vitals, args: []string{"version"}}}, []program{{path: b.hello}}, 7.5, 15 * time.Millisecond},
	}
	fmt.Printf("Whole processes, %d pairs each, run in turn.\n\n", b.runs)
	fmt.Println("| Vitals / other | Vitals, median | other, median | ratio, median of pairs | 80 % of pairs | target | met |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, r := range rows {
		c, err := compare(ctx, b.runs, r.ours, r.theirs)
		if err != nil {
			return 0, err
		}
		target := fmt.Sprintf("at most %.2f", r.target)
		met := c.ratio <= r.target
		if r.atMost > 0 {
			target = fmt.Sprintf("at most %v", r.atMost)
			met = c.ours <= r.atMost
		}
		if !met {
			missed++
		}
		fmt.Printf("| %s | %s | %s | %.2f | %.2f to %.2f | %s | %s |\n", r.name, ms(c.ours), ms(c.theirs), c.ratio, c.low, c.high, target, yes(met))
	}
	return missed, nil
}

// judging is a command whose exit code is a verdict on this machine, which may
// well be busy: 0 to 3 are answers.
func (b *bench) judging(args ...string) program {
	p := b.command(args...)
	p.worst = 3
	return p
}

// answers makes sure that there is something to measure: the database and
// Redis are well, and all four were looked at.
func (b *bench) answers(ctx context.Context, words []string) error {
	p := b.judging(append(words, "-o", "json")...)
	c := exec.CommandContext(ctx, p.path, p.args...)
	c.Env = p.env
	out, err := c.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return err
	}
	var document struct {
		Results []struct{ Check, Status, Summary string }
	}
	if err := json.Unmarshal(out, &document); err != nil {
		return fmt.Errorf("vitals check: %w in %q", err, out)
	}
	for _, word := range words[1:] {
		found := false
		for _, r := range document.Results {
			if r.Check == word || strings.HasPrefix(r.Check, word+".") {
				found = true
			}
			if (r.Check == "database" || r.Check == "redis") && r.Status != "healthy" || r.Status == "unknown" {
				return fmt.Errorf("vitals check: %s is %s: %s", r.Check, r.Status, r.Summary)
			}
		}
		if !found {
			return fmt.Errorf("vitals check did not look at %s", word)
		}
	}
	return nil
}

// nagios are the plugins that together look at what Vitals looks at.
func (b *bench) nagios() []program {
	u := b.services.postgres
	password, _ := u.User.Password()                     // none is as good as an empty one
	host, port, _ := net.SplitHostPort(b.services.redis) // findServices has done so before
	return []program{
		{path: plugins + "check_pgsql", args: []string{"-H", u.Hostname(), "-P", u.Port(), "-d", "postgres", "-l", u.User.Username(), "-p", password}},
		{path: plugins + "check_tcp", args: []string{"-H", host, "-p", port}},
		{path: plugins + "check_disk", args: []string{"-w", "20%", "-c", "10%"}, worst: 2},
		{path: plugins + "check_load", args: []string{"-w", "99,99,99", "-c", "199,199,199"}, worst: 2},
	}
}

func (b *bench) checkPostgres() []program {
	u := b.services.postgres
	password, _ := u.User.Password()
	return []program{{path: "/usr/bin/check_postgres", args: []string{
		"--action=connection", "--host=" + u.Hostname(), "--port=" + u.Port(), "--dbname=postgres", "--dbuser=" + u.User.Username(), "--dbpass=" + password,
	}}}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}
