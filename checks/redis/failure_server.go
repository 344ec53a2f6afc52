package redis

import (
	"fmt"
	"strings"

	"vitals/checks"
)

// serverWords are what Redis and Valkey say when they do not answer PING, by
// how it begins. See src/server.c and src/networking.c of either.
var serverWords = []struct {
	begins string
	checks.Trouble
}{
	{"LOADING", checks.Trouble{Status: checks.Unhealthy, What: "is loading its data from disk and answers nothing yet", Hint: "Wait; INFO persistence says how far it is. Find out why it was restarted."}},
	{"MASTERDOWN", checks.Trouble{Status: checks.Unhealthy, What: "is a replica that lost its master and may not serve old data", Hint: "Look at the master, and at the network between the two."}},
	{"BUSY", checks.Trouble{Status: checks.Unhealthy, What: "is busy with a script that does not end and answers nobody", Hint: "SCRIPT KILL ends it, if it has not written yet; else only SHUTDOWN NOSAVE does."}},
	{"MISCONF", checks.Trouble{Status: checks.Unhealthy, What: "refuses all writes, because it cannot save its data to disk", Hint: "Look at its log for the reason: most often a full disk, permissions of its folder, or too little memory to fork."}},
	{"CLUSTERDOWN", checks.Trouble{Status: checks.Unhealthy, What: "belongs to a cluster that is down", Hint: "CLUSTER INFO and CLUSTER NODES say which slots and nodes are missing."}},
	{"DENIED", checks.Trouble{Status: checks.Unhealthy, What: "is in protected mode and refuses everybody from other machines", Hint: "Set a password (requirepass or an ACL user) on the server, then give it to Vitals."}},
	{"ERR max number of clients", checks.Trouble{Status: checks.Unhealthy, What: "has no connection left: too many clients", Hint: "CLIENT LIST shows who holds them; end what is idle, or raise maxclients."}},
	{"ERR DB index is out of range", checks.Trouble{Status: checks.Unhealthy, What: "has no database of this number", Hint: "Correct the number in the address, or raise databases in its configuration."}},
	{"ERR invalid DB index", checks.Trouble{Status: checks.Unhealthy, What: "has no database of this number", Hint: "Correct the number in the address, or raise databases in its configuration."}},
	{"ERR SELECT is not allowed in cluster mode", checks.Trouble{Status: checks.Unhealthy, What: "is a node of a cluster, which has no database but 0", Hint: "Take the database number out of the address."}},
}

// fromServer words what the server itself said, and tells whether it said
// anything.
func (t target) fromServer(f *failure, text string) bool {
	if text == "" {
		return false
	}
	code, _, _ := strings.Cut(text, " ")
	switch {
	case code == "WRONGPASS", strings.HasPrefix(text, "ERR invalid password"), strings.HasPrefix(text, "ERR invalid username-password"):
		f.Trouble = checks.Trouble{Status: checks.Unhealthy, What: "refuses the password" + t.ofUser(), Hint: "Correct user and password; a password in an address needs its special characters as %XX."}
	case code == "NOAUTH", strings.HasPrefix(text, "ERR operation not permitted"):
		f.Trouble = checks.Trouble{Status: checks.Unhealthy, What: "wants a password and none is set", Hint: "Put it into the address, into password or into password_file."}
	case strings.HasPrefix(text, "ERR AUTH <password> called without any password"), strings.HasPrefix(text, "ERR Client sent AUTH, but no password is set"):
		f.Trouble = checks.Trouble{Status: checks.Unhealthy, What: "has no password, but one is set here", Hint: "Whoever reaches it may do everything: set requirepass on the server, or take the password out here."}
	case code == "NOPERM":
		f.Trouble = checks.Trouble{Status: checks.Unknown, What: "lets Vitals in but allows it nothing: not even PING and INFO" + t.toUser(), Hint: t.grant("+ping +info +dbsize")}
	default:
		for _, w := range serverWords {
			if strings.HasPrefix(text, w.begins) {
				f.Trouble = w.Trouble
				return true
			}
		}
		f.Trouble = checks.Trouble{Status: checks.Unhealthy, What: "answers with an error: " + text, Hint: "Look at its log."}
	}
	return true
}

func (t target) ofUser() string {
	if t.username == "" {
		return ""
	}
	return fmt.Sprintf(" of user %q", t.username)
}

func (t target) toUser() string {
	if t.username == "" {
		return ""
	}
	return fmt.Sprintf(" to user %q", t.username)
}

// grant is the command that gives the user what is missing.
func (t target) grant(rights string) string {
	user := t.username
	if user == "" {
		user = "default"
	}
	return fmt.Sprintf("On the server: ACL SETUSER %s %s", user, rights)
}
