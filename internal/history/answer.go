package history

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// AnswerKind says which field of an Answer is filled. Its values are the names
// of the types in Prometheus' HTTP interface.
type AnswerKind string

// The kinds of answers.
const (
	Vector AnswerKind = "vector"
	Matrix AnswerKind = "matrix"
	Scalar AnswerKind = "scalar"
	String AnswerKind = "string"
)

// Answer is what an expression came to.
type Answer struct {
	Kind     AnswerKind
	Vector   []Element // one value each, in no particular order unless the expression sorts
	Matrix   []Line    // sorted by labels
	Scalar   Value
	String   string
	Warnings []string // what the engine found doubtful though it answered
}

// Element is one element of an instant vector.
type Element struct {
	Labels map[string]string // with the metric's name as __name__, where it has one
	Value
}

// Line is one series of an answer, the oldest value first.
type Line struct {
	Labels map[string]string
	Values []Value
}

func answerOf(v parser.Value) Answer {
	switch v := v.(type) {
	case promql.Vector:
		a := Answer{Kind: Vector, Vector: make([]Element, len(v))}
		for i, s := range v {
			a.Vector[i] = Element{labelMap(s.Metric), Value{time.UnixMilli(s.T), s.F}}
		}
		return a
	case promql.Matrix:
		a := Answer{Kind: Matrix, Matrix: make([]Line, len(v))}
		for i, s := range v {
			a.Matrix[i] = Line{Labels: labelMap(s.Metric), Values: make([]Value, len(s.Floats))}
			for j, p := range s.Floats {
				a.Matrix[i].Values[j] = Value{time.UnixMilli(p.T), p.F}
			}
		}
		return a
	case promql.Scalar:
		return Answer{Kind: Scalar, Scalar: Value{time.UnixMilli(v.T), v.V}}
	case promql.String:
		return Answer{Kind: String, String: v.V}
	}
	return Answer{}
}

func labelMap(l labels.Labels) map[string]string {
	m := make(map[string]string, l.Len())
	l.Range(func(l labels.Label) { m[l.Name] = l.Value })
	return m
}
