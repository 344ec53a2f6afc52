//go:build unix

package cmd_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReloadSwapsOnlyAWholeAndValidFile(t *testing.T) {
	dir := t.TempDir()
	command := func(name string) string {
		return quiet + "probes: [{name: " + name + ", kind: command, command: ['true']}]\n"
	}
	writeConfig(t, dir, command("first"))
	base := startServe(t, dir)
	has := func(name string) bool {
		_, body := get(t, base+"/health")
		return strings.Contains(body, "probe."+name)
	}
	reload := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	if !has("first") {
		t.Fatal("the first file is not in force")
	}
	writeConfig(t, dir, command("second")+"nonsense: true\n")
	reload()
	time.Sleep(300 * time.Millisecond)
	if !has("first") || has("second") {
		t.Error("a file that is not valid was swapped in")
	}
	writeConfig(t, dir, command("second"))
	reload()
	for deadline := time.Now().Add(5 * time.Second); !has("second"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a valid file was not swapped in")
		}
	}
	if has("first") {
		t.Error("checks of the old file go on")
	}
}
