package testenv

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ask is the answer to a query, or the words of what went wrong.
func ask(t *testing.T, url, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err.Error()
	}
	defer conn.Close(ctx)
	var answer string
	if err := conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&answer); err != nil {
		return err.Error()
	}
	return answer
}

func TestPlaces(t *testing.T) {
	if _, err := os.Stat(filepath.Join(Repo(t), "cmd", "vitals", "main.go")); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(SharedData(t, "README.md")); err != nil || len(b) == 0 {
		t.Errorf("shared data: %d bytes, %v", len(b), err)
	}
}

func TestBinary(t *testing.T) {
	out, err := exec.Command(Binary(t), "version", "-o", "json").CombinedOutput()
	if err != nil || !strings.Contains(string(out), runtime.Version()) {
		t.Errorf("%v: %s", err, out)
	}
}

func TestEveryVariableIsPrinted(t *testing.T) {
	for _, name := range names() {
		if variable(t, name) == "" {
			t.Errorf("%s is empty", name)
		}
	}
}
