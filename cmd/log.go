package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/DeRuina/timberjack"

	"vitals/checks"
	"vitals/configs"
)

// logger writes Vitals' own log: JSON lines in logs/app.log, 10 MB a file and
// five of them kept, as the contract says. The file is made when the first
// line is written. The closer ends it.
func newLogger(cfg *configs.Config, redactor checks.Redactor, also io.Writer) (*slog.Logger, io.Closer) {
	file := &timberjack.Logger{
		Filename: filepath.Join(cfg.LogDir(), "app.log"),
		MaxSize:  10, MaxBackups: 5, FileMode: 0o640,
	}
	options := &slog.HandlerOptions{Level: logLevel(cfg.Log.Level), ReplaceAttr: redactAttr(redactor)}
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
func redactAttr(redactor checks.Redactor) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case string:
			a.Value = slog.StringValue(redactor.Redact(v))
		case error:
			a.Value = slog.StringValue(redactor.Redact(v.Error()))
		case fmt.Stringer:
			if a.Value.Kind() == slog.KindAny {
				a.Value = slog.StringValue(redactor.Redact(v.String()))
			}
		}
		return a
	}
}

// logPanic keeps the stack of a broken check where its author can find it.
func (a *App) logPanic(check string, value any, stack []byte) {
	cfg, err := a.Config()
	if err != nil {
		return
	}
	log, file := newLogger(cfg, checks.NewRedactor(cfg.Secrets()...), io.Discard)
	defer file.Close()
	log.Error("a check broke", "check", check, "panic", fmt.Sprint(value), "stack", string(stack))
}
