package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"github.com/DeRuina/timberjack"

	"vitals/checks"
	"vitals/configs"
)

// logger writes Vitals' own log: JSON lines in logs/app.log, 10 MB a file and
// five of them kept, as the contract says. The file is made when the first
// line is written. The closer ends it.
func newLogger(cfg *configs.Config, redact func(string) string, also io.Writer) (*slog.Logger, io.Closer) {
	file := &timberjack.Logger{
		Filename: filepath.Join(cfg.LogDir(), "app.log"),
		MaxSize:  10, MaxBackups: 5, FileMode: 0o640,
	}
	options := &slog.HandlerOptions{Level: logLevel(cfg.Log.Level), ReplaceAttr: redactAttr(redact)}
	handlers := []slog.Handler{slog.NewTextHandler(also, options)}
	if !cfg.Log.Disabled {
		handlers = append(handlers, slog.NewJSONHandler(file, options))
	}
	return slog.New(slog.NewMultiHandler(handlers...)), file
}

func logLevel(word string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(word)); err != nil {
		return slog.LevelInfo // configs has refused any other word already
	}
	return level
}

// redactAttr is the last net: whatever reaches the log passes through it.
func redactAttr(redact func(string) string) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case string:
			a.Value = slog.StringValue(redact(v))
		case error:
			a.Value = slog.StringValue(redact(v.Error()))
		case fmt.Stringer:
			if a.Value.Kind() == slog.KindAny {
				a.Value = slog.StringValue(redact(v.String()))
			}
		}
		return a
	}
}

// swappedRedactor is a redactor that a reload adds to: the secrets of the
// configuration before stay in it, since what began under it may still speak.
type swappedRedactor struct {
	now atomic.Pointer[checks.Redactor]
}

func newSwappedRedactor(cfg *configs.Config) *swappedRedactor {
	s := &swappedRedactor{}
	s.swap(cfg)
	return s
}

func (s *swappedRedactor) swap(all ...*configs.Config) {
	var secrets []checks.Secret
	for _, cfg := range all {
		secrets = append(secrets, cfg.Secrets()...)
	}
	r := checks.NewRedactor(secrets...)
	s.now.Store(&r)
}

func (s *swappedRedactor) redact(text string) string { return s.now.Load().Redact(text) }

// quietLogger writes the log files only: what a command does beside its
// answer does not belong on the terminal.
func (a *App) quietLogger(cfg *configs.Config) (*slog.Logger, io.Closer) {
	return newLogger(cfg, checks.NewRedactor(cfg.Secrets()...).Redact, io.Discard)
}

// logPanic keeps the stack of a broken check where its author can find it.
func (a *App) logPanic(check string, value any, stack []byte) {
	cfg, err := a.Config()
	if err != nil {
		return
	}
	log, file := a.quietLogger(cfg)
	defer file.Close()
	log.Error("a check broke", "check", check, "panic", fmt.Sprint(value), "stack", string(stack))
}
