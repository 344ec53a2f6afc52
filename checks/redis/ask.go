package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// answer is what one server said.
type answer struct {
	target
	tls     string // in words
	info    info   // nil when it may not be asked
	infoErr error  // why not
	keys    int64
	keysErr error // why keys is not known
	took    time.Duration
}

// asker asks servers, keeping one connection to each.
type asker struct {
	options TLSOptions
	links   links
}

// converse runs one conversation on the kept connection, and when there is
// none or it fails, on a fresh one. A kept connection gets at most half the
// time: something between may have forgotten it without a word.
func (a *asker) converse(ctx context.Context, t target, talk func(context.Context, *link) error) *failure {
	started := time.Now()
	if l := a.links.take(t.address); l != nil {
		half, cancel := shareOf(ctx, 2)
		err := a.with(half, l, talk)
		cancel()
		if err == nil {
			return nil
		}
		if text := replyText(err); text != "" {
			return newFailure(ctx, t, stageAsk, started, err, "")
		}
	}
	l, f := dial(ctx, t, a.options)
	if f != nil {
		return f
	}
	if err := a.with(ctx, l, talk); err != nil {
		return newFailure(ctx, t, stageAsk, started, err, l.conn.heard())
	}
	return nil
}

// with keeps the connection when all went well and closes it otherwise.
func (a *asker) with(ctx context.Context, l *link, talk func(context.Context, *link) error) error {
	stop := l.while(ctx)
	err := talk(ctx, l)
	if alive := stop(); err != nil || !alive {
		l.close()
		return err
	}
	a.links.put(l)
	return nil
}

// shareOf gives the first of n parts the time that is its due.
func shareOf(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(n))
}

// ask asks one server that should hold data: PING, INFO and DBSIZE in one
// round trip. On a fresh connection a HELLO goes before, which logs in.
func (a *asker) ask(ctx context.Context, t target) (*answer, *failure) {
	res := &answer{target: t}
	f := a.converse(ctx, t, func(ctx context.Context, l *link) error {
		started := time.Now()
		p := l.client.Pipeline()
		ping, about, size := p.Ping(ctx), p.Info(ctx), p.DBSize(ctx)
		err := exec(ctx, p)
		res.took, res.tls = time.Since(started), l.words()
		if err != nil {
			return err
		}
		if res.infoErr = about.Err(); res.infoErr == nil {
			res.info = parseInfo(about.Val())
		}
		res.keys, res.keysErr = size.Val(), size.Err()
		// INFO tells as well as PING that somebody is there; a server that may
		// not be pinged is asked about itself all the same.
		if err := ping.Err(); err != nil && (!refused(err) || res.info == nil) {
			return err
		}
		return nil
	})
	if f != nil {
		f.loading(res.info)
		return nil, f
	}
	return res, nil
}

// exec asks all that was put into a pipeline. Its error is one of the whole
// conversation; what the server thinks of one command is that command's own.
func exec(ctx context.Context, p goredis.Pipeliner) error {
	asked, err := p.Exec(ctx)
	if err == nil {
		return nil
	}
	answered := false
	for _, one := range asked {
		if err := one.Err(); err != nil {
			answered = true
			if replyText(err) == "" {
				return err
			}
		}
	}
	if !answered { // it failed before, at logging in
		return err
	}
	return nil
}

// refused tells whether the server keeps a command from this user, or has not
// got it, as managed servers do.
func refused(err error) bool {
	return goredis.IsPermissionError(err) || goredis.HasErrorPrefix(err, "unknown command")
}

// loading adds to "is loading its data" how far it is.
func (f *failure) loading(i info) {
	eta, known := i.seconds("loading_eta_seconds")
	if i["loading"] != "1" || !known {
		return
	}
	f.What += ": " + i["loading_loaded_perc"] + " % are read, " + eta.String() + " left"
}
