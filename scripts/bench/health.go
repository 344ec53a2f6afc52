package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// health puts `vitals serve` under load and counts how often that reaches the
// database.
func (b *bench) health(ctx context.Context) (missed int, err error) {
	admin, err := pgx.Connect(ctx, b.services.postgres.String())
	if err != nil {
		return 0, err
	}
	defer admin.Close(ctx)
	// A database of its own, so that the statements counted are Vitals' alone.
	name := fmt.Sprintf("bench%d", os.Getpid())
	if _, err := admin.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return 0, err
	}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return 0, err
	}
	defer func() {
		_, dropErr := admin.Exec(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		err = errors.Join(err, dropErr)
	}()
	u := *b.services.postgres
	u.Path = "/" + name
	text := fmt.Sprintf("database: {url: %q}\nredis: {url: %q}\n", u.String(), "redis://"+b.services.redis)
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		return 0, err
	}
	address, stop, err := b.serve(ctx)
	if err != nil {
		return 0, err
	}
	defer stop()

	before, err := probes(ctx, admin, name)
	if err != nil {
		return 0, err
	}
	l := b.load.run(ctx, "http://"+address+"/health")
	after, err := probes(ctx, admin, name)
	if err != nil {
		return 0, err
	}
	return l.report(after - before), nil
}

// probes is how often a database was asked: each probe asks the same
// statements, so the one asked most often was asked once for each.
func probes(ctx context.Context, admin *pgx.Conn, database string) (int, error) {
	var n int
	err := admin.QueryRow(ctx, `SELECT coalesce(max(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
		WHERE d.datname = $1`, database).Scan(&n)
	return n, err
}

// serve starts `vitals serve` and waits until its first round is over.
func (b *bench) serve(ctx context.Context) (address string, stop func(), err error) {
	p := b.command("serve", "--listen", "127.0.0.1:0")
	c := exec.CommandContext(ctx, p.path, p.args...)
	c.Env = p.env
	log := filepath.Join(b.dir, "serve.log")
	file, err := os.Create(log)
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	c.Stderr = file
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Signal(os.Interrupt) // it may have ended by itself, which the load has then said
		_ = c.Wait()
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if address == "" {
			address = listening(log)
			continue
		}
		if answer, err := http.Get("http://" + address + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return address, stop, nil
			}
		}
	}
	stop()
	said, _ := os.ReadFile(log)
	return "", nil, fmt.Errorf("vitals serve did not become ready: %s", said)
}

// listening finds the address in the log line that tells it, or "".
func listening(log string) string {
	file, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, "listening") {
			for _, cut := range []string{"address=", `"address":"`} {
				if _, rest, ok := strings.Cut(line, cut); ok {
					return rest[:strings.IndexAny(rest+" ", "\" \n")]
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return ""
		}
	}
}
