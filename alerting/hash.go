package alerting

import (
	"crypto/sha256"
	"encoding/hex"
)

// hash128 shortens a text to 32 hexadecimal digits: long enough that two
// alerts never share one.
func hash128(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
