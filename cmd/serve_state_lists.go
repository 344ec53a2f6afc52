package cmd

import (
	"context"
	"net/http"
	"slices"

	"vitals/checks"
	"vitals/internal/history"
	"vitals/internal/server"
	"vitals/schedule"
)

// Checklists implements server.Lists.
func (o *office) Checklists(context.Context) (checks.Table, error) {
	t := checks.Table{Name: "checklists", Columns: []checks.Column{{Name: "list"}, {Name: "item"}, {Name: "title"}, {Name: "question"}}}
	for _, list := range schedule.Builtin() {
		for _, item := range list.Items {
			t.Add(list.Name, item.ID, item.Title, item.Ask)
		}
	}
	return t, nil
}

// Checklist implements server.Lists.
func (o *office) Checklist(ctx context.Context, name string) (results []checks.Result, err error) {
	lists := schedule.Builtin()
	i := slices.IndexFunc(lists, func(l schedule.Checklist) bool { return l.Name == name })
	if i < 0 {
		return nil, &server.Refusal{Code: http.StatusNotFound, Why: "there is no such checklist: there are daily, weekly and monthly"}
	}
	err = o.with(ctx, func(db *history.DB) error {
		found := map[string]checks.Result{}
		last, _ := o.board.Last()
		for _, r := range last {
			found[r.Check] = r
		}
		answers := o.app.judge(ctx, o.board.Checks(), db, lists[i], found)
		period := lists[i].Period.Begin(o.app.Now().In(o.cfg.Location()))
		if err := o.app.addTicks(ctx, db, lists[i], period, answers); err != nil {
			return err
		}
		results = checklistResults(lists[i], answers)
		return nil
	})
	return results, err
}

// Tick implements server.Lists.
func (o *office) Tick(ctx context.Context, item string, r server.TickRequest) (title string, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		ticked, _, err := o.app.keepTick(ctx, o.cfg, db, item, r.By, r.Note, r.Status)
		title = ticked.Title
		return err
	})
	return title, err
}

// Jobs implements server.Lists.
func (o *office) Jobs(ctx context.Context) (t checks.Table, err error) {
	err = o.with(ctx, func(db *history.DB) error {
		t, err = o.app.jobTable(ctx, o.cfg, db)
		return err
	})
	return t, err
}
