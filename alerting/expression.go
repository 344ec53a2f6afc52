package alerting

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// ExpressionError says what is wrong with a PromQL expression, or why it has
// no answer. Its text is a sentence part that names the place.
type ExpressionError struct {
	Expr   string
	Line   int // 1 is the first; 0 where it is not one place that is wrong
	Column int // in bytes; 1 is the first
	Reason string
	Err    error // the cause; may be nil
}

// Error names the expression, the place and the reason.
func (e *ExpressionError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("the expression %q has no answer: %s", e.Expr, e.Reason)
	}
	if !strings.Contains(e.Expr, "\n") {
		return fmt.Sprintf("the expression %q is wrong at character %d: %s", e.Expr, e.Column, e.Reason)
	}
	return fmt.Sprintf("the expression %q is wrong at line %d, character %d: %s", e.Expr, e.Line, e.Column, e.Reason)
}

// Unwrap returns the cause.
func (e *ExpressionError) Unwrap() error { return e.Err }

// ParseExpression returns an *ExpressionError for text that is not PromQL, and
// nil for text that is.
func ParseExpression(expr string) error {
	_, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err == nil {
		return nil
	}
	return ExplainExpression(expr, err)
}

// ExplainExpression makes an *ExpressionError of what the PromQL library
// reports, with the place where it names one.
func ExplainExpression(expr string, err error) error {
	e := &ExpressionError{Expr: expr, Reason: err.Error(), Err: err}
	var where *parser.ParseErr
	if list, ok := errors.AsType[parser.ParseErrors](err); ok && len(list) > 0 {
		where = &list[0]
	} else if one, ok := errors.AsType[*parser.ParseErr](err); ok {
		where = one
	}
	if where == nil {
		return e
	}
	before := expr[:max(0, min(int(where.PositionRange.Start), len(expr)))]
	e.Line = strings.Count(before, "\n") + 1
	e.Column = len(before) - strings.LastIndex(before, "\n")
	e.Reason = where.Err.Error()
	return e
}

// AsksForAbsence tells whether an expression answers where there is no data,
// as absent does: then its silence says that all is well.
func AsksForAbsence(expr string) bool {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return false
	}
	found := false
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		call, ok := n.(*parser.Call)
		found = found || ok && (call.Func.Name == "absent" || call.Func.Name == "absent_over_time")
		return nil
	})
	return found
}
