package history

import (
	"context"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// Nothing tells that no series that an expression names has ever been
// recorded, so that it has no answer: most rules of an installation are about
// what it does not have, and evaluating them costs a command more than all the
// others. It is false where it would have to be evaluated to know.
func (r *Round) Nothing(ctx context.Context, expr string) (bool, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil || answersNothing(parsed) {
		return false, nil // evaluating it says what is wrong
	}
	v := r.view
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.begin(ctx); err != nil {
		return false, err
	}
	selectors := parser.ExtractSelectors(parsed)
	for _, matchers := range selectors {
		if len(v.list.matching(matchers)) > 0 {
			return false, nil
		}
	}
	return len(selectors) > 0, nil
}

// answersNothing tells whether an expression has a part that answers where
// there is no data.
func answersNothing(parsed parser.Expr) bool {
	found := false
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		call, ok := n.(*parser.Call)
		found = found || ok && slices.Contains([]string{"absent", "absent_over_time", "vector", "scalar", "time"}, call.Func.Name)
		return nil
	})
	return found
}

// Warm opens what queries read through and lists the series, so that the first
// query need not. Where it fails, the query says why.
func (db *DB) Warm(ctx context.Context) {
	v := db.view(false, mostSamples)
	defer v.close()
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = v.begin(ctx)
}
