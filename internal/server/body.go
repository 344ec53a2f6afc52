package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody is the longest body taken, in bytes: a note, with room to spare.
const maxBody = 64 << 10

// decode reads a JSON body strictly: one object, with no key that is not known.
// An empty body is an object without keys. The error is a *Refusal.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &Refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", tooLong.Limit)}
	}
	if err != nil {
		return &Refusal{http.StatusBadRequest, "the body could not be read: " + err.Error()}
	}
	if len(text) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return &Refusal{http.StatusBadRequest, "the body is not the JSON object expected: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &Refusal{http.StatusBadRequest, "something follows the JSON object in the body"}
	}
	return nil
}
