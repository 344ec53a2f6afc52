package report

import _ "embed"

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema (2020-12) of what -o json prints for checks.
func Schema() []byte { return schemaText }
