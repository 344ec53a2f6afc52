package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vitals/alerting"
	"vitals/checks"
	"vitals/configs"
	"vitals/internal/history"
)

type silenceOptions struct {
	matchers    []string
	length      time.Duration
	from, until string
	why, by     string
	expire      string // the id of the silence to end; "" makes one
}

func newAlertSilence(app *App) *cobra.Command {
	var o silenceOptions
	c := &cobra.Command{
		Use:   "silence MATCHER ... (--for TIME | --until MOMENT) --why TEXT | --expire ID",
		Short: "Tell nobody of certain alerts for a while",
		Long: `Tells nobody of the alerts that match, for a while. They are still evaluated,
shown and written down, and whatever still fires at the end is told then.

A matcher is name=value, name!=value, name=~pattern or name!~pattern; a bare word
is the name of a rule. All of them must hold. Prints the silence's id, with which
--expire ends it early.`,
		Example: `  vitals alert silence high_memory_usage --for 2h --why "load test"
  vitals alert silence check=~'probe\..*' --from 22:00 --until 23:30 --why "network upgrade"
  vitals alert silence --expire 3f2a`,
		ValidArgsFunction: app.completeRules,
		RunE: func(c *cobra.Command, args []string) error {
			o.matchers = args
			if c.Flags().Changed("expire") {
				return app.expireSilence(c.Context(), o)
			}
			return app.silence(c.Context(), o)
		},
	}
	f := c.Flags()
	f.Var((*durationFlag)(&o.length), "for", "how long, such as 2h")
	f.StringVar(&o.until, "until", "", "its end, a `moment` such as 18:30 or 2026-11-23 18:30")
	f.StringVar(&o.from, "from", "", "its beginning, a `moment` likewise (default: now)")
	f.StringVar(&o.why, "why", "", "the reason, a `text` for those who wonder")
	f.StringVar(&o.by, "by", "", "`name` of whoever silences (default: the user)")
	f.StringVar(&o.expire, "expire", "", "end the silence of this `id` now; its beginning is enough")
	_ = c.RegisterFlagCompletionFunc("expire", app.completeSilences)
	return c
}

// made is the silence that was asked for, without id and author.
func (o silenceOptions) made(now time.Time, location *time.Location) (s alerting.Silence, err error) {
	if len(o.matchers) == 0 {
		return s, usageError("Name a rule, or write label=value: vitals alert silence high_memory_usage --for 2h --why \"load test\"", "a silence needs at least one matcher")
	}
	for _, text := range o.matchers {
		m, err := alerting.ParseMatcher(text)
		if err != nil {
			return s, usageError("", "%w", err)
		}
		s.Matchers = append(s.Matchers, m)
	}
	switch {
	case o.length > 0 && o.until != "":
		return s, usageError("Give one of them.", "--for and --until both say when it ends")
	case o.length <= 0 && o.until == "":
		return s, usageError("Such as --for 2h, or --until 18:30.", "it was not said how long the silence lasts")
	case strings.TrimSpace(o.why) == "":
		return s, usageError("Such as --why \"load test\": somebody will wonder at night.", "--why is missing")
	}
	s.From, s.Why = now, strings.TrimSpace(o.why)
	if o.from != "" {
		if s.From, err = parseMoment("from", o.from, now, location); err != nil {
			return s, err
		}
	}
	s.Until = s.From.Add(o.length)
	if o.until != "" {
		if s.Until, err = parseMoment("until", o.until, s.From, location); err != nil {
			return s, err
		}
	}
	const form = "2006-01-02 15:04"
	switch {
	case !s.Until.After(s.From):
		return s, usageError("", "the silence would end (%s) before it begins (%s)", s.Until.In(location).Format(form), s.From.In(location).Format(form))
	case !s.Until.After(now):
		return s, usageError("", "the silence would have ended already, at %s", s.Until.In(location).Format(form))
	}
	return s, nil
}

func (a *App) silence(ctx context.Context, o silenceOptions) error {
	if err := a.keepsRecord("a silence"); err != nil {
		return err
	}
	cfg, err := a.Config()
	if err != nil {
		return err
	}
	s, err := o.made(a.Now(), cfg.Location())
	if err != nil {
		return err
	}
	s.ID, s.By = uuid.NewString(), a.actor(o.by)
	if err := s.Validate(); err != nil {
		return usageError("", "%w", err)
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		v, err := a.alertView(ctx, cfg, db)
		if err != nil {
			return err
		}
		if err := db.AddSilence(ctx, s); err != nil {
			return err
		}
		if !a.flags.quiet {
			fmt.Fprintln(a.Out, s.ID)
		}
		a.sayEffect(v, s)
		a.logSilence(cfg, "silence made", s, s.By)
		return nil
	})
}

// longSilence is from when on a silence is more likely a slip of the hand.
const longSilence = 31 * 24 * time.Hour

