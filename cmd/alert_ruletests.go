package cmd

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"vitals/checks"
	"vitals/configs"
	"vitals/internal/ruletest"
	"vitals/report"
)

// testRules runs `vitals alert rules --test`: people get the failures as text,
// programs a document with a result for each file.
func (a *App) testRules(ctx context.Context, f report.Format, cfg *configs.Config, files []string) error {
	if len(files) == 0 {
		return usageError("Name one: vitals alert rules --test rules_test.yml", "--test needs a file with tests")
	}
	started, began := a.Now(), time.Now()
	var results []checks.Result
	var text strings.Builder
	for _, name := range files {
		file, err := os.ReadFile(a.path(name))
		if err != nil {
			return usageError("", "the tests cannot be read: %w", err)
		}
		at := time.Now()
		out, err := ruletest.Run(ctx, file, name, cfg.AlertPolicy().Rules)
		if err != nil {
			return usageError("The format is that of 'promtool test rules'.", "the tests cannot be used:\n%w", err)
		}
		for _, n := range out.Notes {
			a.note("%s", n)
		}
		r := ruleTestResult(name, out)
		r.Started, r.Duration = started, time.Since(at)
		results = append(results, r)
		for _, failure := range out.Failures {
			fmt.Fprintf(&text, "%s\n\n", failure)
		}
		fmt.Fprintf(&text, "%s: %s\n", name, r.Summary)
	}
	doc := report.NewDocument(results, started, time.Since(began))
	var err error
	if f.Name == "table" {
		err = a.printText(func(b *strings.Builder) { b.WriteString(cleanLines(text.String())) })
	} else {
		err = a.printDocument(f, doc, a.view(cfg))
	}
	if err != nil {
		return err
	}
	return verdict(doc.Status, checks.Degraded)
}

func ruleTestResult(name string, out ruletest.Outcome) checks.Result {
	r := checks.Result{Check: "rules." + name, Critical: true, Summary: fmt.Sprintf("%s in %s, all met", countOf(out.Checked, "expectation"), countOf(out.Tests, "test"))}
	r = r.Add(checks.Int("tests", int64(out.Tests)), checks.Int("expectations", int64(out.Checked)), checks.Int("failures", int64(len(out.Failures))))
	if out.OK() {
		return r
	}
	r.Status = checks.Unhealthy
	r.Summary = fmt.Sprintf("%d of %s in %s not met", len(out.Failures), countOf(out.Checked, "expectation"), countOf(out.Tests, "test"))
	t := checks.Table{Name: "failures", Columns: []checks.Column{
		{Name: "line", Kind: checks.KindInteger}, {Name: "test"}, {Name: "subject"}, {Name: "at", Kind: checks.KindDuration}, {Name: "got"}, {Name: "want"}, {Name: "reason"},
	}}
	var said []string
	for _, f := range out.Failures {
		said = append(said, f.String())
		t.Add(int64(f.Line), f.Test, f.Subject, f.At, strings.Join(f.Got, "\n"), strings.Join(f.Want, "\n"), textOrNil(f.Reason))
	}
	r.Error, r.Tables = strings.Join(said, "\n"), []checks.Table{t}
	return r
}
