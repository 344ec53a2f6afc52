package probe

import (
	"fmt"
	"strings"

	"vitals/checks"
)

// maxMeasures bounds how many of a plugin's values are kept, so that one
// plugin cannot fill the history with series.
const maxMeasures = 128

// nagios judges a plugin by its exit code and takes the rest from its output,
// as the Nagios plugin guidelines have it.
func (p *program) nagios(e *ended) checks.Result {
	name := p.Command[0]
	summary, perfdata := splitOutput(e.out)
	res := checks.Result{Status: pluginStatus(e.code), Summary: firstLineOf(summary)}
	switch {
	case e.signal != "":
		res.Summary, res.Hint = name+" was ended by "+e.signal, "The plugin crashed or somebody ended it: run it by hand."
	case e.code < 0 || e.code > 3:
		// Nagios calls these "out of bounds", and shells use 126 and 127 for
		// what they could not run.
		res.Hint = "Run it by hand; a plugin ends with 0 (OK), 1 (warning), 2 (critical) or 3 (unknown)."
		res.Summary = fmt.Sprintf("%s ended with code %d, which no Nagios plugin does", name, e.code)
		if line := firstLineOf(e.err + "\n" + summary); line != "" {
			res.Summary += ": " + line
		}
	case res.Summary == "":
		res.Summary = fmt.Sprintf("%s ended with code %d and wrote nothing", name, e.code)
		if line := firstLineOf(e.err); line != "" {
			res.Summary = line
		}
	}
	if res.Status == checks.Healthy && p.expect != nil && !p.expect.MatchString(e.out) {
		res.Status, res.Hint = checks.Unhealthy, "Run it by hand and compare what it says with expect."
		res.Summary = fmt.Sprintf("%s wrote nothing that matches %q", name, p.expect)
	}
	if res.Status != checks.Healthy {
		res.Error = e.err
		if res.Hint == "" {
			res.Hint = "Those are the plugin's words; its documentation says what it looks at."
		}
	}
	return p.measures(res, parsePerfdata(perfdata))
}

func pluginStatus(code int) checks.Status {
	switch code {
	case 0:
		return checks.Healthy
	case 1:
		return checks.Degraded
	case 2:
		return checks.Unhealthy
	}
	return checks.Unknown
}

// splitOutput parts a plugin's output into its first line and its performance
// data, which stands behind the first "|" of the first line, and behind the
// next "|" in all the rest.
func splitOutput(out string) (summary, perfdata string) {
	first, rest, _ := strings.Cut(out, "\n")
	summary, perfdata, _ = strings.Cut(first, "|")
	if _, more, ok := strings.Cut(rest, "|"); ok {
		perfdata += " " + strings.ReplaceAll(more, "\n", " ")
	}
	return strings.TrimSpace(summary), perfdata
}

// measures adds a plugin's values as facts and as samples, labelled with the
// plugin's own words for them.
func (p *program) measures(res checks.Result, list []measure) checks.Result {
	used := map[string]bool{"exit_code": true, "total": true}
	for _, m := range list[:min(len(list), maxMeasures)] {
		f := m.fact()
		for n := 2; used[f.Name]; n++ {
			f.Name = fmt.Sprintf("%s_%d", snake(m.label), n)
		}
		used[f.Name] = true
		res.Facts = append(res.Facts, f)
		if value, ok := f.Float(); ok {
			res = res.Measure("vitals_probe_value", value, "probe", p.Name, "label", m.label, "unit", unitOf(f.Kind))
		}
	}
	return res
}

// unitOf names the base unit of a kind for a label.
func unitOf(kind checks.Kind) string {
	switch kind {
	case checks.KindBytes:
		return "bytes"
	case checks.KindDuration:
		return "seconds"
	case checks.KindPercent:
		return "percent"
	}
	return ""
}