// sayEffect warns of a silence that does nothing, or too much.
func (a *App) sayEffect(v alertView, s alerting.Silence) {
	n := v.matching(s.Matchers)
	switch possible := v.couldMatch(s.Matchers); {
	case v.matchesAll(s.Matchers):
		a.note("this silences everything: nobody is told of anything until %s", shortTime(s.Until, v.now, v.location))
	case n == 0 && !possible:
		a.note("no alert matches now, and no rule makes one that could: see 'vitals alert rules' for the names")
	case n == 0:
		a.note("no alert matches now; those to come are silenced until %s", shortTime(s.Until, v.now, v.location))
	}
	if s.Until.Sub(s.From) > longSilence {
		a.note("it lasts %s: 'vitals alert silence --expire %s' ends it", checks.DurationText(s.Until.Sub(s.From)), shortID(s.ID))
	}
}

// matching counts the alerts that matchers hold for now.
func (v alertView) matching(matchers []alerting.Matcher) int {
	n := 0
	for _, a := range v.live() {
		if alerting.MatchAll(matchers, a.Labels) {
			n++
		}
	}
	return n
}

// fixedLabels are the labels that all alerts of a rule have.
func fixedLabels(r alerting.Rule) map[string]string {
	labels := map[string]string{"alertname": r.Name, "severity": r.Severity}
	for name, value := range r.Labels {
		labels[name] = value
	}
	return labels
}

// couldMatch tells whether a rule can make an alert that the matchers hold for:
// what its series say is not known, what the rule says is.
func (v alertView) couldMatch(matchers []alerting.Matcher) bool {
	rules := append([]alerting.Rule{{Name: alerting.NoDataRule, Severity: "warning"}}, v.policy.Rules...)
	return slices.ContainsFunc(rules, func(r alerting.Rule) bool {
		labels := fixedLabels(r)
		return !slices.ContainsFunc(matchers, func(m alerting.Matcher) bool {
			_, fixed := labels[m.Name]
			return fixed && !m.Matches(labels)
		})
	})
}

// matchesAll tells whether matchers hold for every alert of every rule. Of a
// label that only series have, a pattern must take whatever it may be.
func (v alertView) matchesAll(matchers []alerting.Matcher) bool {
	const unlikely = "\x00 unlikely \x00"
	for _, r := range v.policy.Rules {
		labels := fixedLabels(r)
		for _, m := range matchers {
			_, fixed := labels[m.Name]
			if fixed && !m.Matches(labels) || !fixed && (m.Op != "=~" || !m.Matches(nil) || !m.Matches(map[string]string{m.Name: unlikely})) {
				return false
			}
		}
	}
	return len(v.policy.Rules) > 0
}

func (a *App) logSilence(cfg *configs.Config, what string, s alerting.Silence, by string) {
	log, file := a.quietLogger(cfg)
	defer file.Close()
	log.Info(what, "silence", s.ID, "matchers", matchersText(s.Matchers), "from", s.From, "until", s.Until, "by", by, "why", s.Why)
}

func matchersText(matchers []alerting.Matcher) string {
	var texts []string
	for _, m := range matchers {
		texts = append(texts, m.String())
	}
	return strings.Join(texts, " ")
}

func (a *App) expireSilence(ctx context.Context, o silenceOptions) error {
	if len(o.matchers) > 0 || o.length > 0 || o.until != "" || o.from != "" {
		return usageError("", "--expire ends a silence that there is; it takes no matchers and no times")
	}
	if err := a.keepsRecord("a silence"); err != nil {
		return err
	}
	return a.withHistory(ctx, func(cfg *configs.Config, db *history.DB) error {
		now := a.Now()
		all, err := db.Silences(ctx, now)
		if err != nil {
			return err
		}
		s, err := silenceOf(all, o.expire)
		if err != nil {
			return err
		}
		if s.From.After(now) {
			s.From = now
		}
		s.Until = now
		if err := db.AddSilence(ctx, s); err != nil {
			return err
		}
		if !a.flags.quiet {
			fmt.Fprintf(a.Out, "%s  ended  %s\n", shortID(s.ID), matchersText(s.Matchers))
		}
		a.logSilence(cfg, "silence ended early", s, a.actor(o.by))
		return nil
	})
}

// silenceOf finds the one whose id begins so.
func silenceOf(all []alerting.Silence, id string) (alerting.Silence, error) {
	var found []alerting.Silence
	for _, s := range all {
		if id != "" && strings.HasPrefix(s.ID, strings.ToLower(id)) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return alerting.Silence{}, usageError("See 'vitals alert silences' for the ids. Maintenance windows are in the configuration.", "no silence that has not ended has the id %q", id)
	case 1:
		return found[0], nil
	}
	return alerting.Silence{}, usageError("Write more of the id.", "several silences begin with %q", id)
}

func (a *App) completeSilences(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	err := a.withHistory(context.Background(), func(_ *configs.Config, db *history.DB) error {
		all, err := db.Silences(context.Background(), a.Now())
		for _, s := range all {
			words = append(words, shortID(s.ID)+"\t"+matchersText(s.Matchers)+": "+s.Why)
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
