package testenv

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestServersDieWithTheTest kills a test process that holds one of each kind
// of server; none may be left.
func TestServersDieWithTheTest(t *testing.T) {
	if os.Getenv("VITALS_TEST_HOLD") != "" {
		hold(t)
	}
	Postgres(t) // so that the other process need not start the shared ones
	c := exec.Command(os.Args[0], "-test.run=^TestServersDieWithTheTest$")
	c.Env = append(os.Environ(), "VITALS_TEST_HOLD=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	addresses := announced(t, bufio.NewScanner(out))
	for _, address := range addresses {
		if err := listens(address); err != nil {
			t.Fatalf("before: %v", err)
		}
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		for deadline := time.Now().Add(5 * time.Second); listens(address) == nil; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s outlives its test", address)
			}
		}
	}
}

// hold starts servers, says where they are, and waits to be killed.
func hold(t *testing.T) {
	pg := StartPostgres(t, PostgresOptions{})
	fmt.Printf("\nheld: %s %s %s\n", local(pg.Port), StartRedis(t).Addr, StartPgBouncer(t, pg).Addr)
	time.Sleep(time.Minute)
	t.Fatal("nobody killed this process")
}

func announced(t *testing.T, lines *bufio.Scanner) []string {
	t.Helper()
	for lines.Scan() {
		if list, ok := strings.CutPrefix(lines.Text(), "held: "); ok {
			addresses := strings.Fields(list)
			for _, a := range addresses {
				if _, _, err := net.SplitHostPort(a); err != nil {
					t.Fatal(err)
				}
			}
			return addresses
		}
	}
	t.Fatal("the other process said nothing")
	return nil
}
