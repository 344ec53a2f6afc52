package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Trouble puts words to why something could not be reached or spoken with.
type Trouble struct {
	Status Status // Unhealthy, or Unknown where the reason lies on this side
	What   string // continues a sentence that begins with the thing: "refuses connections"
	Hint   string // what to do next, one line
}

// Winsock reports these numbers of its own, which package syscall does not
// translate. They mean nothing elsewhere.
const (
	winAccess      = syscall.Errno(10013)
	winManyFiles   = syscall.Errno(10024)
	winAddrNotAva  = syscall.Errno(10049)
	winNetUnreach  = syscall.Errno(10051)
	winAborted     = syscall.Errno(10053)
	winReset       = syscall.Errno(10054)
	winTimedOut    = syscall.Errno(10060)
	winRefused     = syscall.Errno(10061)
	winHostUnreach = syscall.Errno(10065)
)

func isErrno(err error, any ...syscall.Errno) bool {
	return slices.ContainsFunc(any, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// NetworkTrouble words an error of connecting, writing or reading. The second
// value is false when the error is not one that it knows; an end of time is
// not, since only the caller knows how long was waited for what.
func NetworkTrouble(err error) (Trouble, bool) {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dnsTrouble(dns), true
	}
	switch {
	case isErrno(err, syscall.ECONNREFUSED, winRefused):
		return Trouble{Unhealthy, "refuses connections: nothing listens there", "Start it, or correct host and port."}, true
	case isErrno(err, syscall.EHOSTUNREACH, syscall.ENETUNREACH, winHostUnreach, winNetUnreach):
		return Trouble{Unhealthy, "cannot be reached: there is no way to that machine", "Look at the route, at firewalls, and whether that machine runs."}, true
	case isErrno(err, syscall.ETIMEDOUT, winTimedOut):
		return Trouble{Unhealthy, "cannot be reached: nothing came back", "Packets are lost on the way: look at firewalls, at the route, and whether that machine runs."}, true
	case isErrno(err, syscall.EMFILE, syscall.ENFILE, winManyFiles):
		return Trouble{Unknown, "could not be asked: too many files are open on this machine", "Raise the limit of open files (ulimit -n, LimitNOFILE=) for Vitals, or look for what holds so many."}, true
	case isErrno(err, syscall.EADDRNOTAVAIL, winAddrNotAva):
		return Trouble{Unknown, "could not be asked: this machine has no address or no free port to connect from", "Look at the machine's addresses, and at connections in TIME_WAIT (ss -s)."}, true
	case errors.Is(err, fs.ErrPermission), isErrno(err, winAccess):
		return Trouble{Unknown, "could not be asked: this machine does not let Vitals connect", "Run Vitals as a user who may, or look at the local firewall."}, true
	case errors.Is(err, fs.ErrNotExist):
		return Trouble{Unhealthy, "is not running: there is no such socket", "Start it, or correct the path of the socket."}, true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), HungUp(err):
		return Trouble{Unhealthy, "closed the connection without an answer", "It crashed, is being stopped, or something between cuts connections: look at its log."}, true
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return Trouble{Unknown, "has an address that cannot be used", "Correct the address in the configuration."}, true
	}
	return Trouble{}, false
}

// HungUp tells whether an error of writing or reading means that the other
// side has ended the connection. What it said before may still be read.
func HungUp(err error) bool {
	return isErrno(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, winReset, winAborted)
}

func dnsTrouble(err *net.DNSError) Trouble {
	switch {
	case err.IsNotFound:
		return Trouble{Unhealthy, fmt.Sprintf("cannot be found: DNS knows no host %q", err.Name), "Correct the host, or look at the DNS of this machine."}
	case err.IsTimeout:
		return Trouble{Unhealthy, fmt.Sprintf("cannot be found: no name server answered for %q in time", err.Name), "Look at the DNS of this machine: resolv.conf, and whether the name server answers."}
	}
	return Trouble{Unhealthy, fmt.Sprintf("cannot be found: the name server failed at %q", err.Name), "Look at the DNS of this machine: resolv.conf, and the name server's log."}
}

// TimedOut tells whether an error means that time ran out.
func TimedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// Patience returns how long a question asked at started may take under ctx,
// such as "5s"; "" when there is no limit. It is rounded up, coarsely: people
// shall recognize the timeout that they have set, and on a busy machine some
// of it is gone before anybody can look at a clock.
func Patience(ctx context.Context, started time.Time) string {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ""
	}
	d, unit := deadline.Sub(started), time.Second
	switch {
	case d < 100*time.Millisecond:
		unit = 10 * time.Millisecond
	case d < time.Second:
		unit = 50 * time.Millisecond
	case d < 5*time.Second:
		unit = 250 * time.Millisecond
	}
	return ((d + unit - 1) / unit * unit).String()
}

// listed joins up to three words and counts the rest.
func listed(words []string) string {
	const most = 3
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words, ", ")
}
