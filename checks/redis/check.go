package redis

import (
	"context"

	"vitals/checks"
)

// server is the check of one Redis, whatever its mode.
type server struct {
	Options
	check  string
	target target
	asker  asker
	guard  checks.Redactor
}

// Checks implements checks.Options: one check, or none without an address.
func (o *Options) Checks() []checks.Check {
	if o.Disabled || !o.configured() {
		return nil
	}
	s := &server{Options: *o, check: "redis"}
	if o.Name != "" {
		s.check += "@" + o.Name
	}
	s.target, _ = o.target() // Problems has told what is wrong with it
	s.asker.options = o.TLS
	s.guard = checks.NewRedactor(checks.Secret(s.target.password), o.SentinelPassword)
	return []checks.Check{o.Apply(checks.Check{
		Name:  s.check,
		Help:  "whether Redis or Valkey answers and writes, its memory, keys and hit rate",
		Do:    s.do,
		Close: s.asker.links.close,
	})}
}

func (s *server) do(ctx context.Context) checks.Result {
	var res checks.Result
	switch s.mode() {
	case ModeSentinel:
		res = s.sentinel(ctx)
	case ModeCluster:
		res = s.cluster(ctx)
	default:
		res = s.single(ctx)
	}
	s.guard.Result(&res)
	return res
}

// single asks one server.
func (s *server) single(ctx context.Context) checks.Result {
	a, f := s.asker.ask(ctx, s.target)
	if f != nil {
		return f.result(s.target.at())
	}
	res := s.judge(a)
	if a.info["cluster_enabled"] != "1" {
		return res
	}
	// One node says little: whether its cluster serves is the question.
	return s.withCluster(ctx, res)
}
