package report

import "testing"

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "",
		"plain ~":                             "plain ~",
		"\x1b[1;31mred\x1b[0m \x1b[2K\x1b[1A": "red ",
		"\u009b31mred":                        "red",
		"\x1b]0;title\x07":                    "\ufffd]0;title\ufffd", // what it carries is text: it stays to be seen
		"\x1b[\x1b[31m31m":                    "\ufffd[31m",           // what is left is no sequence any more
		"a\r\nb\nc\td\u2028e":                 "a b c d e",
		"bell\a nul\x00 del\x7f":              "bell\ufffd nul\ufffd del\ufffd",
		"\u202eevil\u2066 \u200bhidden":       "\ufffdevil\ufffd \ufffdhidden",
		"bad \xff utf":                        "bad \ufffd utf",
		"שלום naïve 事件":                       "שלום naïve 事件",
		"क\u094d\u200dष 👩\u200d👧":             "क\u094d\u200dष 👩\u200d👧",
		"pass\u200dword \u200c\u200c":         "pass\ufffdword \ufffd\ufffd", // between these a joiner only hides
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) is %q, want %q", in, got, want)
		}
	}
}
