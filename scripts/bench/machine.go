package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
)

// services are the servers of scripts/services.
type services struct {
	postgres *url.URL
	redis    string // host:port
}

func findServices() (services, error) {
	address, redis := os.Getenv("VITALS_TEST_POSTGRES_URL"), os.Getenv("VITALS_TEST_REDIS_ADDR")
	if address == "" || redis == "" {
		return services{}, fmt.Errorf("no servers to measure with: run this as make bench does, by scripts/services run")
	}
	u, err := url.Parse(address)
	if err != nil {
		return services{}, err
	}
	_, _, err = net.SplitHostPort(redis)
	return services{postgres: u, redis: redis}, err
}

// machine says what this was measured on.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores of %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version())
}
