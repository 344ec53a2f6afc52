package configs

import (
	"fmt"
	"strings"
	"time"

	"vitals/schedule"
)

// ScheduleOptions say what runs by the clock.
type ScheduleOptions struct {
	Disabled bool         `mapstructure:"disabled" help:"run no jobs in vitals serve"`
	Jobs     []JobOptions `mapstructure:"jobs" help:"what runs when: a command of Vitals, or one of your own"`
}

// JobOptions are one job.
type JobOptions struct {
	Name        string        `mapstructure:"name" help:"what it is called"`
	Disabled    bool          `mapstructure:"disabled" help:"leave this job out"`
	Cron        string        `mapstructure:"cron" help:"when: minute hour day month weekday, seconds first where there are six; or @daily, @every 90s"`
	Timezone    string        `mapstructure:"timezone" help:"empty means that of the whole configuration"`
	Vitals      []string      `mapstructure:"vitals" help:"a command of Vitals with its arguments, such as [checklist, daily] or [check, database]"`
	Command     []string      `mapstructure:"command" help:"in place of vitals: a program with its arguments; no shell reads it"`
	Channels    []string      `mapstructure:"channels" help:"names of channels that get what it printed"`
	Missed      string        `mapstructure:"missed" oneof:"once,skip" help:"what becomes of times at which nothing ran: once catches up once, skip does not"`
	Grace       time.Duration `mapstructure:"grace" help:"how old a missed time may be to be caught up; 0 means however old"`
	Timeout     time.Duration `mapstructure:"timeout" help:"the job is stopped after this time; 0 means never"`
	MaxDuration time.Duration `mapstructure:"max_duration" help:"a run that takes longer is told of; 0 means any"`
	Slack       time.Duration `mapstructure:"slack" help:"how much later than expected a success may come before the job is late; 0 means a tenth of the pause between two, at least 5m"`
	Jitter      time.Duration `mapstructure:"jitter" help:"spreads jobs of the same time: each begins later by a delay of its own below this"`
}

// DefaultJobOptions returns what a job does when it says nothing else.
func DefaultJobOptions() JobOptions {
	return JobOptions{Missed: string(schedule.MissedOnce), Timeout: time.Hour}
}

// Job is a job with what it runs.
type Job struct {
	schedule.Job
	Options JobOptions
}

// Jobs are the jobs of the configuration that are not disabled, in its order.
func (c *Config) Jobs() []Job { return c.jobs }

func (b policyBuilder) jobs() []Job {
	var all []Job
	names := map[string]string{}
	for i, o := range b.Schedule.Jobs {
		path := index("schedule.jobs", i)
		if first, twice := names[o.Name]; twice && o.Name != "" {
			b.problem(b.p, path+".name", fmt.Sprintf("%q is the name of two jobs; %s has it already", o.Name, b.describe(first)))
		}
		names[o.Name] = path
		if job, ok := b.job(path, o); ok && !o.Disabled {
			all = append(all, job)
		}
	}
	return all
}

func (b policyBuilder) job(path string, o JobOptions) (Job, bool) {
	before := len(b.p.list)
	if !isWord(o.Name) || o.Name == "" {
		b.problem(b.p, path+".name", fmt.Sprintf("%q is no word that can be typed; use letters, digits, - _ and .", o.Name))
	}
	location := b.location
	if o.Timezone != "" {
		var err error
		if location, err = loadLocation(o.Timezone); err != nil {
			b.problem(b.p, path+".timezone", fmt.Sprintf("%q is not a time zone; write one such as Europe/Berlin or UTC", o.Timezone))
		}
	}
	job := Job{Options: o, Job: schedule.Job{
		Name: o.Name, Missed: schedule.Missed(o.Missed), Grace: o.Grace, Timeout: o.Timeout, Jitter: o.Jitter, Slack: o.Slack, Most: o.MaxDuration,
	}}
	if strings.TrimSpace(o.Cron) == "" {
		b.problem(b.p, path+".cron", "is missing; write when it runs, such as \"0 6 * * *\" or @daily")
	} else if location != nil {
		spec, err := schedule.Parse(o.Cron, location)
		b.report(path+".cron", err)
		job.Spec = spec
	}
	switch {
	case len(o.Vitals) == 0 && len(o.Command) == 0:
		b.problem(b.p, path, "runs nothing; write vitals: [check], or command: [/usr/local/bin/backup]")
	case len(o.Vitals) > 0 && len(o.Command) > 0:
		b.problem(b.p, path, "has both vitals and command; keep one, or make two jobs")
	case len(o.Vitals) > 0 && (o.Vitals[0] == "serve" || o.Vitals[0] == "demo" || o.Vitals[0] == "run"):
		b.problem(b.p, path+".vitals", fmt.Sprintf("%q cannot be a job", o.Vitals[0]))
	}
	for n, name := range o.Channels {
		b.knownChannel(index(path+".channels", n), name)
	}
	for key, d := range map[string]time.Duration{"grace": o.Grace, "timeout": o.Timeout, "max_duration": o.MaxDuration, "slack": o.Slack, "jitter": o.Jitter} {
		b.notNegative(b.p, path+"."+key, int64(d))
	}
	if len(b.p.list) == before {
		b.report(path, job.Validate())
	}
	return job, len(b.p.list) == before
}
