package history

import (
	"cmp"
	"context"
	"slices"
)

// Expect tells a round which expressions it is going to be asked, so that what
// they read of longer times is read together, the longest first: one statement
// for all that look at the same days rather than one for each. Expressions that
// cannot be evaluated are left out here, and fail when they are asked.
//
// A round answers the same without it, more slowly.
func (r *Round) Expect(ctx context.Context, exprs []string) error {
	together := map[[2]int64][]question{}
	for _, expr := range exprs {
		asked, err := r.engine.asked(ctx, expr, r.at)
		if err != nil {
			continue
		}
		for _, q := range asked {
			if q.to-q.from > wideWindow {
				span := [2]int64{q.from, q.to}
				together[span] = append(together[span], q)
			}
		}
	}
	var spans [][2]int64
	for span := range together {
		spans = append(spans, span)
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return cmp.Compare(b[1]-b[0], a[1]-a[0]) })
	for _, span := range spans {
		if err := r.view.readTogether(ctx, span, together[span]); err != nil {
			return err
		}
	}
	return nil
}

// readTogether reads what several questions about the same time need. Too much
// at once is left for each of them to read alone.
func (v *view) readTogether(ctx context.Context, span [2]int64, questions []question) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.begin(ctx); err != nil {
		return err
	}
	asked := map[*metric]bool{}
	var found []*metric
	for _, q := range questions {
		for _, m := range v.list.matching(q.matchers) {
			if !asked[m] {
				asked[m] = true
				found = append(found, m)
			}
		}
	}
	_, err := v.keep(ctx, span[0], span[1], found)
	if isTooMuch(err) {
		return nil
	}
	return v.trouble(ctx, err)
}
