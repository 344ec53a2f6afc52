package postgres

import (
	"net/url"
	"strings"

	"vitals/checks"
)

// urlProblem says what is wrong with an address, without repeating it, or ""
// when it may be used. Files and names that it refers to are not looked at.
func urlProblem(secret checks.Secret) string {
	text := secret.Reveal()
	if text == "" {
		return ""
	}
	scheme, _, isURL := strings.Cut(text, "://")
	if !isURL {
		if strings.Contains(text, "=") {
			return "" // key=value, as psql takes it
		}
		return "is not an address; expected postgres://user:password@host:5432/database"
	}
	if base, _, _ := strings.Cut(strings.ToLower(scheme), "+"); base != "postgres" && base != "postgresql" {
		return "is not an address of PostgreSQL; expected it to begin with postgres://"
	}
	if _, err := url.Parse(text); err != nil {
		return "cannot be read; are special characters in the password encoded (@ as %40, / as %2F, # as %23, % as %25)?"
	}
	return ""
}
