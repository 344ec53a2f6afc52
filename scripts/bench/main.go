// Command bench measures Vitals on this machine, beside programs that do the
// same, and prints Markdown. What it says are ratios of two programs run in
// turn, since times alone say more about the machine.
//
//	scripts/services run -- go run ./scripts/bench [flags] check health
//
// It ends with 1 when a target is missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// bench is what the measurements share.
type bench struct {
	dir      string // temporary; removed at the end
	vitals   string // the program
	hello    string
	config   string // a vitals.yaml for the services
	services services
	runs     int
	load     loadOptions
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) (err error) {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	var b bench
	flags.IntVar(&b.runs, "runs", 40, "pairs of runs of each comparison")
	flags.IntVar(&b.load.connections, "connections", 1000, "health: connections at once")
	flags.DurationVar(&b.load.duration, "for", 10*time.Second, "health: how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("what? check, health, or both")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if b.services, err = findServices(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "vitals-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if err := b.prepare(ctx); err != nil {
		return err
	}
	fmt.Printf("Measured on %s, %s.\n\n", time.Now().Format("2 January 2006"), machine())
	missed := 0
	for _, name := range flags.Args() {
		measure, ok := map[string]func(context.Context) (int, error){"check": b.check, "health": b.health}[name]
		if !ok {
			return fmt.Errorf("%s: use check or health", name)
		}
		n, err := measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		missed += n
		fmt.Println()
	}
	if missed > 0 {
		return fmt.Errorf("%d targets missed", missed)
	}
	return nil
}

// prepare builds the programs as a release is built, and writes their
// configuration.
func (b *bench) prepare(ctx context.Context) error {
	b.vitals, b.hello = filepath.Join(b.dir, "vitals"), filepath.Join(b.dir, "hello")
	for path, source := range map[string]string{b.vitals: "vitals/cmd/vitals", b.hello: "vitals/scripts/bench/hello"} {
		c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	b.config = filepath.Join(b.dir, "vitals.yaml")
	text := fmt.Sprintf("database: {url: %q}\nredis: {url: %q}\n", b.services.postgres.String(), "redis://"+b.services.redis)
	return os.WriteFile(b.config, []byte(text), 0o600)
}

// command is one of Vitals', kept from what the environment configures.
func (b *bench) command(args ...string) program {
	p := program{path: b.vitals, args: append(args, "--config", b.config, "--data-dir", filepath.Join(b.dir, "data"))}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "VITALS_") {
			p.env = append(p.env, v)
		}
	}
	return p
}
