package alerting

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// SLO is an objective: the share of requests, or of anything counted, that must
// be good. It becomes rules that fire while the part that may be bad, the error
// budget, is used up too fast.
//
// Good and Total say what is counted, in one of two ways. A counter's selector
// stands for its rate, summed: http_requests_total{status_code!~"5.."} of
// http_requests_total. Anything else is an expression with $window where the
// window belongs: sum(rate(http_request_duration_seconds_bucket{le="0.5"}[$window])).
// Without Good and Total, Checks names checks whose results are counted: good
// is what did not fail.
type SLO struct {
	Name      string
	Objective float64 // percent, such as 99.9
	Good      string
	Total     string
	Checks    string            // a pattern of check names, anchored; "" with Good and Total
	Labels    map[string]string // added to each rule
	Runbook   string
}

// windowMark is where a window is put into an SLO's expressions.
const windowMark = "$window"

// burn is one pair of windows. The long one sees that it matters, the short one
// that it still goes on, so that the alert ends soon after the trouble.
type burn struct {
	long, short time.Duration
	factor      float64
	severity    string
}

// burns are the windows and factors of Google's SRE Workbook, chapter 5, table
// 5-8 and the pair of 1d and 2h that is commonly put beside it: 2 % of a 30-day
// budget in an hour, 5 % in six, 10 % in a day and in three.
func burns() []burn {
	const day = 24 * time.Hour
	return []burn{
		{time.Hour, 5 * time.Minute, 14.4, "critical"},
		{6 * time.Hour, 30 * time.Minute, 6, "critical"},
		{day, 2 * time.Hour, 3, "warning"},
		{3 * day, 6 * time.Hour, 1, "warning"},
	}
}

var sloName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_-]*$`)

// Validate tells what keeps an SLO from being used, all at once.
func (s SLO) Validate() error {
	var all []error
	if !sloName.MatchString(s.Name) {
		all = append(all, fmt.Errorf("%q is not a name for an SLO: use letters, digits, _ and -, such as checkout_availability", s.Name))
	}
	if math.IsNaN(s.Objective) || s.Objective <= 0 || s.Objective >= 100 {
		all = append(all, fmt.Errorf("the objective must lie between 0 and 100 percent, such as 99.9, not %g: at 100 nothing may ever fail", s.Objective))
	}
	switch counted := s.Good != "" || s.Total != ""; {
	case counted && s.Checks != "":
		all = append(all, errors.New("an SLO counts results of checks, or good and total, not both"))
	case counted:
		all = append(all, countable("good", s.Good), countable("total", s.Total))
	case s.Checks == "":
		all = append(all, errors.New("an SLO must say what it counts: good and total, or checks"))
	default:
		if _, err := regexp.Compile("^(?:" + s.Checks + ")$"); err != nil {
			all = append(all, fmt.Errorf("checks: the pattern %q cannot be read: %w", s.Checks, err))
		}
	}
	return errors.Join(all...)
}

// countable tells what is wrong with one of the two expressions.
func countable(key, text string) error {
	if text == "" {
		return fmt.Errorf("%s is missing: write a counter, such as http_requests_total", key)
	}
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(text, windowMark, "5m"))
	if err != nil {
		return fmt.Errorf("%s: %q is not PromQL: %w", key, text, err)
	}
	if strings.Contains(text, windowMark) {
		if parsed.Type() != parser.ValueTypeVector {
			return fmt.Errorf("%s: %q must come to numbers of the moment, such as sum(rate(x[%s]))", key, text, windowMark)
		}
		return nil
	}
	if v, ok := parsed.(*parser.VectorSelector); !ok || v.OriginalOffset != 0 || v.Timestamp != nil || v.StartOrEnd != 0 {
		return fmt.Errorf("%s: write a counter, such as http_requests_total, or an expression with [%s] in place of the window, not %q", key, windowMark, text)
	}
	return nil
}

// Rules expands a valid SLO to its burn-rate rules, the fastest first. Each is
// named after the SLO and its long window and carries slo, long_window and
// short_window as labels. Its value is how many times faster than allowed the
// budget goes. A rule that could never fire is left out: at an objective of
// 90 % even the loss of everything burns no faster than 10 times.
func (s SLO) Rules() []Rule {
	budget := math.Round((100-s.Objective)*1e10) / 1e12
	var rules []Rule
	for _, b := range burns() {
		if b.factor*budget >= 1 {
			continue
		}
		long, short := model.Duration(b.long).String(), model.Duration(b.short).String()
		limit := plainNumber(b.factor)
		r := Rule{
			Name:      s.Name + "_burn_" + long,
			Expr:      fmt.Sprintf("(%s) / %s > %s\nand (%s) / %[2]s > %[3]s", s.bad(long), plainNumber(budget), limit, s.bad(short)),
			Severity:  b.severity,
			Labels:    map[string]string{},
			Runbook:   s.Runbook,
			Shorthand: fmt.Sprintf("%s %% objective: budget burning above %s times the allowed rate over %s and %s", plainNumber(s.Objective), limit, long, short),
			Annotations: map[string]string{
				"summary": fmt.Sprintf("%s uses up its error budget {{ $value }} times as fast as %s %% allows", s.Name, plainNumber(s.Objective)),
				"description": fmt.Sprintf("So it has been over %s and still is over %s. At this pace the budget of 30 days lasts less than %s.",
					long, short, lasts(b.factor)),
			},
		}
		maps.Copy(r.Labels, s.Labels)
		r.Labels["slo"], r.Labels["long_window"], r.Labels["short_window"] = s.Name, long, short
		rules = append(rules, r)
	}
	return rules
}

// bad is the share that was not good in a window. What never was good has no
// series: it counts as none, or a total failure would pass unseen. Where
// nothing at all happened there is no share.
func (s SLO) bad(window string) string {
	if s.Checks != "" {
		return fmt.Sprintf("sum(sum_over_time(vitals_check_failed{check=~%q}[%s])) / sum(count_over_time(vitals_check_failed{check=~%[1]q}[%[2]s]))", s.Checks, window)
	}
	return fmt.Sprintf("1 - (%s or vector(0)) / (%s > 0)", counted(s.Good, window), counted(s.Total, window))
}

func counted(text, window string) string {
	if strings.Contains(text, windowMark) {
		return strings.ReplaceAll(text, windowMark, window)
	}
	return "sum(rate(" + text + "[" + window + "]))"
}

// lasts is how long a budget of 30 days lasts at a multiple of its pace.
func lasts(factor float64) string {
	hours := 30 * 24 / factor
	if hours < 72 {
		return fmt.Sprintf("%.0f hours", math.Ceil(hours))
	}
	return fmt.Sprintf("%.0f days", math.Ceil(hours/24))
}

func sortRules(rules []Rule) {
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.Name, b.Name) })
}
