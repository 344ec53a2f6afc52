package testenv

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/user"
	"strconv"
	"testing"
)

// serverDir is a new folder that the servers' user owns; it is removed with
// the test. Its name carries the process, so that scripts/services can remove
// what a killed test leaves.
func serverDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(variable(t, "VITALS_TEST_RUN"), fmt.Sprintf("t-%d-", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	own(t, dir)
	return dir
}

// own gives a path to the servers' user, where the test runs as root.
func own(t testing.TB, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := serverUser(t)
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// serverFile writes a file that only the servers' user can read.
func serverFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	own(t, path)
}

func serverUser(t testing.TB) (uid, gid int) {
	t.Helper()
	u, err := user.Lookup(variable(t, "VITALS_TEST_USER"))
	if err != nil {
		t.Fatal(err)
	}
	uid, _ = strconv.Atoi(u.Uid) // numbers on every system that has such servers
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid
}

// freePort finds a port on which nothing listens. It lies below those that
// systems give to outgoing connections (32768 and up on Linux, 49152
// elsewhere), so that none takes it while a server is down, and a connection
// to it cannot meet itself.
func freePort(t testing.TB) int {
	t.Helper()
	for range 200 {
		port := 15000 + rand.IntN(15000)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port between 15000 and 30000")
	return 0
}

func local(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
