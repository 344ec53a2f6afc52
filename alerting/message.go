package alerting

import "time"

// MessageKind is what a message is about.
type MessageKind string

// The kinds of messages.
const (
	TellFiring   MessageKind = "firing"   // something is wrong
	TellResolved MessageKind = "resolved" // it is over
	TellFlapping MessageKind = "flapping" // it comes and goes too often to tell each time
	TellReminder MessageKind = "reminder" // it is still wrong
	TellTest     MessageKind = "test"     // somebody tries the channel
	TellInfo     MessageKind = "info"     // good to know, nothing to do
)

// Message is what is to be told. The same message goes to every channel; each
// shows as much of it as it can.
type Message struct {
	// Key is the same for every copy of the message and differs between
	// messages: it is derived from incident, transition and channel.
	Key string
	// Group is the same for all messages about one thing, such as an incident:
	// what resolves it has the Group of what opened it.
	Group       string
	Kind        MessageKind
	Severity    string // critical, warning or info
	Title       string // one line
	Text        string // plain text, may have several lines
	Labels      map[string]string
	Annotations map[string]string
	Runbook     string    // address of what to do, "" for none
	Link        string    // address where more can be seen, "" for none
	At          time.Time // when it was written
	StartedAt   time.Time // when the trouble began; zero where none did
	EndedAt     time.Time // when it was over; zero while it is not
	Alerts      []Alert   // those it tells of, may be empty
}

// Notice is a message on its way to one channel.
type Notice struct {
	Channel  string
	Topic    string // messages of one topic are sent to a channel one after the other
	Incident string // ID of the incident it belongs to, "" for none
	Message  Message
}

// Outgoing is a notice in the outbox, where it stays until it is delivered or
// given up.
type Outgoing struct {
	Seq       int64
	Notice    Notice
	State     string // waiting, sent or dead
	Attempts  int    // how often it was tried, an attempt under way included
	CreatedAt time.Time
	DueAt     time.Time // when it is tried next
	EndedAt   time.Time // when it was sent or given up; zero before
	Error     string    // why the last attempt failed, "" when none did
}

// Retry says how a failed attempt goes on.
type Retry struct {
	Reason    string    // why it failed
	At        time.Time // when the message is tried again
	ChannelAt time.Time // before this nothing else is sent on its channel
}
